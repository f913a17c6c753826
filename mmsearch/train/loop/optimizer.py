"""The optimizer of a phase, its schedule, and the average of the weights that it passes through."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from mmsearch.train.loop.state import Run
    from mmsearch.train.recipe import Phase


def make_optimizer(run: Run, phase: Phase) -> torch.optim.AdamW:
    """AdamW over what trains now, with a rate for each tower and one for heads and tasks."""
    rates = {"picture": phase.picture_rate, "text": phase.text_rate, "head": phase.head_rate}
    layers = run.towers.layer_parameters()
    layers["head"] = [*layers["head"], *run.tasks.parameters()]
    groups = []
    for name, parameters in layers.items():
        for decays in (True, False):  # vectors and scalars (norms, biases, the scale) do not decay
            chosen = [p for p in parameters if (p.dim() > 1) == decays]
            decay = phase.weight_decay if decays else 0.0
            if chosen:
                groups.append(
                    {"params": chosen, "weight_decay": decay, "top": rates[name], "lr": rates[name]}
                )
    return torch.optim.AdamW(groups, betas=(0.9, 0.98))


def set_rates(optimizer: torch.optim.Optimizer, step: int, steps: int, warmup: float) -> None:
    """The rates of ``step``: linear warm-up for that share of the steps, then a cosine to zero."""
    warm = max(1, round(steps * warmup))
    share = (step + 1) / warm
    if step >= warm:
        share = 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
    for group in optimizer.param_groups:
        group["lr"] = group["top"] * share


def follow(average: dict[str, Tensor], weights: Mapping[str, Tensor], step: int, longest: float) -> None:
    """Move ``average`` towards ``weights``: over few steps at first, over up to 1 / (1 - ``longest``) later."""
    decay = min(longest, (1 + step) / (10 + step))
    with torch.no_grad():
        for name, weight in weights.items():
            average[name].lerp_(weight, 1 - decay)
