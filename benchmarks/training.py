"""Gradient caching at a batch of 4,096 pairs: gradients and peak memory against the whole batch at once."""

from __future__ import annotations

import os
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Figure, at_most, seen
from benchmarks.processes import REPOSITORY, Finished, run

if TYPE_CHECKING:
    from mmsearch.train.recipe import Recipe

BATCH, MICRO = 4096, 128
SIDE, TOKENS = 64, 12
DIFFERENCE, MEMORY = 1e-5, 1 / 4
NOTHING = 1e-6  # of the largest gradient: what is smaller is rounding


def measure(scale: float = 1.0) -> list[Figure]:
    """Both ways in processes of their own: a MobileNetV2 and a small BERT, every layer of them trained."""
    import numpy as np

    batch = max(2 * MICRO, int(BATCH * scale))
    with tempfile.TemporaryDirectory() as work:
        files = {micro: Path(work) / f"{micro}.npz" for micro in (0, MICRO)}
        ended = {micro: _process(batch, micro, file) for micro, file in files.items()}
        plain, cached = (dict(np.load(file)) for file in files.values())
    largest = {name: float(np.abs(gradient).max()) for name, gradient in plain.items()}
    # Those of the keys' biases are 0 but for rounding, since a softmax does not see them.
    counted = [name for name in plain if largest[name] > NOTHING * max(largest.values())]
    differences = [float(np.abs(cached[n] - plain[n]).max()) / largest[n] for n in counted]
    apart = [float(np.linalg.norm(cached[n] - plain[n]) / np.linalg.norm(plain[n])) for n in counted]
    peaks = [ended[micro].peak_mb for micro in files]
    times = [ended[micro].cpu_seconds for micro in files]
    return [
        Figure(
            f"gradients of {batch:,} pairs in parts of {MICRO}: largest difference, of the tensor's largest value",
            f"≤ {DIFFERENCE:g}",
            f"{max(differences):.1e}",
            max(differences) <= DIFFERENCE,
        ),
        seen("the same by length: |difference| / |gradient| of a tensor, at most", f"{max(apart):.1e}"),
        at_most("peak memory in parts, of that of the whole batch", MEMORY, peaks[1] / peaks[0], "", 3),
        seen("peak memory, whole batch and parts", f"{peaks[0]:,.0f} MB, {peaks[1]:,.0f} MB"),
        seen("processor time, whole batch and parts", f"{times[0]:.0f} s, {times[1]:.0f} s"),
    ]


def _process(batch: int, micro: int, file: Path) -> Finished:
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    return run([sys.executable, "-m", "benchmarks.training", str(batch), str(micro), str(file)])


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


def gradients(batch: int, micro: int) -> dict[str, Any]:
    """All gradients of one step on made-up pairs, in parts of ``micro`` (0 = none), by parameter."""
    import torch
    from torch.nn.functional import normalize

    from mmsearch.train.caching import backward_in_parts, edges_of
    from mmsearch.train.losses import Kin, Sides, contrast
    from mmsearch.train.towers import build_towers

    recipe = _recipe()
    towers = build_towers(recipe, REPOSITORY)
    generator = torch.Generator().manual_seed(1)
    pixels = torch.randint(0, 256, (batch, SIDE, SIDE, 3), generator=generator, dtype=torch.uint8)
    ids = torch.randint(4, 1000, (batch, TOKENS), generator=generator)
    rows = torch.arange(batch)
    nothing = torch.zeros(0, recipe.dimension), rows[:0]

    def part(start: int, stop: int) -> tuple[torch.Tensor, torch.Tensor]:
        texts = ids[start:stop]
        vectors = towers.picture(pixels[start:stop]), towers.text(texts, torch.ones_like(texts))
        return normalize(vectors[0], dim=-1), normalize(vectors[1], dim=-1)

    def loss_of(pictures: torch.Tensor, texts: torch.Tensor) -> torch.Tensor:
        sides = Sides((pictures, rows), (texts, rows), nothing, nothing, None, 1)
        return contrast(recipe.loss, towers, sides, Kin(rows, rows))

    backward_in_parts([partial(part, *edge) for edge in edges_of(batch, micro)], loss_of)
    return {name: p.grad.numpy() for name, p in towers.named_parameters() if p.grad is not None}


if __name__ == "__main__":
    import numpy as np

    np.savez(sys.argv[3], **gradients(int(sys.argv[1]), int(sys.argv[2])))
