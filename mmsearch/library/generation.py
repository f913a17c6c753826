"""One generation of an index: all that answers hang on beside the rows of the catalogue, read once."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mmsearch.search.index.kept import Kept
from mmsearch.store.directory import SEALED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.values import EncoderRecord
    from mmsearch.store.directory import IndexDirectory

    Stamp = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Generation:
    """What an index was when a search began. It doesn't change, and goes with the last search that holds it.

    ``number`` is the catalogue's, ``records`` are its encoders, ``files`` the bytes of the JSON files that lie beside
    it (backgrounds, weights, copies, pooling), and ``stamp`` tells when one of those is replaced. ``kept`` holds what
    is made of all this when it is first asked for: documents, vector indexes, backgrounds.
    """

    number: int
    records: tuple[EncoderRecord, ...]
    files: Mapping[str, bytes]
    stamp: Stamp
    kept: Kept = field(default_factory=Kept)

    @classmethod
    def read(cls, directory: IndexDirectory, catalogue: Catalogue) -> Self:
        """The generation that ``catalogue`` is at; inside of its ``snapshot()``."""
        while True:
            stamp = stamp_of(directory)
            files = {name: data for name in SEALED if (data := directory.read_bytes(name)) is not None}
            if stamp == stamp_of(directory):
                return cls(catalogue.generation(), tuple(catalogue.encoders()), files, stamp)

    def is_at(self, directory: IndexDirectory, catalogue: Catalogue) -> bool:
        """Whether this is still what ``read`` would give."""
        return self.number == catalogue.generation() and self.stamp == stamp_of(directory)

    @property
    def name(self) -> str:
        """The number, and the CRC-32 of the files, ``17-0a1b2c3d``: of equal names, answers are equal."""
        crc = 0
        for name in SEALED:
            data = self.files.get(name, b"")
            crc = zlib.crc32(b"%d:%s" % (len(data), data), crc)
        return f"{self.number}-{crc:08x}"


def stamp_of(directory: IndexDirectory) -> Stamp:
    """What changes when one of the JSON files of ``directory`` is replaced."""
    found = []
    folder = str(directory.path)
    for name in SEALED:
        try:
            now = os.stat(f"{folder}/{name}")  # joined as text: it is looked at with each search
        except OSError:  # there is none; of one that can't be read it is told when it is read
            found.append((0, 0, 0))
        else:
            found.append((now.st_ino, now.st_size, now.st_mtime_ns))
    return tuple(found)
