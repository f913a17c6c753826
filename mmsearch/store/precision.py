"""How a vector lies in a shard: as halves, as bytes, or as one bit a float.

Each form turns unit vectors into rows of a fixed number of bytes, and rows back into unit vectors; what a search
compares with is always what a row turns back into. indexes/README.md has the layouts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, get_args

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mmsearch.types import Vectors

    Rows: TypeAlias = NDArray[Any]  # (m, dimension) float16, or (m,) of a form's structured dtype

Precision = Literal["float16", "int8", "binary"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
DEFAULT_PRECISION: Precision = "float16"

# A byte's range is spent on floats of up to so many standard deviations of a random unit vector's. The largest of
# 384 is 3.1 in the median picture and more than 5 in one of ten thousand, whose row gets a scale of its own.
BYTE_RANGE = 5.0
# The mean of so few vectors is as much about these as about all: only half of it is taken for the center.
CENTER_PRIOR = 16


@dataclass(frozen=True)
class HalfForm:
    """Halves (IEEE 754), 2 bytes a float: products are right to 0.0005."""

    dimension: int
    precision: ClassVar[Precision] = "float16"
    suffix: ClassVar[str] = ".f16"

    @staticmethod
    def row_bytes(dimension: int) -> int:
        """Bytes of one row."""
        return 2 * dimension

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """Of one row."""
        return np.dtype(("<f2", (self.dimension,)))

    def encode(self, vectors: Vectors) -> Rows:
        """Rows (m, dimension) float16 of unit vectors (m, dimension)."""
        return np.ascontiguousarray(vectors, dtype="<f2")

    def decode(self, rows: Rows) -> Vectors:
        """The vectors (m, dimension) float32 of rows."""
        return widen(rows)


@dataclass(frozen=True)
class ByteForm:
    """Signed bytes with one scale a row: a float moves by half a scale at most, about 1/50 of its usual size.

    The scale makes the row a unit vector. Rows share one, but for rounding, unless a float is so large that it
    would not fit.
    """

    dimension: int
    precision: ClassVar[Precision] = "int8"
    suffix: ClassVar[str] = ".i8"

    @staticmethod
    def row_bytes(dimension: int) -> int:
        """Bytes of one row."""
        return dimension + 4

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """Of one row."""
        return np.dtype([("codes", "i1", (self.dimension,)), ("scale", "<f4")])

    def encode(self, vectors: Vectors) -> Rows:
        """Rows (m,) of unit vectors (m, dimension)."""
        largest = np.abs(vectors).max(axis=1, initial=0.0)
        usual = BYTE_RANGE / self.dimension**0.5
        codes = np.rint(vectors * (127 / np.maximum(largest, usual))[:, None])
        rows = np.empty(len(vectors), dtype=self.dtype)
        rows["codes"] = codes
        rows["scale"] = 1 / np.linalg.norm(codes, axis=1)
        return rows

    def decode(self, rows: Rows) -> Vectors:
        """The vectors (m, dimension) float32 of rows."""
        return np.asarray(np.multiply(rows["codes"], rows["scale"][:, None], dtype=np.float32))


@dataclass(frozen=True, eq=False)
class BitForm:
    """On which side of a ``center`` (dimension,) each float lies, 1 bit each, and how far away the row is on average.

    A row stands for ``center`` ± ``spread``, its spread being such that this is a unit vector. Compared with a query
    in full precision, this loses far less than comparing bits with bits (asymmetric distance; Gordo et al., 2014).
    Without the center, what all vectors of a modality share would use up the bits.
    """

    dimension: int
    center: NDArray[np.float32]
    precision: ClassVar[Precision] = "binary"
    suffix: ClassVar[str] = ".bits"

    @staticmethod
    def row_bytes(dimension: int) -> int:
        """Bytes of one row."""
        return -(-dimension // 8) + 2

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """Of one row."""
        return np.dtype([("bits", "u1", (-(-self.dimension // 8),)), ("spread", "<f2")])

    def encode(self, vectors: Vectors) -> Rows:
        """Rows (m,) of unit vectors (m, dimension)."""
        above = vectors > self.center
        rows = np.empty(len(vectors), dtype=self.dtype)
        rows["bits"] = np.packbits(above, axis=1, bitorder="little")
        # |center + spread * signs| = 1, solved for the spread
        along = np.where(above, 1.0, -1.0) @ self.center.astype(np.float64)
        rest = 1.0 - float(self.center.astype(np.float64) @ self.center)
        rows["spread"] = (np.sqrt(along**2 + self.dimension * rest) - along) / self.dimension
        return rows

    def decode(self, rows: Rows) -> Vectors:
        """The vectors (m, dimension) float32 of rows."""
        signs = signs_of_bytes().take(rows["bits"], axis=0).reshape(len(rows), -1)[:, : self.dimension]
        vectors = signs * rows["spread"].astype(np.float32)[:, None]
        vectors += self.center
        return np.asarray(vectors, dtype=np.float32)


RowForm: TypeAlias = HalfForm | ByteForm | BitForm
FORMS: Mapping[Precision, type[RowForm]] = {"float16": HalfForm, "int8": ByteForm, "binary": BitForm}


def row_form(precision: Precision, dimension: int, center: NDArray[np.float32] | None = None) -> RowForm:
    """The form of rows of ``dimension`` floats; "binary" wants the ``center`` (dimension,)."""
    if precision == "float16":
        return HalfForm(dimension)
    if precision == "int8":
        return ByteForm(dimension)
    if center is None:
        raise ValueError("bits want a center")
    return BitForm(dimension, center)


def center_of(vectors: Vectors) -> NDArray[np.float32]:
    """The center (dimension,) for bits, from the first vectors (m, dimension) of many to come."""
    total = vectors.sum(axis=0, dtype=np.float64)
    return np.asarray(total / (len(vectors) + CENTER_PRIOR), dtype=np.float32)


@cache
def signs_of_bytes() -> NDArray[np.float32]:
    """The eight signs, +1 for a bit that is set, of each byte, its lowest bit first: (256, 8) float32."""
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
    return np.where(bits, np.float32(1), np.float32(-1))


def widen(halves: NDArray[np.float16]) -> Vectors:
    """Float16 rows (n, d) as float32, the same values; six times as fast as ``astype``.

    A half's exponent and fraction, moved to where float32 has them, are the value times 2**-112.
    """
    words = np.ascontiguousarray(halves).view(np.int16).astype(np.int32)  # the sign fills the upper half
    np.left_shift(words, 13, out=words)
    np.bitwise_and(words, np.int32(-0x70000001), out=words)  # keep one copy of the sign
    floats = words.view(np.float32)
    np.multiply(floats, np.float32(2.0**112), out=floats)
    return floats
