"""Even out what goes into a transformer's matrices, before they are quantized with one scale for all channels.

A few channels of a transformer's activations are tens of times larger than the others, which one scale in int8 then
leaves hardly a step. Dividing each channel by a factor, and multiplying the matrix's column by it, changes nothing in
float and moves the difficulty into the weights, which have a scale per row. After Xiao et al., "SmoothQuant: Accurate
and Efficient Post-Training Quantization for Large Language Models", ICML 2023; the division stays an operation of its
own, so that it fits any place of a tower.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Iterable

# How much of the difficulty moves into the weights, 1 = all of it. At 0.5, which the authors take for larger models,
# pocket's texts have a cosine of 0.994 to float (without any of this 0.995), at 0.8 and 1 of 0.999.
SHARE = 0.8
SMALLEST = 1e-5


class Smoothed(nn.Module):  # type: ignore[misc]
    """``matrix`` of inputs (..., width) whose channels are first multiplied by ``factors`` (width,)."""

    def __init__(self, matrix: nn.Linear, factors: Tensor) -> None:
        super().__init__()
        self.matrix = copy.deepcopy(matrix)
        self.register_buffer("factors", factors)
        with torch.no_grad():
            self.matrix.weight.div_(factors)

    @property
    def weight(self) -> Tensor:
        """The weight of the layer that this stands for; some towers ask it for its type."""
        return self.matrix.weight * self.factors

    def forward(self, inputs: Tensor) -> Tensor:
        return self.matrix(inputs * self.factors)


def smooth_activations(
    tower: nn.Module, batches: Iterable[tuple[Tensor, ...]], share: float = SHARE
) -> nn.Module:
    """A copy of ``tower``, the same in float, whose linear layers take inputs that int8 loses less of.

    ``batches`` are arguments of ``tower``, which the largest activations are found with; layers that the first of them
    does not reach stay as they are. Layers that read the same activations share their factors.
    """
    smoothed = copy.deepcopy(tower).eval()
    linears = {name: layer for name, layer in smoothed.named_modules() if type(layer) is nn.Linear}
    largest, readers = _measure(smoothed, linears, batches)
    for names in readers:
        activations = largest[names[0]].clamp(min=SMALLEST)
        weights = torch.stack([linears[name].weight.detach().abs().amax(0) for name in names])
        factors = weights.amax(0).clamp(min=SMALLEST) ** (1 - share) / activations**share
        factors /= factors.mean()
        for name in names:
            parent, _, child = name.rpartition(".")
            setattr(smoothed.get_submodule(parent), child, Smoothed(linears[name], factors))
    return smoothed


def _measure(
    tower: nn.Module, linears: dict[str, nn.Linear], batches: Iterable[tuple[Tensor, ...]]
) -> tuple[dict[str, Tensor], list[list[str]]]:
    """Each layer's largest input by channel, and the layers in groups that read the same tensor."""
    largest: dict[str, Tensor] = {}
    read: dict[
        int, tuple[Tensor, list[str]]
    ] = {}  # holds the tensors, whose ids would be given again otherwise

    def watch(name: str) -> Any:
        def hook(_layer: nn.Module, inputs: tuple[Tensor, ...], _output: Tensor) -> None:
            now = inputs[0].abs().flatten(0, -2).amax(0)
            largest[name] = torch.maximum(largest[name], now) if name in largest else now
            read.setdefault(id(inputs[0]), (inputs[0], []))[1].append(name)

        return hook

    handles = [layer.register_forward_hook(watch(name)) for name, layer in linears.items()]
    groups: list[list[str]] = []
    with torch.no_grad():
        for batch in batches:
            read.clear()
            tower(*batch)
            groups = groups or [names for _, names in read.values()]
    for handle in handles:
        handle.remove()
    return largest, groups
