from __future__ import annotations

import zlib
from pathlib import Path

from mmsearch.store.durable.checksums import (
    BLOCK_BYTES,
    BLOCK_ROWS,
    Checksum,
    crc_of_file,
    file_checksums,
    read_part,
    state_of,
)


def test_a_part_of_a_file_has_its_checksum_or_none_where_it_is_missing(tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(b"0123456789")
    assert crc_of_file(tmp_path / "rows", 2, 5) == zlib.crc32(b"23456")
    assert crc_of_file(tmp_path / "rows", 8, 5) is None
    assert crc_of_file(tmp_path / "none", 0, 1) is None
    assert read_part(tmp_path / "rows", 8, 5) == b"89"


def test_a_file_without_rows_has_one_for_each_block(tmp_path: Path) -> None:
    data = b"a" * BLOCK_BYTES + b"b"
    (tmp_path / "file").write_bytes(data)
    assert file_checksums(tmp_path / "file") == [zlib.crc32(data[:BLOCK_BYTES]), zlib.crc32(b"b")]


def test_rows_are_named_by_their_full_blocks() -> None:
    sums = {n: Checksum(n, BLOCK_ROWS, 100 + n) for n in range(3)}
    state = state_of(sums)
    changed = state_of(sums | {1: Checksum(1, BLOCK_ROWS, 7)})
    assert state(BLOCK_ROWS) == changed(BLOCK_ROWS)
    assert state(2 * BLOCK_ROWS) != changed(2 * BLOCK_ROWS)
