"""Checksums of vectors: a CRC-32 for each 4,096 rows, so that a bit that flips on the disk is noticed.

A CRC-32 tells any single flipped bit, any run of up to 32 wrong bits, and all but one in four billion other damages. It
is carried on as rows are appended, so that writing them reads nothing. The catalogue holds the checksums, written in
the transaction that points to the rows. `mmsearch check` compares them all; opening an index compares none but that of
the center of bits, which is small.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, NamedTuple

from mmsearch.store.durable.files import plain_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

BLOCK_ROWS = 4096
BLOCK_BYTES = 4 << 20  # of files that have no rows
# The number under which the checksum of the center of bits is kept.
CENTER = -1


class Checksum(NamedTuple):
    """The CRC-32 of the first ``rows`` rows of block ``block`` (rows block * 4096 and on), as they lie in the file."""

    block: int
    rows: int
    crc: int


def state_of(checksums: Mapping[int, Checksum]) -> Callable[[int], str]:
    """A name of the first so many rows, by the ``checksums`` of their full blocks: other rows have another."""

    def state(rows: int) -> str:
        full = [
            f"{one.crc:08x}" for block, one in sorted(checksums.items()) if 0 <= block < rows // BLOCK_ROWS
        ]
        return f"{rows}:{zlib.crc32(' '.join(full).encode()):08x}"

    return state


def crc_of_file(file: Path, offset: int, size: int) -> int | None:
    """The CRC-32 of ``size`` bytes of ``file`` from ``offset`` on; None when it is missing or shorter.

    Raises IndexDirectoryError when the disk can't read them.
    """
    data = read_part(file, offset, size)
    return zlib.crc32(data) if len(data) == size else None


def read_part(file: Path, offset: int, size: int) -> bytes:
    """``size`` bytes of ``file`` from ``offset`` on, fewer at its end, none when it is missing.

    Not through a memory map, whose errors of the disk end the process. Raises IndexDirectoryError instead.
    """
    if not file.is_file():
        return b""
    with plain_errors(file), file.open("rb", buffering=0) as handle:
        handle.seek(offset)
        return handle.read(size) or b""


def file_checksums(file: Path) -> list[int]:
    """The CRC-32 of each 4 MiB of a file; IndexDirectoryError when it can't be read."""
    sums = []
    with plain_errors(file), file.open("rb", buffering=0) as handle:
        while data := handle.read(BLOCK_BYTES):
            sums.append(zlib.crc32(data))
    return sums
