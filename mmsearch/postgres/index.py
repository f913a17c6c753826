"""A ``VectorIndex`` whose candidates PostgreSQL finds, and whose scores are the store's own to the last bit."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.ann.index import best, check_query
from mmsearch.ann.placement import Placement, StoredRows, each_once
from mmsearch.ann.products import scan_error
from mmsearch.store.precision import HalfForm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mmsearch.postgres.rows import Halves
    from mmsearch.postgres.table import Found, Table
    from mmsearch.types import Ids, Ranking, Scores, Vector, Vectors

# Of so few items all vectors are fetched.
FEW = 256
# Up to this share of the rows a server is told which ones are meant; beyond, more are asked for and others passed over.
TOLD_SHARE = 0.1
DEEPER = 4
# Rows that stay here: 15 MB of 384 halves. What one channel names the others score, and the next page shows.
KEPT_ROWS = 20_000


def rounding(dimension: int) -> float:
    """How far the server's product and the exact one may lie apart, of unit vectors.

    The server rounds the query to halves, each number by 2**-11 of itself or 2**-25, and sums in float32.
    """
    return float(2.0**-11 + dimension**0.5 * 2.0**-25 + scan_error(dimension))


class PostgresIndex:
    """Items placed in rows of a ``table``; rows that it hasn't got are ``newer``: local rows from ``table.rows`` on."""

    def __init__(self, placement: Placement, table: Table, newer: StoredRows | None = None) -> None:
        self._placement, self._table, self._newer = placement, table, newer
        self._form = HalfForm(table.dimension)
        self._kept: OrderedDict[int, Halves] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def exact(self) -> bool:
        """Whether the servers look at every row."""
        return not self._table.approximate

    @property
    def ids(self) -> Ids:
        return self._placement.ids

    def search(self, query: Vector, depth: int, among: Ids | None = None) -> Ranking:
        query = check_query(query, self._table.dimension, depth)
        placement = self._placement if among is None else self._placement.among(among)
        if not depth:
            placement = Placement(placement.ids[:0], placement.rows[:0])
        elif placement.ids.size > max(FEW, depth):
            placement = self._nearest(query, depth, placement)
        return best(placement.ids, self._products(query, placement.rows), depth)

    def scores(self, query: Vector, ids: Ids) -> Scores:
        query = check_query(query, self._table.dimension, 0)
        return self._products(query, self._placement.rows_of(ids))

    def expect(self, ids: Ids) -> None:
        """Fetch the vectors of those of ``ids`` that are here, all at once."""
        known = ids[np.isin(ids, self._placement.ids)]
        self._fetched(self._placement.rows_of(known))

    def vectors(self, ids: Ids) -> Vectors:
        return self._form.decode(self._fetched(self._placement.rows_of(ids)))

    def _nearest(self, query: Vector, depth: int, placement: Placement) -> Placement:
        """The items that may be among the ``depth`` best, by products that are nearly exact."""
        margin = 2.0 * rounding(self._table.dimension)
        size = self._table.rows + (0 if self._newer is None else self._newer.rows)
        wanted = np.zeros(size, dtype=bool)
        wanted[placement.rows] = True
        there = int(np.count_nonzero(wanted[: self._table.rows]))
        share = there / max(1, self._table.rows)
        told = np.flatnonzero(wanted[: self._table.rows]) if share <= TOLD_SHARE else None
        limit = depth + 64 if told is not None else int((depth + 64) / share * 1.1) + 1
        rows, near = self._newer_products(query)
        while True:
            found = self._table.nearest(query, limit, told)
            self._keep(found)
            every = np.concatenate([rows, *(one.rows for one in found)])
            products = np.concatenate([near, *(one.near for one in found)])
            kept = wanted[every]
            every, products = every[kept], products[kept]
            last = (
                np.partition(products, products.size - depth)[products.size - depth]
                if products.size >= depth
                else -np.inf
            )
            if all(one.all or self._told_enough(one.near, last, margin) for one in found):
                break
            limit *= DEEPER
        chosen = np.zeros(size, dtype=bool)
        chosen[every[products >= last - margin]] = True
        places = np.flatnonzero(chosen[placement.rows])
        return Placement(placement.ids[places], placement.rows[places])

    def _told_enough(self, near: Scores, last: float, margin: float) -> bool:
        if self._table.approximate:
            return last > -np.inf
        return bool(near[-1] < last - margin)

    def _newer_products(self, query: Vector) -> tuple[Ids, NDArray[np.float32]]:
        if self._newer is None:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        return self._table.rows + np.arange(self._newer.rows), self._newer.scan(query)

    def _products(self, query: Vector, rows: Ids) -> Scores:
        fetched = StoredRows((self._fetched(rows),), self._form)
        return fetched.scores(query, np.arange(rows.size))

    def _fetched(self, rows: Ids) -> Halves:
        """Halves (n, dimension) of ``rows`` (n,), in their order."""
        first_newer = self._table.rows
        found = np.empty((rows.size, self._table.dimension), dtype=np.float16)
        newer = rows >= first_newer
        if newer.any():
            assert self._newer is not None
            local = np.concatenate([np.asarray(array) for array in self._newer.arrays])
            found[newer] = local[rows[newer] - first_newer]
        wanted = rows[~newer]
        with self._lock:
            missing = [row for row in each_once(wanted).tolist() if row not in self._kept]
        fresh: dict[int, Halves] = {}
        if missing:
            fresh = dict(zip(missing, self._table.vectors(np.array(missing, dtype=np.int64)), strict=True))
        with self._lock:
            held = [fresh[row] if row in fresh else self._kept.get(row) for row in wanted.tolist()]
            self._put(fresh)
        if any(one is None for one in held):  # what another thread's search has pushed out meanwhile
            held = list(self._table.vectors(wanted))
        if held:
            found[~newer] = np.stack([one for one in held if one is not None])
        return found

    def _keep(self, found: list[Found]) -> None:
        with self._lock:
            for one in found:
                self._put(dict(zip(one.rows.tolist(), one.vectors, strict=True)))

    def _put(self, rows: dict[int, Halves]) -> None:
        for row, vector in rows.items():
            self._kept[row] = vector
            self._kept.move_to_end(row)
        while len(self._kept) > KEPT_ROWS:
            self._kept.popitem(last=False)
