"""Short codes of all rows, for indexes whose rows take too long to read: half a byte for every four floats.

A product quantizer (Jégou et al., 2011) with 16 centroids for each four floats, whose products with a query FAISS looks
up in registers (André et al., 2015): a million rows of 384 floats take about 3 ms. The candidates are then scored from
the rows themselves. All codes are looked at for every query, so sentences, which lie far from all pictures, lose no
more than pictures do; inverted lists would look into the wrong ones. Beforehand the space is turned so that each four
floats vary equally much.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.ann.codes import search
from mmsearch.ann.exact import ExactIndex
from mmsearch.ann.index import best, check_query
from mmsearch.ann.placement import ItemsOfRows, Placement, StoredRows
from mmsearch.errors import IndexDirectoryError
from mmsearch.store.durable.checksums import file_checksums
from mmsearch.store.durable.files import plain_errors, sync
from mmsearch.store.durable.sealed import read_sealed, write_sealed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from mmsearch.types import Ids, Ranking, Vector, Vectors

FLOATS = 4  # of a row, that share a code of four bits
TRAINING_ROWS = 60_000
ROWS_AT_ONCE = 16_384
# Candidates for each hit asked for. More where the build's queries want more for their ten best.
PER_DEPTH = 4
# With 200, 3 % of the ten best pictures for real captions were missed among 500,000, though hardly any for the bank's.
FEWEST, MOST = 800, 6_400
BUILD_RECALL = 0.995
# Up to so many allowed rows, reading them beats looking at all codes, and is exact.
GATHER_ROWS = 20_000
# Rows that came after the codes were made are all scored, 12 ms for 100,000: with so many, they get codes too.
NEWER = 0.01
# The quantizer is trained anew when there are so many times the rows that it was trained for.
GROWTH = 2.0


class CoarseIndex(ExactIndex):
    """A ``VectorIndex`` that finds candidates by their codes; rows that came after these were made are all scored.

    Not exact, unless few items are allowed: of the ten best for the queries of the build, 995 of 1,000 were found.
    """

    exact = False

    def __init__(self, placement: Placement, rows: StoredRows, codes: Any, candidates: int) -> None:
        super().__init__(placement, rows)
        self._items_of_rows = ItemsOfRows(placement, rows.rows)
        self._codes, self._candidates = codes, candidates

    @classmethod
    def open(
        cls, placement: Placement, rows: StoredRows, path: Path, state: Callable[[int], str]
    ) -> CoarseIndex | None:
        """The index whose codes lie at ``path``; None when they are damaged, or were made of other rows."""
        read = _read(path, state, rows)
        return (
            None if read is None else cls(placement, rows, read[0], max(FEWEST, int(read[1]["candidates"])))
        )

    def search(self, query: Vector, depth: int, among: Ids | None = None) -> Ranking:
        query = check_query(query, self._rows.dimension, depth)
        placement = self._placement if among is None else self._placement.among(among)
        if not depth or placement.ids.size <= max(depth, GATHER_ROWS):
            return best(placement.ids, self._rows.scores(query, placement.rows), depth)
        rows = self._rows_near(query, max(self._candidates, PER_DEPTH * depth), placement)
        ids, places = self._items_of_rows.of(rows, placement)
        return best(ids, self._rows.scores(query, rows)[places], depth)

    def _rows_near(self, query: Vector, wanted: int, placement: Placement) -> Ids:
        """At least ``wanted`` rows of items in ``placement`` (fewer if there are fewer), and all newer ones."""
        coded = int(self._codes.ntotal)
        allowed = None
        if placement is not self._placement or not self._items_of_rows.all_live:
            allowed = np.zeros(self._rows.rows, dtype=bool)
            allowed[placement.rows] = True
        asked = wanted
        while True:
            found = search(self._codes, query, min(asked, coded), None)[1]
            if allowed is not None:
                found = found[allowed[found]]
            if found.size >= wanted or asked >= coded:
                break
            asked = max(2 * asked, int(1.2 * asked * wanted / max(found.size, 1)))
        newer = np.arange(coded, self._rows.rows, dtype=np.int64)
        return np.concatenate([found[:wanted], newer if allowed is None else newer[allowed[coded:]]])


def needs_codes(path: Path, rows: StoredRows, state: Callable[[int], str]) -> bool:
    """Whether ``write_codes`` has something to do: there are none for these rows, or too few."""
    known = _description(path)
    if known is None or known.get("state") != state(int(known["rows"])):
        return True
    return rows.rows > (1 + NEWER) * int(known["rows"])


def write_codes(rows: StoredRows, queries: Vectors, path: Path, state: Callable[[int], str]) -> None:
    """Write the codes of all ``rows`` to ``path`` and what is known of them beside it, in place of what is there.

    Rows that came since are added to the codes that are there, until there are twice as many as the quantizer was
    trained for. ``state`` names the first so many rows, as they are in the store. ``queries`` (m, dimension) decide how
    many candidates a search looks at; they must be like the real ones. Takes about a minute a million rows and, beside
    the codes, 300 MB. Raises IndexDirectoryError when the disk is full.
    """
    import faiss

    known = _description(path)
    there = _read(path, state, rows)
    if there is not None and known is not None and rows.rows < GROWTH * int(known["trained"]):
        index, trained = there[0], int(known["trained"])
    else:
        index, trained = _trained(rows), rows.rows
    first = int(index.ntotal)
    for start in range(first, rows.rows, ROWS_AT_ONCE):
        index.add(rows.read(np.arange(start, min(start + ROWS_AT_ONCE, rows.rows))))
    candidates = _candidates(index, rows, queries) if known is None or not first else int(known["candidates"])
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    with plain_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _description_file(path).unlink(missing_ok=True)
        try:
            with partial.open("wb") as file:
                file.write(faiss.serialize_index(index).data)
            sync(partial)
            partial.replace(path)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
    described = {
        "rows": rows.rows,
        "trained": trained,
        "candidates": candidates,
        "state": state(rows.rows),
        path.name: file_checksums(path),
    }
    write_sealed(_description_file(path), described)


def forget_codes(path: Path) -> None:
    """Delete the codes at ``path``, if there are any."""
    with plain_errors(path):
        for file in (_description_file(path), path):
            file.unlink(missing_ok=True)


def _trained(rows: StoredRows) -> Any:
    """An empty index of codes, whose centroids are those of a sample of ``rows``."""
    import faiss

    chosen = np.random.default_rng(0).permutation(rows.rows)[:TRAINING_ROWS]
    sample = rows.read(np.sort(chosen))
    width = -(-rows.dimension // (2 * FLOATS)) * 2 * FLOATS
    turn = faiss.LinearTransform(rows.dimension, width, False)
    faiss.copy_array_to_vector(_turn(sample, width).ravel(), turn.A)
    turn.is_trained = True
    codes = faiss.IndexPQFastScan(width, width // FLOATS, 4, faiss.METRIC_INNER_PRODUCT)
    codes.pq.cp.seed = 0
    index = faiss.IndexPreTransform(turn, codes)
    index.train(sample)
    return index


def _turn(sample: Vectors, width: int) -> NDArray[np.float32]:
    """The rotation (width, dimension), rows of zeros added, after which each four floats vary equally much.

    The directions of the sample's variance, given out to the groups from the largest on: each goes to the group, not
    yet full, whose product of variances is least (Ge et al., 2013).
    """
    variances, directions = np.linalg.eigh(np.cov(sample.T.astype(np.float64)))
    groups: list[list[int]] = [[] for _ in range(width // FLOATS)]
    products = np.zeros(len(groups))
    least = np.log(max(float(variances.max()) * 1e-9, 1e-300))
    for place in np.argsort(-variances, kind="stable").tolist():
        room = [number for number, group in enumerate(groups) if len(group) < FLOATS]
        chosen = min(room, key=lambda number: products[number])
        groups[chosen].append(place)
        products[chosen] += np.log(max(float(variances[place]), 1e-300)) - least
    turn = np.zeros((width, sample.shape[1]), dtype=np.float32)
    for number, group in enumerate(groups):
        turn[number * FLOATS : number * FLOATS + len(group)] = directions[:, group].T
    return turn


def _candidates(index: Any, rows: StoredRows, queries: Vectors) -> int:
    """The fewest candidates, ``FEWEST`` times a power of 2, among which are ``BUILD_RECALL`` of the ten best."""
    queries = np.ascontiguousarray(queries, dtype=np.float32)
    depth = min(10, rows.rows)
    truth = []
    for query in queries:
        products = rows.scan(query)
        truth.append(np.argpartition(-products, depth - 1)[:depth])
    wanted = FEWEST
    while wanted < MOST:
        found = [search(index, query, min(wanted, rows.rows), None)[1] for query in queries]
        hits = sum(int(np.isin(best, some).sum()) for best, some in zip(truth, found, strict=True))
        if hits >= BUILD_RECALL * depth * len(truth):
            break
        wanted *= 2
    return wanted


def _description_file(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _description(path: Path) -> dict[str, Any] | None:
    """What is written beside the codes; None when there are none, or it is damaged."""
    try:
        found = read_sealed(_description_file(path))
    except (ValueError, IndexDirectoryError):
        return None
    whole = found is not None and all(
        isinstance(found.get(name), int) for name in ("rows", "trained", "candidates")
    )
    return found if whole else None


def _read(path: Path, state: Callable[[int], str], rows: StoredRows) -> tuple[Any, dict[str, Any]] | None:
    import faiss

    known = _description(path)
    try:
        if (
            known is None
            or known.get("state") != state(known["rows"])
            or known.get(path.name) != file_checksums(path)
        ):
            return None
        index = faiss.read_index(str(path))
    except (RuntimeError, IndexDirectoryError):
        return None
    return (index, known) if index.d == rows.dimension and 0 < index.ntotal <= rows.rows else None
