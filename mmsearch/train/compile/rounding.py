"""Round weights to int8 grids and correct the biases for it, before a tower is exported.

A convolution's rounded weights shift the mean of its outputs, most of all in depthwise layers, where a few
weights carry everything; shifting the bias back restores nearly all of it. After Nagel et al., "Data-Free
Quantization through Weight Equalization and Bias Correction", ICCV 2019, with measured means.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from mmsearch.types import Images


def round_weights(tower: nn.Module, pictures: Images) -> nn.Module:
    """A copy of ``tower`` whose convolutions and linear layers hold 255 values per output channel.

    Their biases are corrected so that each channel's mean over ``pictures`` is what it was. Quantizing the
    result per channel, symmetrically, loses nothing more.
    """
    rounded = copy.deepcopy(tower)
    batch = torch.tensor(pictures)
    means: dict[str, Tensor] = {}

    def remember(name: str) -> Any:
        return lambda _layer, _inputs, output: means.__setitem__(name, _channel_means(output))

    def correct(name: str) -> Any:
        def hook(layer: Any, _inputs: Any, output: Tensor) -> Tensor:
            change = means[name] - _channel_means(output)
            layer.bias += change
            return output + change.view(1, -1, *[1] * (output.dim() - 2))

        return hook

    layers = [n for n, m in tower.named_modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    biased = [name for name in layers if tower.get_submodule(name).bias is not None]
    with torch.no_grad():
        for name in layers:
            weight = rounded.get_submodule(name).weight
            step = weight.abs().flatten(1).amax(1).clamp(min=1e-12).view(-1, *[1] * (weight.dim() - 1)) / 127
            weight.copy_((weight / step).round() * step)
        for module, hook in ((tower, remember), (rounded, correct)):
            handles = [module.get_submodule(name).register_forward_hook(hook(name)) for name in biased]
            module(batch)
            for handle in handles:
                handle.remove()
    return rounded


def _channel_means(output: Tensor) -> Tensor:
    return output.mean([axis for axis in range(output.dim()) if axis != 1])
