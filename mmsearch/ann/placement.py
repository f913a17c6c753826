"""The vectors of one (encoder, modality) as they lie on disk, and which item each row belongs to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.ann.products import products_with
from mmsearch.store.precision import HalfForm, widen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from mmsearch.store.precision import RowForm, Rows
    from mmsearch.types import Ids, Scores, Vector, Vectors

# Rows that are widened and multiplied in one go: their float32 form (1,536 bytes a row of 384) stays in a
# core's cache. Measured at 100,000 x 384: 1,024 rows 11.6 ms, 64 rows 19.5 ms, 4,096 rows 12.9 ms.
BLOCK_ROWS = 1024
# Up to so many bytes of rows are kept as float32 once they have been read whole: 40,000 rows of 384.
KEPT_BYTES = 64 << 20
# Looking up a number among many takes 20 times as long as reading one from a table of all that there may be.
FEW_TO_MANY = 20
WIDEST_TABLE = 50


@dataclass(frozen=True, slots=True, eq=False)
class StoredRows:
    """Rows in the store's ``form``, in one or more arrays (n,), which may be memory maps; numbers run through."""

    arrays: tuple[Rows, ...]
    form: RowForm
    _wide: _Wide = field(default_factory=lambda: _Wide(), init=False, repr=False)

    @classmethod
    def of(cls, blocks: Iterable[tuple[int, Rows]], form: RowForm) -> StoredRows:
        """Rows from (number of the first row, rows) in order, as the store's shards give them."""
        arrays = []
        expected = 0
        for first, block in blocks:
            if first != expected or block.dtype != form.dtype.base or block.shape[1:] != form.dtype.shape:
                raise ValueError(f"rows {first}+{block.shape} after {expected} rows of {form.dimension}")
            arrays.append(block)
            expected += len(block)
        return cls(tuple(arrays), form)

    @property
    def dimension(self) -> int:
        """Floats of a row."""
        return self.form.dimension

    @property
    def rows(self) -> int:
        """How many rows there are, those of deleted items included."""
        return sum(len(array) for array in self.arrays)

    def blocks(self, first: int = 0) -> Iterator[tuple[int, Rows]]:
        """(number of the first row, at most BLOCK_ROWS rows) over the rows from ``first`` on, in order."""
        offset = 0
        for array in self.arrays:
            for start in range(max(0, first - offset), len(array), BLOCK_ROWS):
                yield offset + start, array[start : start + BLOCK_ROWS]
            offset += len(array)

    def read(self, rows: Ids) -> Vectors:
        """The vectors (n, dimension) float32 of the given rows, in the order given."""
        if self._wide.vectors is not None:
            return np.asarray(self._wide.vectors[rows])
        if len(self.arrays) == 1:
            return self.form.decode(self.arrays[0][rows])
        stored = np.empty(rows.size, dtype=self.form.dtype)
        offset = 0
        for array in self.arrays:
            here = np.flatnonzero((rows >= offset) & (rows < offset + len(array)))
            if here.size:
                stored[here] = array[rows[here] - offset]
            offset += len(array)
        return self.form.decode(stored)

    def scan(self, query: Vector, first: int = 0) -> NDArray[np.float32]:
        """Products of ``query`` with the rows from ``first`` on, nearly exact (see ``scan_error``).

        What scans all rows a second time keeps them as float32, if they are few halves: half of a scan is widening.
        """
        products = np.empty(max(0, self.rows - first), dtype=np.float32)
        if (wide := self._widened()) is not None:
            for start in range(first, len(wide), BLOCK_ROWS):
                block = wide[start : start + BLOCK_ROWS]
                products[start - first : start - first + len(block)] = block @ query
            return products
        multiply = products_with(query, self.form)
        for start, rows in self.blocks(first):
            products[start - first : start - first + len(rows)] = multiply(rows)
        return products

    def _widened(self) -> Vectors | None:
        """All rows as float32 (n, dimension), if they are kept so."""
        kept = self._wide
        if kept.vectors is None and isinstance(self.form, HalfForm):
            kept.scans += 1
            if kept.scans > 1 and 4 * self.rows * self.dimension <= KEPT_BYTES:
                wide = np.empty((self.rows, self.dimension), dtype=np.float32)
                for start, rows in self.blocks():
                    wide[start : start + len(rows)] = widen(rows)
                kept.vectors = wide
        return kept.vectors

    def scores(self, query: Vector, rows: Ids) -> Scores:
        """Products (n,) float64 of ``query`` with the given rows, each summed by itself in one fixed order.

        A matrix product is faster, but its last bits depend on the row's neighbours: an item's score would
        change with the set that it is scored in, and equal vectors could get unequal scores.
        """
        found = np.empty(rows.size, dtype=np.float64)
        for start in range(0, rows.size, BLOCK_ROWS):
            part = self.read(rows[start : start + BLOCK_ROWS])
            found[start : start + BLOCK_ROWS] = np.einsum("ij,j->i", part, query, optimize=False)
        return found


