"""What a writer leaves beside the catalogue, so that a reader can tell whether all of it is there.

``generation`` holds the catalogue's generation as of the last commit, with a checksum. What was committed lies in the
write-ahead log at first; in an index that was copied without it, the catalogue is older than this number says.
``checksums.json`` holds the CRC-32 of each 4 MiB of the catalogue, written when a writer has folded the log into it and
closed it, and deleted before the next one changes anything. SQLite itself keeps no checksums.
"""

from __future__ import annotations

import os
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING

from mmsearch.errors import IndexDirectoryError
from mmsearch.store.durable.checksums import file_checksums
from mmsearch.store.durable.files import PRIVATE, plain_errors, write_at
from mmsearch.store.durable.sealed import read_sealed, write_sealed

if TYPE_CHECKING:
    from pathlib import Path

GENERATION, CHECKSUMS = "generation", "checksums.json"
_DIGITS = 20


class Witness:
    """Of the catalogue at ``path``, for the one process that writes it, or for those that read it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._noted = -1
        self._changed = False

    def begins(self) -> None:
        """Something is about to be changed."""
        if not self._changed:
            with plain_errors(self.path):
                self.path.with_name(CHECKSUMS).unlink(missing_ok=True)
            self._changed = True

    def committed(self, generation: int) -> None:
        """The catalogue has this generation. Not synced: after a power cut the number may be behind, or gone."""
        if generation == self._noted:
            return
        file = self.path.with_name(GENERATION)
        with plain_errors(file):
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | PRIVATE, 0o666)
            try:
                write_at(handle, _noted(generation), 0)
            finally:
                os.close(handle)
        self._noted = generation

    def closed(self) -> None:
        """The catalogue is closed; of one with its log folded into it, the checksums are written."""
        if self._changed and not has_log(self.path):
            listed: dict[str, object] = {self.path.name: file_checksums(self.path)}
            write_sealed(self.path.with_name(CHECKSUMS), listed)
        self._changed = False

    def refuse_older(self, generation: int) -> None:
        """IndexDirectoryError for a catalogue of this ``generation`` that lacks what was stored last.

        One with a log is believed: after a power cut the last commits may be missing, and nothing else is.
        """
        with suppress(ValueError, OSError):  # a damaged number says nothing; `mmsearch check` finds it
            if not has_log(self.path) and generation < self.last():
                raise self._older()

    def _older(self) -> IndexDirectoryError:
        return IndexDirectoryError(
            f"{self.path} is older than the index around it, as after a copy without {self.path.name}-wal, which holds "
            "what was stored last; copy that too, or `mmsearch check --repair` goes on from what is there"
        )

    def accept(self) -> None:
        """Take the catalogue as it is for all that there is."""
        for name in (GENERATION, CHECKSUMS):
            with plain_errors(self.path):
                self.path.with_name(name).unlink(missing_ok=True)

    def damaged(self) -> list[tuple[int, int]]:
        """The parts (first byte, end) of the catalogue whose checksums are others; [] where none are known.

        Raises ValueError when the checksums themselves are damaged.
        """
        file = self.path.with_name(CHECKSUMS)
        known = read_sealed(file)
        if known is None or has_log(self.path):
            return []
        then, now = known.get(self.path.name), file_checksums(self.path)
        if (
            then == now or not isinstance(then, list) or read_sealed(file) != known
        ):  # a writer has begun meanwhile
            return []
        wide = max(len(then), len(now))
        pairs = zip(then + [None] * (wide - len(then)), now + [None] * (wide - len(now)), strict=True)
        return [(part << 22, (part + 1) << 22) for part, (one, other) in enumerate(pairs) if one != other]

    def last(self) -> int:
        """The generation as of the last commit; 0 in an index of an earlier mmsearch. ValueError for a damaged file."""
        try:
            data = self.path.with_name(GENERATION).read_bytes()
        except FileNotFoundError:
            return 0
        generation = int(data[:_DIGITS])
        if data != _noted(generation):
            raise ValueError("its checksum is another")
        return generation


def _noted(generation: int) -> bytes:
    """A line of fixed length, for it is written over and over: the number, and the CRC-32 of its digits."""
    digits = b"%*d" % (_DIGITS, generation)
    return b"%s %08x\n" % (digits, zlib.crc32(digits))


def has_log(path: Path) -> bool:
    """Whether the catalogue at ``path`` has a write-ahead log with anything in it."""
    try:
        return path.with_name(path.name + "-wal").stat().st_size > 0
    except FileNotFoundError:
        return False
