"""Picture towers as modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from mmsearch.train.towers.heads import Head
from mmsearch.train.towers.pretrained import (
    load_weights,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mmsearch.train.recipe import BesideRecipe, PictureRecipe


class Beside(nn.Module):  # type: ignore[misc]
    """A frozen network beside the tower's own: pixels (n, 3, side, side), 0 to 1 -> mean features (n, width)."""

    def __init__(self, recipe: BesideRecipe) -> None:
        import timm

        super().__init__()
        self.size = recipe.size
        self.backbone = timm.create_model(recipe.architecture, num_classes=0, global_pool="")
        self.backbone.to(memory_format=torch.channels_last)
        self.register_buffer("mean", torch.tensor(recipe.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(recipe.std).view(1, 3, 1, 1), persistent=False)
        self.width = _width(self.backbone)

    def load(self, weights: Mapping[str, Tensor] | None) -> None:
        """Take ``weights``, if there are any, and fold the batch norms."""
        if weights is not None:
            load_weights(self.backbone, weights)
        fold_normalization(self.backbone)
        self.requires_grad_(False)

    def forward(self, inputs: Tensor) -> Tensor:
        scaled = self.scale(inputs)
        return self.backbone((scaled - self.mean) / self.std).float().mean((2, 3))

    def scale(self, inputs: Tensor) -> Tensor:
        """Pictures (n, 3, h, w) at this network's size."""
        if inputs.shape[2:] == (self.size, self.size):
            return inputs
        return functional.interpolate(inputs, (self.size, self.size), mode="bilinear")


class PictureTower(nn.Module):  # type: ignore[misc]
    """uint8 pictures (n, side, side, 3) -> vectors (n, dimension), not yet of unit length."""

    def __init__(
        self, recipe: PictureRecipe, dimension: int, weights: Mapping[str, Tensor] | None = None
    ) -> None:
        import timm

        super().__init__()
        self.recipe = recipe
        self.backbone = timm.create_model(recipe.architecture, num_classes=0, global_pool="")
        if weights is not None:
            load_weights(self.backbone, weights)
        if recipe.normalization == "frozen":
            fold_normalization(self.backbone)
        self.backbone.to(memory_format=torch.channels_last)
        self.register_buffer("mean", torch.tensor(recipe.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(recipe.std).view(1, 3, 1, 1), persistent=False)
        self.power = nn.Parameter(torch.tensor(3.0)) if recipe.pooling == "gem" else None
        self.beside = nn.ModuleList(Beside(one) for one in recipe.beside)
        for one in self.beside:
            one.load(None)
        self.width = _width(self.backbone) + sum(one.width for one in self.beside)
        self.head = Head(self.width, dimension, recipe.head)

    def features(self, pixels: Tensor) -> Tensor:
        """Pixels (n, side, side, 3), 0 to 255 -> pooled features (n, width), the tower's own first."""
        inputs = pixels.permute(0, 3, 1, 2).float() / 255.0
        own = self.pool(self.backbone((inputs - self.mean) / self.std))
        return torch.cat([own, *(one(inputs) for one in self.beside)], 1)

    def pool(self, maps: Tensor) -> Tensor:
        """Feature maps (n, width, h, w), or tokens (n, t, width), or features -> (n, width)."""
        if maps.dim() == 2:
            return maps.float()
        if maps.dim() == 3:
            return maps.float().mean(1)
        if self.power is None:
            return maps.float().mean((2, 3))
        return maps.float().clamp(min=1e-6).pow(self.power).mean((2, 3)).pow(1.0 / self.power)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.head(self.features(pixels))

    def train_layers(self, count: int) -> None:
        """Let the last ``count`` groups of layers train; -1 = all, 0 = only the head."""
        from timm.models import group_parameters

        groups = group_parameters(self.backbone, self.backbone.group_matcher(coarse=True))
        ordered = [groups[key] for key in sorted(groups)]
        trained = {name for group in ordered[len(ordered) - count :] for name in group}
        self.beside.requires_grad_(False)
        for name, parameter in self.backbone.named_parameters():
            parameter.requires_grad_(count < 0 or (count > 0 and name in trained))
        if self.power is not None:
            self.power.requires_grad_(count != 0)

    def set_training(self, trained: bool) -> None:
        """Dropout in the head on; batch norm's statistics as the recipe says."""
        self.train(trained)
        self.beside.eval()
        if self.recipe.normalization == "frozen":
            self.backbone.eval()


def fold_normalization(backbone: nn.Module) -> None:
    """Fold batch norms into the convolutions that they follow: the same outputs with a third less work.

    ValueError if the outputs changed, because the modules do not run in the order in which they are listed.
    """
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    backbone.eval()
    probe = torch.linspace(-1, 1, 3 * 64 * 64).view(1, 3, 64, 64)
    with torch.no_grad():
        before = backbone(probe)
    for module in list(backbone.modules()):
        last: str | None = None
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Conv2d):
                last = name
            elif isinstance(child, nn.BatchNorm2d) and last is not None:
                setattr(module, last, fuse_conv_bn_eval(getattr(module, last), child))
                setattr(module, name, getattr(child, "act", nn.Identity()))
                last = None
            elif not isinstance(child, nn.Identity):
                last = None
    with torch.no_grad():
        after = backbone(probe)
    if not torch.allclose(before, after, rtol=1e-3, atol=1e-3 * float(before.abs().max())):
        raise ValueError(
            'batch norm can\'t be folded in this architecture; train it with normalization = "trained"'
        )


def _width(backbone: nn.Module) -> int:
    return int(getattr(backbone, "head_hidden_size", None) or backbone.num_features)
