"""Both heads over towers that stay: batches so large cost nothing then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from contrast import Shown, some
from fit import fit
from tower import parameter_groups

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from contrast import Contrast
    from torch import Tensor

EPOCHS, BATCH, DRAWINGS, CLASSES, RATE = 20, 1024, 256, 300, 4e-4
VARIED = 0.5  # of the way by which a picture differs from the mean one, added to a class


class Features:
    """Features by networks that stay: of pictures and drawings, in views (n, width) float16 each, and of classes."""

    def __init__(self, pictures: list[Tensor], drawings: list[Tensor], train: Any, classes: Tensor) -> None:
        self.pictures, self.drawings, self.train, self.classes = pictures, drawings, train, classes
        self.middle = pictures[0].float().mean(0)

    def show(self, numbers: Any, drawn: int, classed: int, chance: np.random.Generator) -> Shown:
        """Pictures ``numbers``, and so many drawings and classes by chance, each in a view by chance."""
        drawings = self.train[some(len(self.train), drawn, chance)]
        return Shown(
            _views(self.pictures, numbers, chance),
            numbers,
            _views(self.drawings, drawings, chance),
            drawings,
            *self.show_classes(classed, chance),
        )

    def show_classes(self, count: int, chance: np.random.Generator) -> tuple[Tensor, Any]:
        """So many classes as pictures might show them (count, width), and their numbers."""
        classes = some(len(self.classes), count, chance)
        others = torch.from_numpy(chance.choice(len(self.pictures[0]), count))
        varied = VARIED * (self.pictures[0][others].float() - self.middle)
        return (self.classes[classes] + varied).clamp(min=0), classes


def _views(views: list[Tensor], numbers: Any, chance: np.random.Generator) -> Tensor:
    places = chance.integers(len(views), size=len(numbers))
    return torch.stack([views[place][number] for place, number in zip(places, numbers, strict=True)]).float()


def fit_heads(contrast: Contrast, features: Features, checkpoint: Path, epochs: int = EPOCHS) -> None:
    """Train both heads in place, from what they are."""
    count = len(contrast.taught)
    batch = min(BATCH, count)

    def loss(step: int, chance: np.random.Generator) -> Tensor:
        numbers = chance.choice(count, batch, replace=False)
        contrast.limit()
        value: Tensor = contrast(features.show(numbers, DRAWINGS, CLASSES, chance), chance)
        return value

    named = dict(contrast.named_parameters())
    contrast.train()
    groups = parameter_groups(list(named.values()), RATE)
    fit("heads", named, groups, loss, epochs * (count // batch), checkpoint, decay=0.99)
    contrast.eval()
