"""Several processes that train as one: each takes its share of a batch, all see the vectors of the whole.

``torchrun --nproc-per-node 2 -m mmsearch train …`` starts them; without it there is one process and nothing here
does anything.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as distributed
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PATIENCE = timedelta(hours=6)  # the first process decodes and evaluates while the others wait


@dataclass(frozen=True, slots=True)
class World:
    """The processes that train together: ``size`` of them, this one is number ``rank``."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    def share(self, parts: Sequence[Any]) -> Sequence[Any]:
        """This process's run of ``parts``: equal shares as far as they go, in the order of the ranks."""
        return parts[len(parts) * self.rank // self.size : len(parts) * (self.rank + 1) // self.size]

    def gather(self, rows: Tensor) -> tuple[Tensor, int]:
        """The rows of all processes (of any number each) in the order of the ranks, and where this one's begin.

        Without gradient.
        """
        rows = rows.detach()
        if self.size == 1:
            return rows, 0
        counts = [torch.zeros(1, dtype=torch.int64) for _ in range(self.size)]
        distributed.all_gather(counts, torch.tensor([len(rows)]))
        longest = max(int(count) for count in counts)
        padded = rows.new_zeros(longest, *rows.shape[1:])
        padded[: len(rows)] = rows
        gathered = [torch.zeros_like(padded) for _ in range(self.size)]
        distributed.all_gather(gathered, padded)
        parts = [part[: int(count)] for part, count in zip(gathered, counts, strict=True)]
        return torch.cat(parts), sum(map(len, parts[: self.rank]))

    def add_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Every gradient becomes its sum over the processes."""
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        distributed.all_reduce(flat)
        parts = flat.split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def agree(self, value: Any) -> Any:
        """What the first process holds, on all of them."""
        if self.size == 1:
            return value
        held = [value]
        distributed.broadcast_object_list(held, src=0)
        return held[0]

    @contextmanager
    def first(self) -> Iterator[None]:
        """Run the block on the first process, then on the others: they find what it wrote."""
        if not self.leads:
            distributed.barrier()
        yield
        if self.leads and self.size > 1:
            distributed.barrier()


ALONE = World()


@contextmanager
def joined() -> Iterator[World]:
    """The world that torchrun's environment describes, for as long as the block runs; else this process alone.

    A group that the caller has set up is used, and left as it is.
    """
    if distributed.is_available() and distributed.is_initialized():
        yield World(distributed.get_rank(), distributed.get_world_size())
        return
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield ALONE
        return
    distributed.init_process_group("gloo", timeout=PATIENCE)
    try:
        yield World(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()


def share_norms(module: nn.Module) -> None:
    """Make every batch norm in ``module`` one over the pictures of all processes, on any device.

    torch's own (SyncBatchNorm) needs a GPU. The sums travel with their gradient, so that two processes with half a
    batch each do what one does with all of it.
    """
    for norm in module.modules():
        if isinstance(norm, nn.BatchNorm2d) and norm.affine and norm.track_running_stats:
            norm.forward = partial(_shared_norm, norm)


class _Sum(torch.autograd.Function):  # type: ignore[misc]
    """The sum of a tensor over the processes, whose gradient is the sum of theirs."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        return _Sum.backward(context, values)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        total = gradient.clone()
        distributed.all_reduce(total)
        return total


def _shared_norm(norm: nn.BatchNorm2d, inputs: Tensor) -> Tensor:
    """(n, channels, h, w) -> the same shape; what timm's norms do besides, an activation, is kept."""
    if not norm.training:
        return type(norm).forward(norm, inputs)
    pixels = inputs.float()
    sums = _Sum.apply(torch.cat([pixels.sum((0, 2, 3)), pixels.new_tensor([pixels[:, 0].numel()])]))
    count = sums[-1].detach()
    centered = pixels - (sums[:-1] / count)[:, None, None]
    variance = _Sum.apply(centered.square().sum((0, 2, 3))) / count
    with torch.no_grad():
        norm.running_mean.lerp_(sums[:-1] / count, norm.momentum)
        norm.running_var.lerp_(variance * (count / (count - 1).clamp(min=1.0)), norm.momentum)
    scale = (variance + norm.eps).rsqrt() * norm.weight
    normed = (centered * scale[:, None, None] + norm.bias[:, None, None]).to(inputs.dtype)
    for name in ("drop", "act"):
        if hasattr(norm, name):
            normed = getattr(norm, name)(normed)
    return normed


@contextmanager
def norms_kept(module: nn.Module) -> Iterator[None]:
    """Let batch norms in ``module`` leave their running statistics as they are."""
    norms = [part for part in module.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    yield
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
