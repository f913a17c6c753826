"""The towers that ``train`` trains: a timm picture tower and a BERT text tower, each under a projection head."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from mmsearch.train.clip import PREFIX, ClipPicture, ClipText, load_clip_weights
from mmsearch.train.decompiled import read_text_weights
from mmsearch.train.gru import GruTower
from mmsearch.train.heads import Head
from mmsearch.train.weights import (
    ENCODER,
    encoder_directory,
    find_weights,
    load_weights,
    read_weights,
    without_prefix,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mmsearch.train.recipe import BesideRecipe, PictureRecipe, Recipe, TextRecipe


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


class Attention(nn.Module):  # type: ignore[misc]
    """Multi-head self-attention with the parameter names of Hugging Face's BERT."""

    def __init__(self, recipe: TextRecipe) -> None:
        super().__init__()
        width = recipe.width
        self.heads = recipe.heads
        self.self = nn.ModuleDict({name: nn.Linear(width, width) for name in ("query", "key", "value")})
        self.output = nn.ModuleDict(
            {"dense": nn.Linear(width, width), "LayerNorm": nn.LayerNorm(width, eps=1e-12)}
        )

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        n, t, width = hidden.shape

        def split(name: str) -> Tensor:
            return self.self[name](hidden).view(n, t, self.heads, width // self.heads).transpose(1, 2)

        scores = split("query") @ split("key").transpose(2, 3) / math.sqrt(width // self.heads) + bias
        mixed = (scores.softmax(-1) @ split("value")).transpose(1, 2).reshape(n, t, width)
        return self.output["LayerNorm"](self.output["dense"](mixed) + hidden)


class Layer(nn.Module):  # type: ignore[misc]
    """One transformer layer, normalized after each sum (BERT)."""

    def __init__(self, recipe: TextRecipe) -> None:
        super().__init__()
        self.attention = Attention(recipe)
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(recipe.width, recipe.intermediate)})
        self.output = nn.ModuleDict(
            {
                "dense": nn.Linear(recipe.intermediate, recipe.width),
                "LayerNorm": nn.LayerNorm(recipe.width, eps=1e-12),
            }
        )

    def forward(self, hidden: Tensor, bias: Tensor) -> Tensor:
        hidden = self.attention(hidden, bias)
        inner = self.output["dense"](functional.gelu(self.intermediate["dense"](hidden)))
        return self.output["LayerNorm"](inner + hidden)


