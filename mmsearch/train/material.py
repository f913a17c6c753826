"""What a run trains on, decoded and tokenized once."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.errors import UsageError
from mmsearch.train.dataset import load_pictures, load_texts
from mmsearch.train.features import Features
from mmsearch.train.state import CACHE_FOLDER, CALIBRATION_FILE, TOKENIZER_FILE
from mmsearch.train.towers import find_tokenizer

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from mmsearch.train.dataset import CaptionedPictures, Texts
    from mmsearch.train.recipe import Recipe
    from mmsearch.train.towers import Towers

CALIBRATION_PICTURES = 512


@dataclass(frozen=True, slots=True)
class Material:
    """What does not change: the data, and the text features of the towers that training started from."""

    train: CaptionedPictures
    dev: tuple[CaptionedPictures, ...]
    pairs: Texts | None
    kept: Tensor | None  # features of the training captions


def prepare(recipe: Recipe, data: Path, output: Path, towers: Towers) -> Material:
    """The data that ``recipe`` names, and what ``output`` must hold for the compiler: tokenizer, pictures."""
    from tokenizers import Tokenizer

    if not (output / TOKENIZER_FILE).exists():
        if not recipe.text.weights:
            raise UsageError("text.weights must name a folder with a tokenizer.json")
        shutil.copyfile(find_tokenizer(recipe.text.weights, data), output / TOKENIZER_FILE)
    tokenizer = Tokenizer.from_file(str(output / TOKENIZER_FILE))
    tokenizer.no_padding()
    tokenizer.enable_truncation(recipe.text.max_tokens)
    cache = output / CACHE_FOLDER
    plain = replace(recipe.data, extra_texts=())
    train_set = load_pictures(recipe.data.train, data, recipe.data, recipe.picture, tokenizer, cache)
    dev = [load_pictures([name], data, plain, recipe.picture, tokenizer, cache) for name in recipe.data.dev]
    pairs = load_texts(recipe.data.texts, data, tokenizer)
    kept = None
    if recipe.loss.keep_text:
        first = Features(recipe, recipe.phases[0], train_set, pairs, towers, cache, lazy=True)
        kept = first.all_texts(train_set.texts)
    if not (output / CALIBRATION_FILE).exists():
        rows = np.random.default_rng(recipe.seed).permutation(len(train_set))[:CALIBRATION_PICTURES]
        np.save(output / CALIBRATION_FILE, train_set.pixels[np.sort(rows)])
    return Material(train_set, tuple(dev), pairs, kept)
