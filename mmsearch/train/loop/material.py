"""What a run trains on, decoded and tokenized once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from mmsearch.errors import UsageError
from mmsearch.train.data.classes import load_labelled
from mmsearch.train.data.dataset import load_pictures, load_texts, tokenize
from mmsearch.train.data.swaps import false_captions, read_kinds
from mmsearch.train.data.tokens import load_tokenizer
from mmsearch.train.loop.features import Features
from mmsearch.train.loop.state import CACHE_FOLDER, CALIBRATION_FILE, TOKENIZER_FILE
from mmsearch.train.objectives.losses import Kin
from mmsearch.train.objectives.teachers import load_taught

if TYPE_CHECKING:
    from pathlib import Path

    from tokenizers import Tokenizer
    from torch import Tensor

    from mmsearch.train.data.classes import Labelled
    from mmsearch.train.data.dataset import CaptionedPictures, Texts
    from mmsearch.train.objectives.teachers import Taught
    from mmsearch.train.recipe import Recipe
    from mmsearch.train.towers.build import Towers

CALIBRATION_PICTURES = 512


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What does not change: the data, and the text features of the towers that training started from."""

    train: CaptionedPictures
    dev: tuple[CaptionedPictures, ...]
    pairs: Texts | None
    swapped: Texts | None  # for each training caption what is false of its picture, by one swap
    kept: Tensor | None  # features of the training captions
    kin: Kin
    labelled: tuple[Labelled, ...]  # for each classifier of the recipe
    taught: tuple[Taught, ...]  # for each teacher

    @property
    def further_texts(self) -> list[Texts]:
        """All texts but captions."""
        prompts = (one.prompts for one in self.labelled)
        return [texts for texts in (self.pairs, self.swapped, *prompts) if texts is not None]


def prepare(recipe: Recipe, data: Path, output: Path, towers: Towers) -> Material:
    """The data that ``recipe`` names, and what ``output`` must hold for the compiler: tokenizer, pictures."""
    tokenizer = load_tokenizer(recipe, data, output / TOKENIZER_FILE)
    cache = output / CACHE_FOLDER
    train = load_pictures(recipe.data.train, data, recipe, recipe.data.extra_texts, tokenizer, cache)
    dev = tuple(load_pictures([name], data, recipe, (), tokenizer, cache) for name in recipe.data.dev)
    kept = None
    if recipe.loss.keep_text:
        first = Features(recipe, recipe.phases[0], train, (), towers, cache, lazy=True)
        kept = first.all_texts(train.texts)
    if not (output / CALIBRATION_FILE).exists():
        rows = np.random.default_rng(recipe.seed).permutation(len(train))[:CALIBRATION_PICTURES]
        np.save(output / CALIBRATION_FILE, train.pixels[np.sort(rows)])
    return Material(
        train=train,
        dev=dev,
        pairs=load_texts(recipe.data.texts, data, tokenizer),
        swapped=_swapped(recipe, train, tokenizer),
        kept=kept,
        kin=Kin(torch.from_numpy(train.cluster), torch.from_numpy(train.kind)),
        labelled=tuple(
            load_labelled(one, position, data, train, dev, tokenizer)
            for position, one in enumerate(recipe.classifiers, start=1)  # the first label is the class
        ),
        taught=tuple(load_taught(one, data, train, cache) for one in recipe.teachers),
    )


def _swapped(recipe: Recipe, train: CaptionedPictures, tokenizer: Tokenizer) -> Texts | None:
    """What `false_captions` makes of each training caption; UsageError when it makes nothing of any."""
    if not recipe.loss.swapped:
        return None
    kinds = read_kinds(recipe.data.swaps)
    groups = [false for pair in train.pairs for false in false_captions((*pair.captions, *pair.extra), kinds)]
    if not any(groups):
        raise UsageError("no training caption has a word of data.swaps that could be another of its kind")
    return tokenize(groups, tokenizer)
