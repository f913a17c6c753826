"""Rows of halves as pgvector writes them in its binary form, and as the store has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mmsearch.types import Ids

    Halves = NDArray[np.float16]

# COPY's binary format: its signature, no flags, no further header; and its end.
HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"
COPIED_ROWS = 4096


def copied(rows: Ids, vectors: Halves) -> Iterator[bytes]:
    """``rows`` (n,) with their ``vectors`` (n, dimension) for ``COPY … (row, vector) FROM STDIN (FORMAT BINARY)``."""
    dimension = vectors.shape[1]
    form = np.dtype(
        [
            ("fields", ">i2"),
            ("row_bytes", ">i4"),
            ("row", ">i8"),
            ("vector_bytes", ">i4"),
            ("dimension", ">i2"),
            ("unused", ">i2"),
            ("vector", ">f2", (dimension,)),
        ]
    )
    yield HEAD
    for start in range(0, len(rows), COPIED_ROWS):
        part = slice(start, start + COPIED_ROWS)
        records = np.zeros(len(rows[part]), dtype=form)
        records["fields"], records["row_bytes"], records["vector_bytes"] = 2, 8, 4 + 2 * dimension
        records["dimension"], records["row"], records["vector"] = dimension, rows[part], vectors[part]
        yield records.tobytes()
    yield END


def read(written: Sequence[bytes], dimension: int) -> Halves:
    """Vectors (n, dimension) from the binary form of ``halfvec``: two numbers of two bytes, then the halves."""
    joined = np.frombuffer(b"".join(written), dtype=">f2")
    return joined.reshape(len(written), 2 + dimension)[:, 2:].astype(np.float16)


def literal(query: NDArray[np.float32]) -> str:
    """A query (dimension,) as pgvector reads it, each number to the last bit."""
    return f"[{','.join(map(repr, query.astype(np.float64).tolist()))}]"
