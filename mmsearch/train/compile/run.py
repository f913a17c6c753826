"""Towers of a training run as modules for export."""

from __future__ import annotations

import copy
import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from mmsearch.errors import EncoderError
from mmsearch.train.compile.vocabulary import prune_vocabulary
from mmsearch.train.loop.state import CALIBRATION_FILE, TOKENIZER_FILE, WEIGHTS_FILE
from mmsearch.train.recipe import RECIPE_FILE, Recipe
from mmsearch.train.towers.build import Towers
from mmsearch.train.towers.pair import TowerPair
from mmsearch.train.towers.pretrained import read_weights
from mmsearch.types import PictureSpec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class UnitPicture(nn.Module):  # type: ignore[misc]
    """A picture tower whose rows have unit length."""

    def __init__(self, tower: nn.Module) -> None:
        super().__init__()
        self.tower = tower

    def forward(self, pixels: Tensor) -> Tensor:
        return normalize(self.tower(pixels), dim=-1)


class PixelPicture(nn.Module):  # type: ignore[misc]
    """The same from a first convolution that takes (pixel - 128) / 255, as int8 arithmetic reads pixels.

    The difference is folded into that convolution; only its padding sees another gray.
    """

    def __init__(self, tower: nn.Module) -> None:
        super().__init__()
        self.tower = copy.deepcopy(tower)
        take_centered(self.tower.backbone, self.tower.mean, self.tower.std)
        for one in self.tower.beside:
            take_centered(one.backbone, one.mean, one.std)

    def forward(self, pixels: Tensor) -> Tensor:
        tower, inputs = self.tower, (pixels.permute(0, 3, 1, 2).float() - 128.0) / 255.0
        features = [tower.pool(tower.backbone(inputs))]
        features += [one.backbone(one.scale(inputs)).float().mean((2, 3)) for one in tower.beside]
        return normalize(tower.head(torch.cat(features, 1)), dim=-1)


def take_centered(backbone: nn.Module, mean: Tensor, std: Tensor) -> None:
    """Let the first convolution take (pixel - 128) / 255 instead of (pixel / 255 - mean) / std."""
    conv = backbone.get_submodule(first_convolution(backbone))
    with torch.no_grad():
        weight = conv.weight / std
        shift = (weight * (128.0 / 255.0 - mean)).sum((1, 2, 3))
        conv.weight.copy_(weight)
        if conv.bias is None:
            conv.bias = nn.Parameter(torch.zeros(len(weight)))
        conv.bias += shift


def first_convolution(backbone: nn.Module) -> str:
    """The name of the layer that sees the pixels."""
    named = (name for name, module in backbone.named_modules() if isinstance(module, nn.Conv2d))
    return str(backbone.pretrained_cfg.get("first_conv") or next(named))


class UnitText(nn.Module):  # type: ignore[misc]
    """A text tower whose rows have unit length."""

    def __init__(self, tower: nn.Module) -> None:
        super().__init__()
        self.tower = tower

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return normalize(self.tower(input_ids, attention_mask), dim=-1)


def trained_towers(run: Path) -> TowerPair:
    """The towers that the training run in ``run`` gave; EncoderError when there are none yet."""
    weights = run / WEIGHTS_FILE
    if not weights.exists():
        raise EncoderError(f"{run} holds no finished training run: mmsearch train RECIPE --output {run}")
    recipe = Recipe.load(run / RECIPE_FILE)
    towers = Towers(recipe)
    towers.load_state_dict(read_weights(weights))
    towers.eval()
    tokenizer = (run / TOKENIZER_FILE).read_text(encoding="utf-8")
    rows = range(recipe.text.max_tokens)  # no text reaches further positions
    if recipe.text.kind == "bert":
        keep_rows(towers.text.embeddings["position_embeddings"], rows)
    if recipe.text.scripts:
        tokenizer, kept = prune_vocabulary(tokenizer, recipe.text.scripts)
        keep_rows(towers.text.embeddings["word_embeddings"], kept)
    calibration = run / CALIBRATION_FILE
    with torch.no_grad():
        return TowerPair(
            name=recipe.name,
            version=recipe.version,
            dimension=recipe.dimension,
            spec=PictureSpec(recipe.picture.size, recipe.picture.fit),
            max_tokens=recipe.text.max_tokens,
            picture=UnitPicture(towers.picture).eval(),
            pixel_picture=PixelPicture(towers.picture).eval() if hasattr(towers.picture, "pool") else None,
            text=UnitText(towers.text).eval(),
            table_bits=recipe.text.table_bits,
            percentile=recipe.picture.percentile,
            tokenizer=tokenizer,
            license=recipe.license,
            recipe=dataclasses.asdict(recipe),
            calibration=np.load(calibration, allow_pickle=False) if calibration.exists() else None,
        )


def keep_rows(table: nn.Embedding, rows: Sequence[int]) -> None:
    """Leave only ``rows`` in an embedding table, in that order."""
    table.weight = nn.Parameter(table.weight.detach()[list(rows)].clone())
    table.num_embeddings = len(table.weight)
