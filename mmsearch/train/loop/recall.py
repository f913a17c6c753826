"""Recall of captions and pictures for each other, for choosing weights while training."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import torch
from torch.nn.functional import normalize

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

Recall: TypeAlias = dict[str, float]  # "t2i@10" → percent

DEPTHS = (1, 5, 10)
RECALL = tuple(f"{way}@{depth}" for way in ("t2i", "i2t") for depth in DEPTHS)


def recall(pictures: Tensor, texts: Tensor, owner: Tensor) -> Recall:
    """Percent of captions whose picture is among the first k, and of pictures with a caption of theirs there.

    ``pictures`` (n, d) and ``texts`` (m, d) are unit rows; ``owner`` (m,) is each caption's picture. A tie with
    the right answer counts against it.
    """
    scores = texts @ pictures.T  # (m, n)
    own = scores.gather(1, owner[:, None])
    text_ranks = (scores >= own).sum(1)  # from 1
    belongs = owner[:, None] == torch.arange(len(pictures))[None, :]
    best = scores.masked_fill(~belongs, -torch.inf).amax(0, keepdim=True)
    picture_ranks = 1 + ((scores >= best) & ~belongs).sum(0)
    measures = {}
    for depth in DEPTHS:
        measures[f"t2i@{depth}"] = 100 * float((text_ranks <= depth).float().mean())
        measures[f"i2t@{depth}"] = 100 * float((picture_ranks <= depth).float().mean())
    return measures


def nested_recall(
    name: str, pictures: Tensor, texts: Tensor, owner: Tensor, lengths: Iterable[int]
) -> dict[str, Recall]:
    """``recall`` by the name of its collection, and of the first dimensions alone as ``name[:64]``."""
    figures = {name: recall(pictures, texts, owner)}
    for length in lengths:
        first = [normalize(side[:, :length], dim=-1) for side in (pictures, texts)]
        figures[f"{name}[:{length}]"] = recall(first[0], first[1], owner)
    return figures
