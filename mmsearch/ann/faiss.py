"""FAISS over the same rows, for a process that answers many queries.

``ScannedIndex`` holds a code of each row and is exact. It takes FAISS's word for the candidates and scores those from
the rows, so that an item's score does not depend on the index that found it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmsearch.ann.codes import GATHER_ROWS, Codes
from mmsearch.ann.exact import ExactIndex
from mmsearch.ann.index import best, check_query
from mmsearch.ann.placement import ItemsOfRows

if TYPE_CHECKING:
    from mmsearch.ann.placement import Placement, StoredRows
    from mmsearch.types import Ids, Ranking, Vector


class ScannedIndex(ExactIndex):
    """A ``VectorIndex`` that finds candidates with FAISS among the codes of all rows, which it holds; exact."""

    def __init__(self, placement: Placement, rows: StoredRows) -> None:
        super().__init__(placement, rows)
        self._items_of_rows = ItemsOfRows(placement, rows.rows)
        self._codes = Codes(rows)

    def search(self, query: Vector, depth: int, among: Ids | None = None) -> Ranking:
        query = check_query(query, self._rows.dimension, depth)
        placement = self._placement if among is None else self._placement.among(among)
        if not depth or placement.ids.size <= max(depth, GATHER_ROWS):
            return best(placement.ids, self._rows.scores(query, placement.rows), depth)
        unfiltered = placement is self._placement
        live = None if unfiltered and self._items_of_rows.all_live else placement.rows
        found = self._codes.nearest(query, depth, live)
        if found is None:
            return super().search(query, depth, among)
        rows, scores = found
        ids, places = self._items_of_rows.of(rows, placement)
        return best(ids, scores[places], depth)
