"""What every vector index offers.

All of them give the same answer to the last bit where they are exact: whatever finds the candidates, scores
come from ``StoredRows.scores``, whose result for a row depends on nothing but the row and the query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from mmsearch.types import Ranking

if TYPE_CHECKING:
    from mmsearch.types import Ids, Scores, Vector, Vectors


class VectorIndex(Protocol):
    """Items with a vector each, in one space, that can be ranked by inner product with a query."""

    @property
    def ids(self) -> Ids:
        """The items, (n,) int64, ascending."""

    @property
    def exact(self) -> bool:
        """Whether ``search`` always finds the best items, rather than nearly always."""

    def search(self, query: Vector, depth: int, among: Ids | None = None) -> Ranking:
        """The ``depth`` best items for ``query``, ordered by (-score, id); ties at the cut go to the lower id.

        ``among``: ascending item ids; only these are ranked, and those that are not in this index are passed
        over. Raises ValueError when ``depth`` is negative or the query has another dimension.
        """

    def scores(self, query: Vector, ids: Ids) -> Scores:
        """Inner products (n,) float64 of ``query`` with the items ``ids`` (n,), in their order.

        Raises ValueError when an item is not in this index.
        """

    def expect(self, ids: Ids) -> None:
        """Hear that the documents of the items ``ids`` will be scored for the next query, too; an index that lies
        elsewhere can fetch their scores with what it searches."""

    def vectors(self, ids: Ids) -> Vectors:
        """The vectors (n, dimension) float32 of the items ``ids`` (n,), in their order.

        Raises ValueError when an item is not in this index.
        """


def best(ids: Ids, scores: Scores, depth: int) -> Ranking:
    """The ``depth`` first of ``ids`` (n,), unique, by (-score, id)."""
    order = np.lexsort((ids, -scores))[:depth]
    return Ranking(ids[order], scores[order])


def check_query(query: Vector, dimension: int, depth: int) -> Vector:
    """``query`` as contiguous float32; ValueError for a wrong shape or a negative ``depth``."""
    if query.shape != (dimension,):
        raise ValueError(f"a query of shape {query.shape} in an index of dimension {dimension}")
    if depth < 0:
        raise ValueError(f"depth {depth} is negative")
    return np.ascontiguousarray(query, dtype=np.float32)