@dataclass(slots=True, eq=False)
class _Wide:
    """Rows as float32, once they are kept so, and how often all of them were scanned until then."""

    vectors: Vectors | None = None
    scans: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Which row holds the vector of which item: ``ids`` (n,) ascending and unique, ``rows`` (n,) beside them.

    Several items may share a row (copies); a row may belong to no item (deleted).
    """

    ids: Ids
    rows: Ids
    lookup: Lookup = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lookup", Lookup(self.ids, self.rows))
        if self.ids.ndim != 1 or self.ids.shape != self.rows.shape:
            raise ValueError(f"ids {self.ids.shape} and rows {self.rows.shape} must be (n,)")
        if (np.diff(self.ids) <= 0).any():
            raise ValueError("item ids must be ascending and unique")

    def rows_of(self, ids: Ids) -> Ids:
        """The row of each item of ``ids``; ValueError when one has none."""
        rows = self.lookup(ids)
        if (rows < 0).any():
            raise ValueError("an item is not in this index")
        return rows

    def among(self, allowed: Ids) -> Placement:
        """The items that are also in ``allowed`` (ascending)."""
        if allowed.size * FEW_TO_MANY < self.ids.size:
            at = np.searchsorted(self.ids, allowed)
            at[at == self.ids.size] = 0
            kept = at[self.ids[at] == allowed]
        else:
            kept = np.flatnonzero(contains(allowed, self.ids))
        return self if kept.size == self.ids.size else Placement(self.ids[kept], self.rows[kept])


class Lookup:
    """From ids to what belongs to them: ``values`` (n,), not negative, of ``ids`` (n,), ascending and unique.

    The ids of a catalogue leave few gaps, so a table by id serves, made when it is first asked.
    """

    def __init__(self, ids: Ids, values: Ids) -> None:
        self._ids, self._values = ids, values
        self._table: Ids | None = None

    def __call__(self, wanted: Ids) -> Ids:
        """The values of ``wanted`` (m,), in their order; -1 for an id that is not there."""
        if not self._ids.size or not wanted.size:
            return np.full(wanted.size, -1, dtype=np.int64)
        highest = int(self._ids[-1])
        if self._ids[0] < 0 or highest > WIDEST_TABLE * self._ids.size:
            at = np.searchsorted(self._ids, wanted)
            at[at == self._ids.size] = 0
            return np.where(self._ids[at] == wanted, self._values[at], -1)
        if self._table is None:
            table = np.full(highest + 2, -1, dtype=np.int64)
            table[self._ids] = self._values
            self._table = table
        # what lies outside falls on the last place, which stays empty
        inside = np.where((wanted < 0) | (wanted > highest), highest + 1, wanted)
        return np.asarray(self._table[inside])


def each_once(items: Ids) -> Ids:
    """The members of ``items`` (n,), ascending, each once.

    As `numpy.unique`, which would load masked arrays: a hundredth of a first query's time.
    """
    ordered = np.sort(items)
    return np.asarray(ordered[np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1))])


def contains(many: Ids, ids: Ids) -> NDArray[np.bool_]:
    """Whether each of ``ids`` (n,) is among ``many`` (ascending); both may be large."""
    if not many.size or not ids.size:
        return np.zeros(ids.size, dtype=bool)
    highest = int(max(many[-1], ids.max()))
    few = ids.size * FEW_TO_MANY < many.size
    if few or highest > WIDEST_TABLE * (many.size + ids.size) or many[0] < 0:
        at = np.searchsorted(many, ids)
        at[at == many.size] = 0
        return np.asarray(many[at] == ids)
    table = np.zeros(highest + 1, dtype=bool)
    table[many] = True
    return np.asarray(table[ids])


class ItemsOfRows:
    """The items of each row, for rows in any order."""

    def __init__(self, placement: Placement, rows: int) -> None:
        order = np.argsort(placement.rows, kind="stable")
        self._placement = placement
        self._ids = placement.ids[order]
        self._counts = np.bincount(placement.rows, minlength=rows)
        self._firsts = np.cumsum(self._counts) - self._counts
        self.all_live = bool(self._counts.all())

    def of(self, rows: Ids, allowed: Placement) -> tuple[Ids, Ids]:
        """The items of ``rows`` (unique) that are in ``allowed``, and the place of each one's row among ``rows``."""
        counts = self._counts[rows]
        before = np.repeat(np.cumsum(counts) - counts, counts)
        ids = self._ids[np.repeat(self._firsts[rows], counts) + np.arange(before.size) - before]
        places = np.repeat(np.arange(rows.size), counts)
        if allowed is not self._placement:
            kept = contains(allowed.ids, ids)
            ids, places = ids[kept], places[kept]
        return ids, places