class TextTower(nn.Module):  # type: ignore[misc]
    """Token ids and mask (n, t) -> vectors (n, dimension), not yet of unit length."""

    def __init__(self, recipe: TextRecipe, dimension: int) -> None:
        super().__init__()
        self.recipe = recipe
        self.embeddings = nn.ModuleDict(
            {
                "word_embeddings": nn.Embedding(recipe.vocabulary, recipe.width),
                "position_embeddings": nn.Embedding(recipe.positions, recipe.width),
                "token_type_embeddings": nn.Embedding(2, recipe.width),
                "LayerNorm": nn.LayerNorm(recipe.width, eps=1e-12),
            }
        )
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer(recipe) for _ in range(recipe.layers))})
        self.head = Head(recipe.width, dimension, recipe.head)

    def features(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Ids and mask (n, t) int64 -> unit rows (n, width): what the tower gives without its head."""
        first_position = self.embeddings["position_embeddings"].weight[: ids.shape[1]]
        kind = self.embeddings["token_type_embeddings"].weight[0]
        hidden = self.embeddings["LayerNorm"](self.embeddings["word_embeddings"](ids) + first_position + kind)
        bias = (1.0 - mask[:, None, None, :].to(hidden.dtype)) * -1e4
        for layer in self.encoder["layer"]:
            hidden = layer(hidden, bias)
        weights = mask[:, :, None].float()
        return functional.normalize((hidden.float() * weights).sum(1) / weights.sum(1), dim=-1)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return self.head(self.features(ids, mask))

    def train_layers(self, count: int) -> None:
        """Let the last ``count`` layers train; -1 = all and the embeddings, 0 = only the head."""
        layers = self.encoder["layer"]
        for parameter in self.embeddings.parameters():
            parameter.requires_grad_(count < 0)
        for position, layer in enumerate(layers):
            layer.requires_grad_(count < 0 or position >= len(layers) - count)

    def set_training(self, trained: bool) -> None:
        """Dropout in the head on; the layers below have none."""
        self.train(trained)


class Towers(nn.Module):  # type: ignore[misc]
    """Both towers and the learned scale of their cosines."""

    def __init__(self, recipe: Recipe, picture_weights: Mapping[str, Tensor] | None = None) -> None:
        super().__init__()
        clip = recipe.picture.architecture.startswith(PREFIX)
        self.picture: Any = (
            ClipPicture(recipe.picture, recipe.dimension)
            if clip
            else PictureTower(recipe.picture, recipe.dimension, picture_weights)
        )
        self.text: Any = make_text_tower(recipe)
        self.log_scale = nn.Parameter(torch.tensor(-math.log(recipe.loss.temperature)))
        self.bias = nn.Parameter(torch.tensor(-10.0 if recipe.loss.kind == "sigmoid" else 0.0))

    def layer_parameters(self) -> dict[str, list[Tensor]]:
        """What trains now, by the learning rate that it takes: ``picture``, ``text``, ``head``."""
        groups: dict[str, list[Tensor]] = {"picture": [], "text": [], "head": []}
        for name, parameter in self.named_parameters():
            if parameter.requires_grad:
                tower = name.split(".", 1)[0]
                group = tower if tower in {"picture", "text"} and ".head." not in name else "head"
                groups[group].append(parameter)
        return groups


def make_text_tower(recipe: Recipe) -> TextTower | GruTower | ClipText:
    """The text tower of the recipe's kind, with random weights."""
    if recipe.text.kind == "gru":
        return GruTower(recipe.text, recipe.dimension)
    if recipe.text.kind == "openclip":
        return ClipText(recipe.text, recipe.picture.architecture, recipe.dimension)
    return TextTower(recipe.text, recipe.dimension)


def build_towers(recipe: Recipe, data: Path) -> Towers:
    """Towers with the first weights that the recipe names, the rest random by its seed."""
    torch.manual_seed(recipe.seed)
    clip = recipe.picture.architecture.startswith(PREFIX)
    source = (
        find_weights(recipe.picture.weights, data, (".safetensors", ".pth", ".pt"))
        if recipe.picture.weights and not clip
        else None
    )
    towers = Towers(recipe, read_weights(source) if source else None)
    for one, module in zip(recipe.picture.beside, getattr(towers.picture, "beside", ()), strict=False):
        if one.weights:
            found = find_weights(one.weights, data, (".safetensors", ".pth", ".pt"))
            fresh = Beside(one)
            fresh.load(read_weights(found))
            module.load_state_dict(fresh.state_dict())
    if recipe.picture.weights and clip:
        pretrained = _pretrained(recipe.picture.weights, data)
        load_clip_weights(towers.picture, recipe.picture.architecture, pretrained)
    if recipe.text.weights and recipe.text.kind == "openclip":
        architecture = recipe.text.architecture or recipe.picture.architecture
        load_clip_weights(towers.text, architecture, _pretrained(recipe.text.weights, data))
    elif recipe.text.weights and recipe.text.weights.startswith(ENCODER):
        load_weights(towers.text, read_text_weights(encoder_directory(recipe.text.weights)))
    elif recipe.text.weights:
        source = find_weights(recipe.text.weights, data, (".safetensors",))
        load_weights(towers.text, without_prefix(read_weights(source), "bert."), ("head.",))
    return towers


def _pretrained(weights: str, data: Path) -> str:
    """``openclip:TAG`` as open_clip's tag, ``file:PATH`` as the path of its checkpoint."""
    if weights.startswith(PREFIX):
        return weights.removeprefix(PREFIX)
    return str(find_weights(weights, data, (".safetensors", ".bin", ".pt", ".pth")))


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
