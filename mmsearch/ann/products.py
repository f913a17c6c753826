"""Products of a query with rows as they are stored, in each of their forms: fast, and nearly exact.

A product is the row's factor times that of the query with its codes (bytes, signs), plus that with a center.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mmsearch.store.precision import BitForm, ByteForm, signs_of_bytes, widen

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mmsearch.store.precision import RowForm, Rows
    from mmsearch.types import Vector

    Products = Callable[[Rows], NDArray[np.float32]]


def products_with(query: Vector, form: RowForm) -> Products:
    """What gives the products (m,) float32 of ``query`` with rows (m,) of ``form``; see ``scan_error``."""
    if isinstance(form, BitForm):
        return _products_with_bits(query, form)
    if isinstance(form, ByteForm):
        return _products_with_bytes(query)
    return lambda rows: widen(rows) @ query


def factors(rows: Rows, form: RowForm) -> NDArray[np.float32] | None:
    """What the product of a query with each row's codes has to be multiplied by, (m,); None where that is 1."""
    if isinstance(form, BitForm):
        return np.asarray(rows["spread"], dtype=np.float32)
    if isinstance(form, ByteForm):
        return np.asarray(rows["scale"], dtype=np.float32)
    return None


def scan_error(dimension: int) -> float:
    """How far two float32 sums of the products of two unit vectors may lie apart: 2 d 2**-24, and some roundings."""
    return 2.0 * (dimension + 4) * 2.0**-24


def _products_with_bytes(query: Vector) -> Products:
    def products(rows: Rows) -> NDArray[np.float32]:
        found: NDArray[np.float32] = rows["codes"].astype(np.float32) @ query
        found *= rows["scale"]
        return found

    return products


def _products_with_bits(query: Vector, form: BitForm) -> Products:
    """Rows become signs and are multiplied by BLAS, which is as fast as a table of what each byte adds."""
    signs = signs_of_bytes()
    padded = np.zeros(-(-form.dimension // 8) * 8, dtype=np.float32)
    padded[: form.dimension] = query
    offset = np.float32(form.center @ query)

    def products(rows: Rows) -> NDArray[np.float32]:
        found: NDArray[np.float32] = signs.take(rows["bits"], axis=0).reshape(len(rows), -1) @ padded
        found *= rows["spread"]
        found += offset
        return found

    return products
