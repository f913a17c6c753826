"""What is to be ranked, and documents with all that makes their scores."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.channels.exclusions import Excluded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mmsearch.search.ranking.fusion import Matrix, Table
    from mmsearch.types import Ids, Scores


@dataclass(frozen=True, slots=True, eq=False)
class Scoring:
    """n documents with all that makes their scores.

    ``parts`` (n, c) are the columns' contributions, ``items`` (n, c) the item that each is about, -1 for none;
    ``excluded`` holds the penalties, which are contributions too, with the other sign.
    """

    documents: Ids
    parts: Matrix
    items: NDArray[np.int64]
    calibrated: Matrix
    surprise: Matrix
    excluded: Excluded

    @property
    def scores(self) -> Scores:
        """Sums (n,) of contributions and penalties."""
        return np.asarray(self.parts.sum(axis=1) - self.excluded.penalties.sum(axis=1))

    def evalues(self, searched: int) -> Scores:
        """Expected counts (n,): of items as surprising as the document's most surprising one."""
        return np.asarray(searched * 10.0 ** -most_of(self.surprise))

    def __getitem__(self, chosen: Ids | slice) -> Scoring:
        excluded = self.excluded
        return Scoring(
            self.documents[chosen],
            self.parts[chosen],
            self.items[chosen],
            self.calibrated[chosen],
            self.surprise[chosen],
            replace(
                excluded,
                penalties=excluded.penalties[chosen],
                items=excluded.items[chosen],
                evidence=excluded.evidence[chosen],
                removed=excluded.removed[chosen],
            ),
        )


def most_of(surprise: Matrix) -> Scores:
    """The highest surprise (n,) of each row (n, c); 0 where no channel says anything."""
    return np.asarray(np.fmax.reduce(surprise, axis=1, initial=0.0))


def joined(several: Sequence[Scoring]) -> Scoring:
    """The documents of several scorings (one or more) by the same columns, one after the other."""
    if len(several) == 1:
        return several[0]
    excluded = [scoring.excluded for scoring in several]
    return Scoring(
        np.concatenate([scoring.documents for scoring in several]),
        np.concatenate([scoring.parts for scoring in several]),
        np.concatenate([scoring.items for scoring in several]),
        np.concatenate([scoring.calibrated for scoring in several]),
        np.concatenate([scoring.surprise for scoring in several]),
        Excluded(
            np.concatenate([one.penalties for one in excluded]),
            np.concatenate([one.items for one in excluded]),
            np.concatenate([one.evidence for one in excluded]),
            np.concatenate([one.removed for one in excluded]),
        ),
    )


def _evalues(table: Table, searched: int) -> Scores:
    return np.asarray(searched * 10.0 ** -most_of(table.surprise))
