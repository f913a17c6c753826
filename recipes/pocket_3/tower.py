"""The text tower, and the small things that every stage of training needs."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mmsearch.train.towers.text import TextTower

PART = 64  # texts of like length that go through the tower together
LARGEST_SCALE = math.log(100)


def encode(
    tower: TextTower,
    texts: Sequence[list[int]],
    *,
    train: bool = False,
    hidden: float = 0.0,
    unknown: int = 0,
) -> Tensor:
    """Token ids -> unit rows (n, width) of the tower below its head; ``hidden`` of the tokens become ``unknown``."""
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))  # so that little is padding
    parts = []
    for start in range(0, len(order), PART):
        chosen = [texts[i] for i in order[start : start + PART]]
        ids = torch.zeros(len(chosen), max(map(len, chosen)), dtype=torch.int64)
        mask = torch.zeros_like(ids)
        for row, text in enumerate(chosen):
            ids[row, : len(text)] = torch.tensor(text)
            mask[row, : len(text)] = 1
        if hidden:
            gone = (torch.rand(ids.shape) < hidden) & (mask > 0)
            gone[:, 0] = False
            ids = torch.where(gone, unknown, ids)
        with torch.set_grad_enabled(train):
            parts.append(tower.features(ids, mask).float())
    return torch.cat(parts)[torch.from_numpy(np.argsort(order))]


def unit(rows: Tensor) -> Tensor:
    """Rows (n, d) of unit length."""
    return functional.normalize(rows, dim=-1)


def parameter_groups(
    parameters: Sequence[nn.Parameter], rate: float, decay: float = 0.1
) -> list[dict[str, Any]]:
    """For AdamW: matrices decay; vectors and scales do not. ``top`` is the highest rate."""
    return [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": decay, "top": rate},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0, "top": rate},
    ]


def set_rates(optimizer: torch.optim.Optimizer, step: int, steps: int, warmup: float = 0.05) -> None:
    """A linear rise over ``warmup`` of the steps, then half a cosine."""
    share = min(1.0, (step + 1) / max(1.0, warmup * steps)) * 0.5 * (1 + math.cos(math.pi * step / steps))
    for group in optimizer.param_groups:
        group["lr"] = max(0.005, share) * group["top"]


class Average:
    """A running mean of named parameters (Polyak averaging) that can take their place."""

    def __init__(self, named: dict[str, nn.Parameter], decay: float) -> None:
        self.named, self.decay = named, decay
        self.values = {name: p.detach().clone() for name, p in named.items()}

    def update(self, step: int) -> None:
        """Move towards the parameters as they are after ``step`` steps; the first steps count less."""
        with torch.no_grad():
            for name, parameter in self.named.items():
                self.values[name].lerp_(parameter, 1 - min(self.decay, (1 + step) / (10 + step)))

    def swap(self) -> None:
        """Exchange mean and parameters."""
        with torch.no_grad():
            for name, parameter in self.named.items():
                kept = parameter.detach().clone()
                parameter.copy_(self.values[name])
                self.values[name] = kept


def keep(
    path: Path,
    step: int,
    average: Average,
    optimizer: torch.optim.Optimizer,
    further: dict[str, Tensor] | None = None,
) -> None:
    """Write a checkpoint whole or not at all; ``further`` tensors go with it."""
    weights = {name: p.detach() for name, p in average.named.items()}
    state = {"step": step, "weights": weights, "average": average.values, "optimizer": optimizer.state_dict()}
    torch.save(state | (further or {}), path.with_suffix(".new"))
    os.replace(path.with_suffix(".new"), path)


def resume(path: Path, average: Average, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Take up what `keep` has written and return it; the step is 0 where there is nothing."""
    if not path.exists():
        return {"step": 0}
    state: dict[str, Any] = torch.load(path, weights_only=True)
    average.values = state["average"]
    optimizer.load_state_dict(state["optimizer"])
    with torch.no_grad():
        for name, parameter in average.named.items():
            parameter.copy_(state["weights"][name])
    return state
