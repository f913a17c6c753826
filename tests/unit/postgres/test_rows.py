"""Halves in pgvector's binary form."""

from __future__ import annotations

import struct

import numpy as np

from mmsearch.postgres.rows import END, HEAD, copied, literal, read


def test_rows_are_written_as_copy_wants_them() -> None:
    vectors = np.array([[1.0, -0.5], [0.25, 2.0]], dtype=np.float16)
    written = b"".join(copied(np.array([7, 9]), vectors))
    record = struct.Struct(">hiqihh2e")
    body = written.removeprefix(HEAD).removesuffix(END)
    assert [record.unpack_from(body, at) for at in (0, record.size)] == [
        (2, 8, 7, 8, 2, 0, 1.0, -0.5),
        (2, 8, 9, 8, 2, 0, 0.25, 2.0),
    ]
    assert len(body) == 2 * record.size


def test_many_rows_come_in_pieces_and_none_is_lost() -> None:
    vectors = np.random.default_rng(0).normal(size=(10_000, 3)).astype(np.float16)
    body = b"".join(copied(np.arange(10_000), vectors))[len(HEAD) : -len(END)]
    size = len(body) // 10_000
    assert (
        read([body[at + 18 : at + size] for at in range(0, len(body), size)], 3).tobytes()
        == vectors.tobytes()
    )


def test_none_are_none() -> None:
    assert read([], 5).shape == (0, 5)
    assert b"".join(copied(np.empty(0, np.int64), np.empty((0, 5), np.float16))) == HEAD + END


def test_a_query_is_written_to_the_last_bit() -> None:
    query = np.random.default_rng(0).normal(size=50).astype(np.float32)
    assert (
        np.array([float(one) for one in literal(query)[1:-1].split(",")], np.float32).tobytes()
        == query.tobytes()
    )
