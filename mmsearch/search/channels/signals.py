"""What channels say of items and of documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mmsearch.search.index.documents import Documents
    from mmsearch.types import Ids, Scores

    Said: TypeAlias = "tuple[Ids, Signals]"  # items (n,), and what is said of each (n,)


@dataclass(frozen=True, slots=True, eq=False)
class Signals:
    """What is said of things: three arrays of one shape, NaN where nothing is said.

    The shape is (n,) for n items or documents of which one channel speaks, (n, c) for documents and c channels.
    ``evidence``: how much it tells, in decades (`Background.evidence`), what channels are merged by;
    ``surprise``: -log10 P(score of strangers >= score), at least 0, what expected counts are reckoned from;
    ``unit``: the raw score on a fixed scale of 0 to 1.
    """

    evidence: Scores
    surprise: Scores
    unit: Scores

    @classmethod
    def empty(cls, shape: int | tuple[int, ...]) -> Signals:
        """Nothing said of things in this shape."""
        return cls(*(np.full(shape, np.nan) for _ in range(3)))

    @classmethod
    def stack(cls, several: Sequence[Signals]) -> Signals:
        """What several channels say of the same things, (n,) each, side by side: (n, c)."""
        return _combined(several, lambda arrays: np.stack(arrays, axis=1))

    @classmethod
    def concatenate(cls, several: Sequence[Signals]) -> Signals:
        """What is said of several sets of things, one after the other."""
        return _combined(several, np.concatenate)

    def __getitem__(self, rows: Any) -> Signals:
        return Signals(self.evidence[rows], self.surprise[rows], self.unit[rows])

    def telling(self, more: float) -> Signals:
        """The same, telling so many times as much."""
        return Signals(more * self.evidence, self.surprise, self.unit)

    def at(self, places: Ids) -> Signals:
        """The rows ``places`` (m,), nothing where a place is -1."""
        return Signals(*(taken(one, places, np.nan) for one in (self.evidence, self.surprise, self.unit)))

    def filled(self, most: Signals) -> Signals:
        """The same, and what ``most`` says where this says nothing."""
        pairs = ((self.evidence, most.evidence), (self.surprise, most.surprise), (self.unit, most.unit))
        return Signals(*(np.where(np.isnan(mine), theirs, mine) for mine, theirs in pairs))

    def where(self, kept: NDArray[np.bool_]) -> Signals:
        """What is said where it is ``kept``, and nothing elsewhere."""
        arrays = (self.evidence, self.surprise, self.unit)
        return Signals(*(np.where(kept, one, np.nan) for one in arrays))


def peaks(documents: Ids, groups: Documents, items: Ids, telling: Scores) -> Ids:
    """Which of ``items`` (m,) is the most ``telling`` (m,) of each of ``documents`` (n,), ascending: (n,) places.

    -1 where there is none; all items belong to the documents. Of equal ones the first in order is taken.
    """
    order = np.lexsort((-groups.place_of(items), telling))  # ascending: the last one written stays
    found = np.full(documents.size, -1, dtype=np.int64)
    found[np.searchsorted(documents, groups.of(items[order]))] = order
    return found


def taken(values: NDArray[Any], places: Ids, otherwise: float) -> NDArray[Any]:
    """``values`` (n,) at ``places`` (m,), and ``otherwise`` where a place is -1."""
    found = np.full(places.shape, otherwise, dtype=values.dtype)
    known = places >= 0
    found[known] = values[places[known]]
    return found


def _combined(several: Sequence[Signals], combine: Callable[[list[Scores]], Scores]) -> Signals:
    return Signals(
        combine([one.evidence for one in several]),
        combine([one.surprise for one in several]),
        combine([one.unit for one in several]),
    )
