"""All rows' codes (bytes, bits) in one FAISS index: which rows are nearest to a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mmsearch.ann.products import factors, scan_error
from mmsearch.store.precision import BitForm, HalfForm, signs_of_bytes, widen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mmsearch.ann.placement import StoredRows
    from mmsearch.store.precision import RowForm, Rows
    from mmsearch.types import Ids, Scores, Vector, Vectors

# Up to so many allowed rows, reading them beats a search with a selector (both 0.4 to 0.7 ms).
GATHER_ROWS = 1_000
# Rows asked for, for each of the depth and beyond: what rounding, ties at the cut and factors leave open then rarely
# needs a second search. Of 50,000 vectors of 384 floats, 2.5 times as many as the depth are near enough.
PER_DEPTH, SPARE = 3, 32
# When more than this share of the rows would have to be looked at, reading all of them in numpy is faster.
MOST_CANDIDATES = 0.25
# So many rows have a factor that is too far from the others' to be reckoned with, and are always looked at.
ODD_ROWS = 0.001
# The largest code of a byte.
LARGEST = 127


class _Asked(NamedTuple):
    """A query for FAISS: a row's score is ``unit`` times what comes of it, plus ``shift``, to within ``error``."""

    query: Vector
    unit: float
    shift: float
    error: float


class Codes:
    """The codes of ``rows`` in FAISS, which tells the scores of rows from them nearly: enough to choose candidates.

    Bytes take a third of the time of halves, so halves are rounded to bytes, float by float over its range, and the
    query to whole numbers, whose products are exact however FAISS adds them up. What was rounded off can change a
    score by its length at most (Cauchy and Schwarz). Nor does FAISS know the rows' factors: these differ little,
    ``odd`` rows excepted.
    """

    def __init__(self, rows: StoredRows) -> None:
        self._rows = rows
        self._index, held = _faiss_index(rows)
        self._center, self._step = np.zeros(rows.dimension), np.ones(rows.dimension)
        # of a row's codes times its factor, and of what was rounded off a row, at most
        self._length, self._lost = 1.0, 0.0
        if isinstance(rows.form, HalfForm):
            self._center, self._step = _ranges(rows)
            self._length, self._lost = _round_to_bytes(rows, self._center, self._step, held)
        else:
            for first, block in rows.blocks():
                held[first : first + len(block)] = _codes(block, rows.form)
        if isinstance(rows.form, BitForm):
            self._center = rows.form.center.astype(np.float64)
        self._usual, self._slack = 1.0, 0.0
        self._odd: Ids = np.empty(0, dtype=np.int64)
        parts = [found for array in rows.arrays if (found := factors(array, rows.form)) is not None]
        if parts:
            every = np.concatenate(parts).astype(np.float64)
            self._usual = float(np.median(every))
            apart = np.abs(every / self._usual - 1)
            self._slack = float(np.quantile(apart, 1 - ODD_ROWS))
            self._odd = np.flatnonzero(apart > self._slack)

    def nearest(self, query: Vector, depth: int, live: Ids | None) -> tuple[Ids, Scores] | None:
        """Rows (n,) among which the ``depth`` best of ``live`` (None: of all) are certain to be, and maybe others,
        and the scores (n,) of them.

        None when the search is better done otherwise.
        """
        asked = self._asked(query)
        parameters, available, allowed, _keep = None, self._rows.rows, None, None
        if live is not None and isinstance(self._rows.form, BitForm):
            allowed = np.zeros(available, dtype=bool)  # FAISS's product quantizer knows no selector
            allowed[live] = True
        elif live is not None:
            parameters, available, _keep = selector(live, available)
        wanted = most = PER_DEPTH * depth + SPARE
        while True:
            products, found = search(self._index, asked.query, min(wanted, available), parameters)
            highest = self._highest(products, asked)
            cut = float(highest[-1])  # no row that was not found is above
            if allowed is not None:
                highest, found = highest[allowed[found]], found[allowed[found]]
            first, rest = found[:depth], found[depth:]
            scores = self._rows.scores(query, first)
            last = float(scores.min()) if first.size == depth else -np.inf
            if wanted >= available or cut < last:
                rest = rest[highest[depth:] >= last]
                if self._odd.size:
                    rest = np.setdiff1d(np.union1d(rest, self._odd), first)
                return np.append(first, rest), np.append(scores, self._rows.scores(query, rest))
            wanted *= 2
            if wanted > max(MOST_CANDIDATES * available, 2 * most):
                return None

    def _asked(self, query: Vector) -> _Asked:
        rounding = 2.0 * scan_error(self._rows.dimension)
        shift = float(self._center @ query)
        if isinstance(self._rows.form, BitForm):
            padded = np.zeros(self._index.d, dtype=np.float32)
            padded[: query.size] = query
            return _Asked(padded, self._usual, shift, rounding)
        scaled = query * self._step
        unit = float(np.abs(scaled).max()) / LARGEST or 1.0
        whole = np.rint(scaled / unit)
        error = float(np.linalg.norm(scaled - unit * whole)) * self._length
        error += float(np.linalg.norm(query)) * self._lost
        return _Asked(whole.astype(np.float32), unit * self._usual, shift, error + rounding)

    def _highest(self, products: NDArray[np.float32], asked: _Asked) -> NDArray[np.float64]:
        """The highest score that each product can stand for; descending as they are."""
        told = products.astype(np.float64) * asked.unit
        return np.asarray(told + self._slack * np.abs(told) + (asked.shift + asked.error))


