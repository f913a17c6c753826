"""Gradient caching at a batch of 4,096 pairs: gradients and peak memory against the whole batch at once."""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.shared.figures import Figure, at_most, seen
from benchmarks.shared.processes import REPOSITORY, resident_mb, run

if TYPE_CHECKING:
    from mmsearch.train.recipe import Recipe

BATCH, MICRO = 4096, 128
SIDE, TOKENS = 64, 12
DIFFERENCE, MEMORY = 1e-5, 1 / 4
NOTHING = 1e-6  # of the largest gradient: what is smaller is rounding
HELD = "held before, and seconds"  # no parameter has such a name
# Which step a process takes: at once, in parts, and at once with the pairs in another order, whose gradients differ
# from the first's by rounding alone.
WHOLE, PARTS, SHUFFLED = "whole", "parts", "shuffled"


@dataclass(frozen=True, slots=True)
class Step:
    """One step's ``gradients`` by parameter, and what it cost: memory beyond what was held before it, in MB."""

    gradients: dict[str, Any]
    held: float
    peak: float
    seconds: float

    @property
    def memory(self) -> float:
        """What the step itself needs."""
        return self.peak - self.held


def measure(scale: float = 1.0) -> list[Figure]:
    """Each way in a process of its own: a MobileNetV2 and a small BERT, every layer of them trained."""
    batch = max(2 * MICRO, int(BATCH * scale))
    whole, parts, shuffled = (_in_process(batch, way) for way in (WHOLE, PARTS, SHUFFLED))
    pairs = f"gradients of {batch:,} pairs in parts of {MICRO}"
    largest, length = _apart(parts.gradients, whole.gradients)
    rounding = _apart(shuffled.gradients, whole.gradients)
    tensors = (_largest_of_a_tensor(one.gradients, whole.gradients) for one in (parts, shuffled))
    return [
        Figure(
            f"{pairs}: largest difference, of the largest gradient",
            f"≤ {DIFFERENCE:g}",
            f"{largest:.1e}",
            largest <= DIFFERENCE,
        ),
        Figure(
            f"{pairs}: length of the difference, of the gradient's",
            f"≤ {DIFFERENCE:g}",
            f"{length:.1e}",
            length <= DIFFERENCE,
        ),
        seen("both of the whole batch in another order", f"{rounding[0]:.1e}, {rounding[1]:.1e}"),
        seen(
            "largest difference, of its own tensor's largest gradient: in parts, in another order",
            ", ".join(f"{value:.1e}" for value in tensors),
        ),
        at_most(
            "memory of the step in parts, of that of the whole batch",
            MEMORY,
            parts.memory / whole.memory,
            "",
            3,
        ),
        *(
            seen(
                f"{name}: resident before the step, at its peak, difference; processor time",
                f"{one.held:,.0f}, {one.peak:,.0f}, {one.memory:,.0f} MB; {one.seconds:.0f} s",
            )
            for name, one in (("whole batch", whole), (f"parts of {MICRO}", parts))
        ),
    ]


def _apart(one: dict[str, Any], other: dict[str, Any]) -> tuple[float, float]:
    """Largest difference of all gradients by the largest of ``other``, and its length by that of ``other``."""
    import numpy as np

    a, b = (np.concatenate([some[name].ravel() for name in other]) for some in (one, other))
    return float(np.abs(a - b).max() / np.abs(b).max()), float(np.linalg.norm(a - b) / np.linalg.norm(b))


def _largest_of_a_tensor(one: dict[str, Any], other: dict[str, Any]) -> float:
    """The largest difference, each by the largest gradient of its own tensor."""
    import numpy as np

    largest = {name: float(np.abs(gradient).max()) for name, gradient in other.items()}
    # Those of the keys' biases are 0 but for rounding, since a softmax does not see them.
    counted = [name for name in other if largest[name] > NOTHING * max(largest.values())]
    return max(float(np.abs(one[name] - other[name]).max()) / largest[name] for name in counted)


def _in_process(batch: int, way: str) -> Step:
    import numpy as np

    with tempfile.TemporaryDirectory() as work:
        file = Path(work) / "step.npz"
        ended = run([sys.executable, "-m", "benchmarks.training", str(batch), way, str(file)])
        saved = dict(np.load(file))
    held, seconds = saved.pop(HELD)
    return Step(saved, float(held), ended.peak_mb, float(seconds))


def _recipe() -> Recipe:
    from mmsearch.train.recipe import DataRecipe, HeadRecipe, Phase, PictureRecipe, Recipe, TextRecipe

    head = HeadRecipe(hidden=0, dropout=0.0)
    return Recipe(
        name="caching",
        version="1",
        data=DataRecipe(train=()),
        phases=(Phase("one step", 1, BATCH),),
        dimension=64,
        picture=PictureRecipe(architecture="mobilenetv2_035", size=SIDE, head=head),
        text=TextRecipe(
            vocabulary=1000, width=64, layers=2, heads=2, intermediate=256, positions=TOKENS, head=head
        ),
    )


def step(batch: int, way: str) -> dict[str, Any]:
    """All gradients of one step on made-up pairs, by parameter; under ``HELD`` the MB held before it, and seconds."""
    import numpy as np
    import torch
    from torch.nn.functional import normalize

    from mmsearch.train.loop.caching import backward_in_parts, edges_of
    from mmsearch.train.objectives.losses import Kin, Sides, contrast
    from mmsearch.train.towers.build import build_towers

    recipe = _recipe()
    towers = build_towers(recipe, REPOSITORY)
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (batch, SIDE, SIDE, 3), generator=generator, dtype=torch.uint8)
    ids = torch.randint(4, 1000, (batch, TOKENS), generator=generator)
    if way == SHUFFLED:
        order = torch.randperm(batch, generator=generator)
        pixels, ids = pixels[order], ids[order]
    rows = torch.arange(batch)
    nothing = torch.zeros(0, recipe.dimension), rows[:0]

    def part(start: int, stop: int) -> tuple[torch.Tensor, torch.Tensor]:
        texts = ids[start:stop]
        vectors = towers.picture(pixels[start:stop]), towers.text(texts, torch.ones_like(texts))
        return normalize(vectors[0], dim=-1), normalize(vectors[1], dim=-1)

    def loss_of(pictures: torch.Tensor, texts: torch.Tensor) -> torch.Tensor:
        sides = Sides((pictures, rows), (texts, rows), nothing, nothing, None, 1)
        return contrast(recipe.loss, towers, sides, Kin(rows, rows))

    held, began = resident_mb(), time.process_time()
    edges = edges_of(batch, MICRO if way == PARTS else 0)
    backward_in_parts([partial(part, *edge) for edge in edges], loss_of)
    made = {name: p.grad.numpy() for name, p in towers.named_parameters() if p.grad is not None}
    return made | {HELD: np.array([held, time.process_time() - began])}


if __name__ == "__main__":
    import numpy as np

    np.savez(sys.argv[3], **step(int(sys.argv[1]), sys.argv[2]))
