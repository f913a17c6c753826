"""Exact search in numpy over the rows as they lie on disk: no set-up, no further import.

A new process answers its first query in the time that it takes to read the rows once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mmsearch.ann.index import best, check_query
from mmsearch.ann.placement import Placement, StoredRows
from mmsearch.ann.products import scan_error

if TYPE_CHECKING:
    from mmsearch.types import Ids, Ranking, Scores, Vector, Vectors

# Reading scattered rows costs about four times as much a row as reading all rows in order.
GATHER_SHARE = 0.25


class ExactIndex:
    """A ``VectorIndex`` that scores every row for every query."""

    exact = True

    def __init__(self, placement: Placement, rows: StoredRows) -> None:
        self._placement, self._rows = placement, rows

    @property
    def ids(self) -> Ids:
        return self._placement.ids

    def search(self, query: Vector, depth: int, among: Ids | None = None) -> Ranking:
        query = check_query(query, self._rows.dimension, depth)
        placement = self._placement if among is None else self._placement.among(among)
        if depth < placement.ids.size and placement.ids.size > GATHER_SHARE * self._rows.rows:
            placement = self._nearest(query, depth, placement)
        return best(placement.ids, self._rows.scores(query, placement.rows), depth)

    def scores(self, query: Vector, ids: Ids) -> Scores:
        query = check_query(query, self._rows.dimension, 0)
        return self._rows.scores(query, self._placement.rows_of(ids))

    def expect(self, ids: Ids) -> None:
        pass

    def vectors(self, ids: Ids) -> Vectors:
        return self._rows.read(self._placement.rows_of(ids))

    def _nearest(self, query: Vector, depth: int, placement: Placement) -> Placement:
        """The items that may be among the ``depth`` best (< n), by a scan that is nearly exact.

        The depth-th best by the scan and an item of the answer may each be off by the scan's error, hence 2.
        """
        if not depth:
            return Placement(placement.ids[:0], placement.rows[:0])
        near = self._rows.scan(query)[placement.rows]
        last = np.partition(near, near.size - depth)[near.size - depth]
        kept = np.flatnonzero(near >= last - 2.0 * scan_error(self._rows.dimension))
        return Placement(placement.ids[kept], placement.rows[kept])
