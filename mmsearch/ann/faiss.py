"""FAISS over the same rows, for a process that answers many queries.

``ScannedIndex`` holds a code of each row and is exact; ``ListedIndex`` looks only into the inverted
lists nearest to the query, for millions of rows. Both take FAISS's word for the candidates and score those
from the rows, so that an item's score does not depend on the index that found it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.ann.codes import GATHER_ROWS, Codes, search, selector
from mmsearch.ann.exact import ExactIndex
from mmsearch.ann.index import best, check_query
from mmsearch.ann.placement import Placement, StoredRows, contains
from mmsearch.store.precision import HalfForm

if TYPE_CHECKING:
    from pathlib import Path

    from mmsearch.types import Ids, Ranking, Vector, Vectors

# Up to so many allowed rows, reading them beats a search of all inverted lists, which a filter needs to stay exact.
GATHER_ROWS_LISTED = 20_000
# Rows asked for beyond the depth: ties and rounding at the cut then rarely need a second search.
SPARE = 32
# k-means wants 39 or more rows a list, or FAISS warns.
TRAINING_ROWS_PER_LIST = 40
TRAINING_ROUNDS = 10
# The lists to visit are chosen when the index is built: the fewest with this recall@10 on the given queries.
BUILD_RECALL = 0.99


class ScannedIndex(ExactIndex):
    """A ``VectorIndex`` that finds candidates with FAISS among the codes of all rows, which it holds; exact."""

    def __init__(self, placement: Placement, rows: StoredRows) -> None:
        super().__init__(placement, rows)
        self._items_of_rows = _ItemsOfRows(placement, rows.rows)
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


class ListedIndex(ExactIndex):
    """A ``VectorIndex`` over inverted lists on disk; rows that came after it was built are all scored.

    Not exact without a filter. With one it is: the allowed rows are scored one by one when they are few,
    and all lists are visited otherwise.
    """

    exact = False

    def __init__(self, placement: Placement, rows: StoredRows, saved: Any) -> None:
        super().__init__(placement, rows)
        self._items_of_rows = _ItemsOfRows(placement, rows.rows)
        self._faiss = saved

    @classmethod
    def open(cls, placement: Placement, rows: StoredRows, path: Path) -> ListedIndex | None:
        """The index saved at ``path``, or None when that is damaged or belongs to other rows."""
        import faiss

        try:
            saved = faiss.read_index(str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
        except RuntimeError:
            return None
        if saved.d != rows.dimension or not 0 < saved.ntotal <= rows.rows:
            return None
        return cls(placement, rows, saved)

    def search(self, query: Vector, depth: int, among: Ids | None = None) -> Ranking:
        import faiss

        query = check_query(query, self._rows.dimension, depth)
        placement = self._placement if among is None else self._placement.among(among)
        if not depth or placement.ids.size <= max(depth, GATHER_ROWS_LISTED):
            return best(placement.ids, self._rows.scores(query, placement.rows), depth)
        unfiltered = placement is self._placement
        live = None if unfiltered and self._items_of_rows.all_live else placement.rows
        parameters, _, _keep = selector(live, self._faiss.ntotal, faiss.SearchParametersIVF)
        parameters.nprobe = self._faiss.nprobe if unfiltered else self._faiss.nlist
        listed = search(self._faiss, query, depth + SPARE, parameters)[1]
        newer = np.arange(self._faiss.ntotal, self._rows.rows, dtype=np.int64)
        found = np.concatenate([listed, newer])
        ids, places = self._items_of_rows.of(found, placement)
        return best(ids, self._rows.scores(query, found[places]), depth)


def build_lists(rows: StoredRows, queries: Vectors, path: Path, *, seed: int = 0) -> None:
    """Write inverted lists over all ``rows`` to ``path``, replacing what is there in one step.

    ``queries`` (m, dimension) decide how many lists a search visits; they must be like the real ones, since
    sentences lie further from every picture than pictures do. Takes about a minute a million rows.
    """
    import faiss

    lists = max(1, int(4 * rows.rows**0.5))
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(rows.dimension),
        rows.dimension,
        lists,
        faiss.ScalarQuantizer.QT_fp16 if isinstance(rows.form, HalfForm) else faiss.ScalarQuantizer.QT_8bit,
        faiss.METRIC_INNER_PRODUCT,
        False,  # rows themselves, not their differences from the list's center: exact products
    )
    index.cp.niter, index.cp.seed = TRAINING_ROUNDS, seed
    chosen = np.random.default_rng(seed).permutation(rows.rows)[: lists * TRAINING_ROWS_PER_LIST]
    index.train(rows.read(np.sort(chosen)))
    for _, block in rows.blocks():
        index.add(rows.form.decode(block))
    index.nprobe = _lists_to_visit(index, rows, queries)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    faiss.write_index(index, str(unfinished))
    unfinished.replace(path)


class _ItemsOfRows:
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


def _lists_to_visit(index: Any, rows: StoredRows, queries: Vectors) -> int:
    """The fewest lists, a power of 2 (at most all), with ``BUILD_RECALL`` of the 10 best rows."""
    depth = min(10, rows.rows)
    truth = []
    for query in queries:
        products = rows.scan(np.ascontiguousarray(query, dtype=np.float32))
        truth.append(set(np.argpartition(-products, depth - 1)[:depth].tolist()))
    visited = 1
    while visited < index.nlist:
        index.nprobe = visited
        found = index.search(np.ascontiguousarray(queries, dtype=np.float32), depth)[1]
        hits = sum(len(t.intersection(f.tolist())) for t, f in zip(truth, found, strict=True))
        if hits >= BUILD_RECALL * depth * len(truth):
            break
        visited *= 2
    return int(min(visited, index.nlist))
