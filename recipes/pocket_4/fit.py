"""The loop that every stage runs: warm-up and half a cosine, averaged weights, a checkpoint to go on from."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from tower import Average, keep, resume, set_rates

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SAVED = 240  # seconds between checkpoints


def fit(
    name: str,
    named: dict[str, nn.Parameter],
    groups: list[dict[str, Any]],
    loss: Callable[[int, np.random.Generator], Tensor],
    steps: int,
    checkpoint: Path,
    *,
    decay: float,
    warmup: float = 0.05,
    kept: dict[str, Tensor] | None = None,
) -> None:
    """Train ``named`` for ``steps`` by ``loss(step, chance)`` and leave their running mean in them.

    ``groups`` are AdamW's, see `parameter_groups`. ``kept`` tensors change with training and go into the checkpoint.
    """
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98))
    average, kept = Average(named, decay), kept or {}
    state = resume(checkpoint, average, optimizer)
    step, saved = state["step"], time.monotonic()
    for key, tensor in kept.items():
        if key in state:
            tensor.copy_(state[key])
    while step < steps:
        set_rates(optimizer, step, steps, warmup)
        torch.manual_seed(step)
        value = loss(step, np.random.default_rng((4, step)))
        value.backward()
        nn.utils.clip_grad_norm_(list(named.values()), 1.5)
        optimizer.step()
        optimizer.zero_grad()
        step += 1
        average.update(step)
        if step % 25 == 0:
            print(f"{name}, step {step}: loss {float(value.detach()):.3f}", flush=True)
        if time.monotonic() - saved > SAVED or step == steps:
            keep(checkpoint, step, average, optimizer, kept)
            saved = time.monotonic()
    average.swap()
