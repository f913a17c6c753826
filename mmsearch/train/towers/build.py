"""The towers that ``train`` trains: a timm picture tower and a BERT text tower, each under a projection head."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from mmsearch.train.towers.clip import PREFIX, ClipPicture, ClipText, load_clip_weights
from mmsearch.train.towers.decompiled import read_text_weights
from mmsearch.train.towers.gru import GruTower
from mmsearch.train.towers.picture import Beside, PictureTower
from mmsearch.train.towers.pretrained import (
    ENCODER,
    encoder_directory,
    find_weights,
    load_weights,
    read_weights,
    without_prefix,
)
from mmsearch.train.towers.text import TextTower

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mmsearch.train.recipe import Recipe


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
