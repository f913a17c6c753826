"""Two encoders on the same captioned pictures: recall before and after, and whether chance explains the change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from mmsearch.evaluate.significance import Comparison, compare
from mmsearch.train.adapt.tapped import encode
from mmsearch.train.loop.recall import Recall, recall

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from torch import Tensor

    from mmsearch.datasets.pairs import Pair
    from mmsearch.encoders.compiled import CompiledEncoder
    from mmsearch.types import Vectors

    Sides: TypeAlias = tuple[Tensor, Tensor, Tensor]  # pictures, texts, the picture of each text


@dataclass(frozen=True, slots=True)
class Judged:
    """One collection before and after: recall in percent, and the mean reciprocal rank by picture compared."""

    name: str
    pictures: int
    captions: int
    before: Recall
    after: Recall
    comparison: Comparison

    def record(self) -> dict[str, object]:
        """Recall before and after and the p value of the change, as an encoder's description keeps them."""
        rounded = (
            {name: round(value, 2) for name, value in one.items()} for one in (self.before, self.after)
        )
        before, after = rounded
        return {"before": before, "after": after, "p": self.comparison.p}

    @property
    def gain(self) -> float:
        """Points of the score that were won."""
        return score(self.after) - score(self.before)


def score(figures: Recall) -> float:
    """The mean of recall both ways at 1, 5 and 10, in percent."""
    return sum(figures.values()) / len(figures)


def judge(name: str, pairs: Sequence[Pair], old: CompiledEncoder, new: CompiledEncoder) -> Judged:
    """Both encoders on ``pairs``, as they are used."""
    before, after = encode(old, pairs), encode(new, pairs)
    return _judged(name, before, after)


def judge_vectors(
    name: str, before: tuple[Vectors, Vectors], after: tuple[Vectors, Vectors], owner: Sequence[int]
) -> Judged:
    """Two encoders by the unit vectors that they give: of n things, and of m texts, text i about ``owner[i]``."""
    whose = torch.tensor(owner)
    return _judged(name, *((*map(torch.from_numpy, side), whose) for side in (before, after)))


def _judged(name: str, before: Sides, after: Sides) -> Judged:
    ranks = ({str(row): value for row, value in enumerate(_ranks(*side))} for side in (before, after))
    return Judged(
        name=name,
        pictures=len(before[0]),
        captions=len(before[1]),
        before=recall(*before),
        after=recall(*after),
        comparison=compare("reciprocal rank", *ranks),
    )


def _ranks(pictures: Tensor, texts: Tensor, owner: Tensor) -> list[float]:
    """The mean reciprocal rank of each picture among all, for its captions. A tie counts against it."""
    scores = texts @ pictures.T
    ranks = (scores >= scores.gather(1, owner[:, None])).sum(1)
    totals = torch.zeros(len(pictures), dtype=torch.float64).index_add(0, owner, 1 / ranks.double())
    return (totals / torch.bincount(owner, minlength=len(pictures))).tolist()  # type: ignore[no-any-return]