def _ranges(rows: StoredRows) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The middle of the range of each float of ``rows``, and the step that divides it into bytes, (dimension,)."""
    lowest = np.full(rows.dimension, np.inf, dtype=np.float32)
    highest = -lowest
    for _, block in rows.blocks():
        floats = widen(block)
        np.minimum(lowest, floats.min(axis=0), out=lowest)
        np.maximum(highest, floats.max(axis=0), out=highest)
    center, half = (highest + lowest) / 2.0, (highest - lowest) / 2.0
    return center.astype(np.float64), np.where(half > 0, half / LARGEST, 1.0).astype(np.float64)


def _round_to_bytes(
    rows: StoredRows, center: NDArray[np.float64], step: NDArray[np.float64], held: NDArray[np.uint8]
) -> tuple[float, float]:
    """Fill ``held`` with the codes of halves; the length of the longest, and of most that was rounded off a row."""
    middle, width = center.astype(np.float32), step.astype(np.float32)
    length = lost = 0.0
    for first, block in rows.blocks():
        floats = widen(block)
        codes = floats - middle
        codes /= width
        np.rint(codes, out=codes)
        held[first : first + len(block)] = codes + (LARGEST + 1)
        length = max(length, _longest(codes))
        codes *= width
        codes += middle
        codes -= floats
        lost = max(lost, _longest(codes))
    return length, lost


def _longest(vectors: Vectors) -> float:
    return float(np.sqrt(np.einsum("ij,ij->i", vectors, vectors).max(initial=0.0)))


def _faiss_index(rows: StoredRows) -> tuple[Any, NDArray[np.uint8]]:
    """A FAISS index with room for the codes of all ``rows``, and that room (n, code size)."""
    import faiss

    index = _empty_index(rows.form)
    index.codes.resize(rows.rows * index.code_size)
    held = faiss.rev_swig_ptr(index.codes.data(), rows.rows * index.code_size)
    index.ntotal = rows.rows
    return index, held.reshape(rows.rows, index.code_size)


def _empty_index(form: RowForm) -> Any:
    import faiss

    index: Any
    if isinstance(form, BitForm):
        # a product quantizer with the eight signs of a byte as the byte's centroid
        parts = -(-form.dimension // 8)
        index = faiss.IndexPQ(8 * parts, parts, 8, faiss.METRIC_INNER_PRODUCT)
        faiss.copy_array_to_vector(np.tile(signs_of_bytes(), (parts, 1)).ravel(), index.pq.centroids)
    else:
        kind = faiss.ScalarQuantizer.QT_8bit_direct_signed  # it takes the code c for c - 128
        index = faiss.IndexScalarQuantizer(form.dimension, kind, faiss.METRIC_INNER_PRODUCT)
    index.is_trained = True
    return index


def _codes(rows: Rows, form: RowForm) -> NDArray[np.uint8]:
    """The bytes (n, code size) that FAISS stores."""
    rows = np.ascontiguousarray(rows)
    if isinstance(form, BitForm):
        return np.asarray(rows["bits"])
    return np.asarray(np.ascontiguousarray(rows["codes"]).view(np.uint8) ^ 0x80)


def search(index: Any, query: Vector, wanted: int, parameters: Any) -> tuple[NDArray[np.float32], Ids]:
    """The ``wanted`` best rows with their products, best first; fewer when there are fewer.

    On one thread: for a single query OpenMP's threads wait for each other longer than they work (50,000 rows
    on two cores: 1.7 ms alone, 8 to 16 ms together, with other processes beside).
    """
    import faiss

    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        products, rows = index.search(query[None], wanted, params=parameters)
    finally:
        faiss.omp_set_num_threads(threads)
    found = rows[0] >= 0
    return products[0][found], rows[0][found]


def selector(live: Ids | None, rows: int, kind: Any = None) -> tuple[Any, int, Any]:
    """Search parameters that allow only ``live`` of the first ``rows``, how many those are, and what must
    outlive the search."""
    import faiss

    parameters = (kind or faiss.SearchParameters)()
    if live is None:
        return parameters, rows, None
    allowed = np.zeros(rows, dtype=bool)
    allowed[live[live < rows]] = True
    bits = np.packbits(allowed, bitorder="little")
    selector = faiss.IDSelectorBitmap(rows, faiss.swig_ptr(bits))
    parameters.sel = selector
    return parameters, int(np.count_nonzero(allowed)), (bits, selector)
