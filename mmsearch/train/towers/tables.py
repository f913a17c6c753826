"""Embedding tables in few bits, as modules that look rows up and scale them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

GROUP = 64  # numbers that share a scale in 4 bits
# Shares of a group's largest number that its scale may be set by: cutting it off leaves finer steps for the others.
CUTS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7)


class RoundedTable(nn.Module):  # type: ignore[misc]
    """Rows in int8, a scale each. Ids (...) int64 -> (..., width) float32."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        scale = weight.abs().amax(1, keepdim=True).clamp(min=1e-8) / 127.0
        self.register_buffer("rows", (weight / scale).round().to(torch.int8))
        self.register_buffer("scale", scale)

    @property
    def weight(self) -> Tensor:
        return self.rows.float() * self.scale

    def forward(self, ids: Tensor) -> Tensor:
        return self.rows[ids].float() * self.scale[ids]


class PackedTable(nn.Module):  # type: ignore[misc]
    """Rows in 4 bits, two numbers a byte (the row's first half in the low ones), a scale for each ``GROUP`` numbers.

    Each scale is the one of ``CUTS`` that changes its group least. ``weight`` (n, width), width a multiple of
    2 * ``GROUP``.
    """

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        n, width = weight.shape
        if width % (2 * GROUP):
            raise ValueError(
                f"a table of width {width} can't be packed; it must be a multiple of {2 * GROUP}"
            )
        groups = weight.float().view(n, width // GROUP, GROUP)
        largest = groups.abs().amax(2, keepdim=True).clamp(min=1e-6)
        best = torch.full_like(largest, torch.inf)
        scale = largest / 7
        for cut in CUTS:
            step = (largest * cut / 7).half().float()
            error = (groups - (groups / step).round().clamp(-8, 7) * step).square().sum(2, keepdim=True)
            scale = torch.where(error < best, step, scale)
            best = torch.minimum(best, error)
        levels = ((groups / scale).round().clamp(-8, 7) + 8).to(torch.uint8).view(n, width)
        self.register_buffer("rows", levels[:, : width // 2] | (levels[:, width // 2 :] << 4))
        self.register_buffer("scale", scale[:, :, 0].half())

    @property
    def weight(self) -> Tensor:
        return self(torch.arange(len(self.rows)))

    def forward(self, ids: Tensor) -> Tensor:
        packed = self.rows[ids].float()  # floats throughout: the exporter mistakes the type of a shifted byte
        high = torch.floor(packed / 16.0)
        levels = torch.cat([packed - 16.0 * high, high], -1) - 8.0
        return (levels.unflatten(-1, (-1, GROUP)) * self.scale[ids].float().unsqueeze(-1)).flatten(-2)
