"""All rows' codes (halves, bytes, bits) in one FAISS index, copied as they are: which rows are nearest to a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmsearch.ann.products import factors, scan_error
from mmsearch.store.precision import BitForm, ByteForm, signs_of_bytes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mmsearch.ann.rows import StoredRows
    from mmsearch.store.precision import RowForm, Rows
    from mmsearch.types import Ids, Vector

# Up to so many allowed rows, reading them beats a search with a selector (both 0.4 to 0.7 ms).
GATHER_ROWS = 1_000
# Rows asked for beyond the depth: ties and rounding at the cut then rarely need a second search.
SPARE = 32
# When more than this share of the rows would have to be looked at, reading all of them in numpy is faster.
MOST_CANDIDATES = 0.25
# So many rows have a factor that is too far from the others' to be reckoned with, and are always looked at.
ODD_ROWS = 0.001


class Codes:
    """The codes of ``rows`` in FAISS, which multiplies them with a query without regard to the rows' factors.

    Factors differ little. What is nearest by the product alone is certain to hold the nearest by the product with
    the factor, once the last of the former is further off than the factors differ; ``odd`` rows are excepted.
    """

    def __init__(self, rows: StoredRows) -> None:
        import numpy as np

        self._rows = rows
        self._index = _faiss_index(rows)
        self._usual, self._slack = 1.0, 0.0
        self._odd: Ids = np.empty(0, dtype=np.int64)
        parts = [found for array in rows.arrays if (found := factors(array, rows.form)) is not None]
        if parts:
            every = np.concatenate(parts).astype(np.float64)
            self._usual = float(np.median(every))
            apart = np.abs(every / self._usual - 1)
            self._slack = float(np.quantile(apart, 1 - ODD_ROWS))
            self._odd = np.flatnonzero(apart > self._slack)

    def nearest(self, query: Vector, depth: int, live: Ids | None) -> Ids | None:
        """Rows among which the ``depth`` best of ``live`` (None: of all) are certain to be, and maybe others.

        None when the search is better done otherwise.
        """
        import numpy as np

        asked = np.zeros(self._index.d, dtype=np.float32)
        asked[: query.size] = query
        parameters, available, allowed, _keep = None, self._rows.rows, None, None
        if live is not None and isinstance(self._rows.form, BitForm):
            allowed = np.zeros(available, dtype=bool)  # FAISS's product quantizer knows no selector
            allowed[live] = True
        elif live is not None:
            parameters, available, _keep = selector(live, available)
        wanted = depth + SPARE
        while True:
            products, found = search(self._index, asked, min(wanted, available), parameters)
            scores = products.astype(np.float64) * self._usual
            cut = float(scores[-1])
            if allowed is not None:
                scores, found = scores[allowed[found]], found[allowed[found]]
            if wanted >= available or (scores.size >= depth and self._certain(float(scores[depth - 1]), cut)):
                return np.union1d(found, self._odd) if self._odd.size else found
            wanted *= 2
            if wanted > max(MOST_CANDIDATES * available, 2 * (depth + SPARE)):
                return None

    def _certain(self, last: float, cut: float) -> bool:
        """Whether no row at or below ``cut`` can be above one at or above ``last``, both by the product alone."""
        rounding = 2.0 * scan_error(self._rows.dimension)
        return cut < last - rounding - self._slack * (abs(last) + abs(cut))


def _faiss_index(rows: StoredRows) -> Any:
    """All rows' codes in one FAISS index that decodes them as ``rows.form`` does, but for the factor."""
    import faiss
    import numpy as np

    index = _empty_index(rows.form)
    index.codes.resize(rows.rows * index.code_size)
    held = faiss.rev_swig_ptr(index.codes.data(), rows.rows * index.code_size)
    held = held.reshape(rows.rows, index.code_size)
    for first, block in rows.blocks():
        held[first : first + len(block)] = _codes(np.ascontiguousarray(block), rows.form)
    index.ntotal = rows.rows
    return index


def _empty_index(form: RowForm) -> Any:
    import faiss
    import numpy as np

    index: Any
    if isinstance(form, BitForm):
        # a product quantizer with the eight signs of a byte as the byte's centroid
        parts = -(-form.dimension // 8)
        index = faiss.IndexPQ(8 * parts, parts, 8, faiss.METRIC_INNER_PRODUCT)
        faiss.copy_array_to_vector(np.tile(signs_of_bytes(), (parts, 1)).ravel(), index.pq.centroids)
    elif isinstance(form, ByteForm):
        kind = faiss.ScalarQuantizer.QT_8bit_uniform
        index = faiss.IndexScalarQuantizer(form.dimension, kind, faiss.METRIC_INNER_PRODUCT)
        # it takes the code c for low + width x (c + 1/2) / 255: c - 128 with these (low, width)
        faiss.copy_array_to_vector(np.array([-128.5, 255.0], np.float32), index.sq.trained)
    else:
        kind = faiss.ScalarQuantizer.QT_fp16
        index = faiss.IndexScalarQuantizer(form.dimension, kind, faiss.METRIC_INNER_PRODUCT)
    index.is_trained = True
    return index


def _codes(rows: Rows, form: RowForm) -> NDArray[np.uint8]:
    """The bytes (n, code size) that FAISS stores."""
    import numpy as np

    if isinstance(form, BitForm):
        return np.asarray(rows["bits"])
    if isinstance(form, ByteForm):
        return np.asarray(np.ascontiguousarray(rows["codes"]).view(np.uint8) ^ 0x80)
    return rows.view(np.uint8)


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
    import numpy as np

    parameters = (kind or faiss.SearchParameters)()
    if live is None:
        return parameters, rows, None
    allowed = np.zeros(rows, dtype=bool)
    allowed[live[live < rows]] = True
    bits = np.packbits(allowed, bitorder="little")
    selector = faiss.IDSelectorBitmap(rows, faiss.swig_ptr(bits))
    parameters.sel = selector
    return parameters, int(np.count_nonzero(allowed)), (bits, selector)
