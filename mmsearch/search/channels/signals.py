"""What channels say of items and of documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.search.index.documents import Documents
    from mmsearch.types import Ids, Scores


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What a channel says of items ``ids`` (n,).

    ``calibrated``: how much it tells, in decades (`Background.evidence`), what channels are merged by;
    ``surprise``: -log10 P(score of strangers >= score), at least 0, what expected counts are reckoned from;
    ``unit``: the raw score on a fixed scale of 0 to 1. All (n,).
    """

    ids: Ids
    calibrated: Scores
    surprise: Scores
    unit: Scores

    def __getitem__(self, chosen: Ids) -> Scored:
        return Scored(self.ids[chosen], self.calibrated[chosen], self.surprise[chosen], self.unit[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """For each of n documents the item with the highest calibrated score, and what was said of it.

    ``items`` (n,) is -1 and the scores (n,) are NaN for a document of which nothing was said.
    """

    items: Ids
    calibrated: Scores
    surprise: Scores
    unit: Scores


def peaks(documents: Ids, groups: Documents, scored: Scored) -> Peaks:
    """The peaks of ``documents`` (n,), ascending, among the items ``scored``, which all belong to them.

    Of equal items the one with the lower id is taken.
    """
    order = np.lexsort((-scored.ids, scored.calibrated))  # ascending: the last one written stays
    scored = scored[order]
    rows = np.searchsorted(documents, groups.of(scored.ids))
    found = Peaks(np.full(documents.size, -1, dtype=np.int64), *np.full((3, documents.size), np.nan))
    found.items[rows] = scored.ids
    found.calibrated[rows], found.surprise[rows] = scored.calibrated, scored.surprise
    found.unit[rows] = scored.unit
    return found


def joined(several: Sequence[Scored]) -> Scored:
    """What several channels say, one after the other."""
    if not several:
        return Scored(np.empty(0, dtype=np.int64), np.empty(0), np.empty(0), np.empty(0))
    return Scored(
        np.concatenate([scored.ids for scored in several]),
        np.concatenate([scored.calibrated for scored in several]),
        np.concatenate([scored.surprise for scored in several]),
        np.concatenate([scored.unit for scored in several]),
    )
