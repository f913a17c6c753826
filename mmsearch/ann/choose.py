"""Which vector index a process uses: by the number of rows, and by how often it searches.

Measured on 2 cores, 384 floats (benchmarks/): numpy reads 100,000 rows in 12 ms without any set-up; FAISS
needs 0.05 s to import and 0.2 s to round 100,000 rows to bytes, and then about 2 ms a query.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from mmsearch.ann.exact import ExactIndex
from mmsearch.ann.placement import Placement, StoredRows
from mmsearch.store.precision import HalfForm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from mmsearch.ann.index import VectorIndex
    from mmsearch.store.precision import RowForm, Rows
    from mmsearch.types import Ids, Ranking, Scores, Vector, Vectors

# From so many rows on, FAISS's faster product is worth its import in a process that goes on searching.
SCANNED_ROWS = 30_000
# From so many rows on (7 ms a query when all are scored, and 0.4 s to make ready for that), saved codes are worth what
# they may miss.
CODED_ROWS = 200_000
# Searches after which a process is taken to be one that goes on searching.
WARM_SEARCHES = 2


def open_index(
    ids: Ids,
    item_rows: Ids,
    blocks: Iterable[tuple[int, Rows]],
    dimension: int,
    *,
    form: RowForm | None = None,
    saved: Path | None = None,
    state: Callable[[int], str] = str,
) -> VectorIndex:
    """The index over items ``ids`` (n,), ascending, whose vectors are ``item_rows`` (n,) of ``blocks``.

    ``blocks`` are a store's shards, in its ``form`` (halves unless it is given); ``saved`` is where ``prepare``
    left codes, if it did, and ``state`` names the first so many rows as it did.
    """
    rows = StoredRows.of(blocks, form or HalfForm(dimension))
    placement = Placement(ids, item_rows)
    if saved is not None and rows.rows >= CODED_ROWS and saved.is_file():
        from mmsearch.ann.coarse import CoarseIndex

        coarse = CoarseIndex.open(placement, rows, saved, state)
        if coarse is not None:
            return coarse
    if rows.rows >= SCANNED_ROWS:
        return WarmingIndex(placement, rows)
    return ExactIndex(placement, rows)


def prepare(
    blocks: Iterable[tuple[int, Rows]],
    dimension: int,
    queries: Callable[[], Vectors],
    saved: Path,
    *,
    form: RowForm | None = None,
    state: Callable[[int], str] = str,
    notice: Callable[[str], None] | None = None,
) -> bool:
    """Make the codes that ``open_index`` uses, if there are rows enough, and many of them have none; True when it did.

    For the end of an indexing run. ``queries`` () gives (m, dimension): an encoder's bank and some of its items.
    ``state`` names the first so many rows: codes made of other ones are made anew. ``notice`` is told beforehand.
    """
    rows = StoredRows.of(blocks, form or HalfForm(dimension))
    if rows.rows < CODED_ROWS:
        return False
    import logging

    from mmsearch.ann.coarse import needs_codes, write_codes

    if not needs_codes(saved, rows, state):
        return False
    if notice is not None:
        notice(f"making the search codes of {rows.rows:,} vectors, about a minute a million")
    write_codes(rows, queries(), saved, state)
    logging.getLogger(__name__).info(
        "search codes made", extra={"fields": {"file": str(saved), "rows": rows.rows}}
    )
    return True


class WarmingIndex:
    """A ``VectorIndex`` that reads the rows in numpy at first and goes over to FAISS after some searches.

    The answers are the same; only the time is another.
    """

    exact = True

    def __init__(self, placement: Placement, rows: StoredRows) -> None:
        self._placement, self._rows = placement, rows
        self._index: ExactIndex = ExactIndex(placement, rows)
        self._searches = 0
        self._lock = threading.Lock()

    @property
    def ids(self) -> Ids:
        return self._index.ids

    def search(self, query: Vector, depth: int, among: Ids | None = None) -> Ranking:
        with self._lock:
            self._searches += 1
            if self._searches == WARM_SEARCHES + 1:
                from mmsearch.ann.faiss import ScannedIndex

                self._index = ScannedIndex(self._placement, self._rows)
        return self._index.search(query, depth, among)

    def scores(self, query: Vector, ids: Ids) -> Scores:
        return self._index.scores(query, ids)

    def expect(self, ids: Ids) -> None:
        pass

    def vectors(self, ids: Ids) -> Vectors:
        return self._index.vectors(ids)
