"""Gradient caching: the gradients of a large batch's loss with the activations of a part of it in memory.

Gao et al., "Scaling Deep Contrastive Learning Batch Size under Memory Limited Setup", 2021.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mmsearch.errors import UsageError
from mmsearch.train.loop.distributed import ALONE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mmsearch.train.loop.distributed import World


def edges_of(rows: int, most: int, world: World = ALONE) -> list[tuple[int, int]]:
    """Where the parts of a batch begin and end: of ``most`` rows at most (0 = any), as many on each process.

    UsageError when there are fewer rows than processes.
    """
    count = -(-rows // most) if most else 1
    count = min(-(-count // world.size), rows // world.size) * world.size
    if count == 0:
        raise UsageError(
            f"{rows} pictures a step are too few for {world.size} processes; give the phase a larger batch"
        )
    return [(rows * i // count, rows * (i + 1) // count) for i in range(count)]


def backward_in_parts(
    parts: Sequence[Callable[[], tuple[Tensor, ...]]],
    loss_of: Callable[..., Tensor],
    world: World = ALONE,
) -> float:
    """Gradients of ``loss_of`` over all parts' vectors together, one part's activations in memory at a time.

    Each part is computed twice, first without gradients; a process's only part once. Of several processes each
    computes its share of the parts and all compute the loss: the sum over processes of the gradients that are left
    on the parameters is the gradient of the whole.
    """
    own = world.share(parts)
    once = len(own) == 1
    with torch.set_grad_enabled(once):
        outputs = [part() for part in own]
    columns = [torch.cat(column) for column in zip(*outputs, strict=True)]
    if once and world.size == 1:
        loss = loss_of(*columns)
        loss.backward()
        return float(loss.detach())
    gathered = [world.gather(column) for column in columns]
    leaves = [rows.clone().requires_grad_() for rows, _ in gathered]
    loss = loss_of(*leaves)
    (
        loss / world.size
    ).backward()  # what the loss itself learns (its scale) gets its gradient on every process
    done = [first for _, first in gathered]
    for number, part in enumerate(own):
        vectors = outputs[number] if once else part()
        given = []
        for column, vector in enumerate(vectors):
            gradient = leaves[column].grad
            assert gradient is not None
            given.append(gradient[done[column] : done[column] + len(vector)] * world.size)
            done[column] += len(vector)
        torch.autograd.backward(vectors, given)
    return float(loss.detach())
