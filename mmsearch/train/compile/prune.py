"""Leave parts of an encoder out before it is compiled: rare word pieces, the small directions of its heads.

A piece that is left out is written with shorter ones: single characters stay, so no word becomes unreadable.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import nn

from mmsearch.errors import UsageError
from mmsearch.train.compile.lowrank import shorten_heads
from mmsearch.train.compile.vocabulary import keep_pieces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.train.towers.pair import TowerPair

FORMS = "vocabulary:NUMBER, vocabulary:TEXT_FILE or heads:RANK"


def prune(towers: TowerPair, parts: Sequence[str]) -> TowerPair:
    """``towers`` without what ``parts`` say: ``vocabulary:8000``, ``vocabulary:texts.txt``, ``heads:128``.

    A number keeps so many word pieces, those of the lowest ids, which vocabularies give to the most frequent; a file
    keeps what its texts (one a line) are written with. UsageError for other words.
    """
    for part in parts:
        what, _, value = part.partition(":")
        if what == "heads" and value.isdecimal():
            towers = _shortened(towers, int(value))
        elif what == "vocabulary" and value:
            towers = _with_vocabulary(towers, value)
        else:
            raise UsageError(f"--prune is {FORMS}, not {part!r}")
    return towers


def _shortened(towers: TowerPair, rank: int) -> TowerPair:
    pixel = towers.pixel_picture
    return replace(
        towers,
        picture=shorten_heads(towers.picture, rank),
        pixel_picture=None if pixel is None else shorten_heads(pixel, rank),
        text=shorten_heads(towers.text, rank),
    )


def _with_vocabulary(towers: TowerPair, value: str) -> TowerPair:
    from tokenizers import Tokenizer

    if value.isdecimal():
        wanted, most = set[int](), int(value)
    else:
        path = Path(value)
        if not path.is_file():
            raise UsageError(
                f"--prune vocabulary:{value}: there is no such file; give a number or a file of texts"
            )
        lines = path.read_text(encoding="utf-8").splitlines()
        encoded = Tokenizer.from_str(towers.tokenizer).encode_batch(lines)
        wanted, most = {token for one in encoded for token in one.ids}, 0
    tokenizer, kept = keep_pieces(towers.tokenizer, wanted, most)
    return replace(towers, tokenizer=tokenizer, text=_keep_rows(towers.text, kept))


def _keep_rows(text: nn.Module, kept: list[int]) -> nn.Module:
    """A copy of the text tower whose largest embedding table has the rows ``kept`` alone."""
    result = copy.deepcopy(text)
    tables = [module for module in result.modules() if isinstance(module, nn.Embedding)]
    table = max(tables, key=lambda one: one.num_embeddings)
    if kept[-1] >= table.num_embeddings:
        raise UsageError(
            "the vocabulary is larger than the tower's table: train the tower with its own tokenizer"
        )
    with torch.no_grad():
        table.weight = nn.Parameter(table.weight.detach()[kept].clone())
    table.num_embeddings = len(kept)
    return result
