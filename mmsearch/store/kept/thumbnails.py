"""Small pictures that an index keeps: a folder of files within a number of bytes, the least recently used first out.

They can be made again at any time, so nothing is synced, no lock is held, and readers write them: a file appears by
rename, whole, and what a crash of the machine left of one is told by its form and made again. Where no file can be
written (a read-only index, a full disk), they are kept in memory.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from mmsearch.store.catalogue.values import KEY_BYTES
from mmsearch.store.durable.files import PARTIAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import Self

MOST_BYTES = 512 << 20
MOST_BYTES_IN_MEMORY = 32 << 20
_ROOM = 8  # a full folder loses an eighth, so that not every new file looks through it
_SHARE = 16  # of its bytes: when so much was written here, the others' files are counted again
_STALE = 3600.0  # seconds after which nobody writes a partial file any more
_TOUCHED = 60.0  # seconds within which a use need not be noted again
_FOLDER = re.compile(r"[0-9a-f]{2}")
_FILE = re.compile(rf"[0-9a-f]{{{2 * KEY_BYTES - 2}}}-[0-9]+\.(webp|jpg)")


class Held(NamedTuple):
    """How many small pictures there are, and their ``bytes``."""

    files: int
    bytes: int


class ThumbnailFolder:
    """Small pictures by name (``name_of``) in ``folder``, at most ``most_bytes`` of them.

    For any number of threads and processes. Each process counts the others' files now and then, so the folder may
    hold a sixteenth more for each that writes.
    """

    def __init__(
        self, folder: Path, most_bytes: int = MOST_BYTES, most_in_memory: int = MOST_BYTES_IN_MEMORY
    ) -> None:
        self.folder, self.most_bytes, self.most_in_memory = folder, most_bytes, most_in_memory
        self._lock = threading.Lock()
        self._bytes: int | None = None  # in the folder; None: not counted yet
        self._written = 0  # since it was counted
        self._memory: OrderedDict[str, bytes] = OrderedDict()
        self._in_memory = 0

    def __reduce__(self) -> tuple[type[Self], tuple[Path, int, int]]:
        return type(self), (self.folder, self.most_bytes, self.most_in_memory)

    def get(self, name: str) -> bytes | None:
        """The picture of this ``name``, which counts as used now; None when it is not there."""
        with self._lock:
            if (data := self._memory.get(name)) is not None:
                self._memory.move_to_end(name)
                return data
        file = self.folder / name
        try:
            data = file.read_bytes()
        except OSError:
            return None
        if not is_whole(data):
            with suppress(OSError):
                file.unlink()
            return None
        with suppress(OSError):
            if time.time() - file.stat().st_mtime > _TOUCHED:
                os.utime(file)
        return data

    def put(self, name: str, data: bytes) -> Path | None:
        """Keep ``data`` under ``name``; the file, or None when it could only be kept in memory."""
        file = self.folder / name
        partial = file.with_name(f"{file.name}.{os.getpid()}-{threading.get_ident()}{PARTIAL}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(data)
            partial.replace(file)
        except OSError:
            with suppress(OSError):
                partial.unlink()
            self._remember(name, data)
            return None
        self._count(len(data))
        return file

    def _remember(self, name: str, data: bytes) -> None:
        with self._lock:
            self._in_memory += len(data) - len(self._memory.pop(name, b""))
            self._memory[name] = data
            while self._in_memory > self.most_in_memory:
                self._in_memory -= len(self._memory.popitem(last=False)[1])

    def _count(self, written: int) -> None:
        with self._lock:
            self._written += written
            if self._bytes is not None and self._written < self.most_bytes // _SHARE:
                self._bytes += written
                if self._bytes <= self.most_bytes:
                    return
            self._written = 0
            self._bytes = trim(self.folder, self.most_bytes)


def name_of(key: bytes, size: int, suffix: str) -> str:
    """The file of the picture with the content ``key`` (32 bytes) in ``size``: a path in the folder."""
    digits = key.hex()
    return f"{digits[:2]}/{digits[2:]}-{size}.{suffix}"


def is_whole(data: bytes) -> bool:
    """Whether a WebP or JPEG file ends where it says, which what a crash left does not."""
    if data[:4] == b"RIFF":
        return data[8:12] == b"WEBP" and int.from_bytes(data[4:8], "little") + 8 == len(data)
    return data[:3] == b"\xff\xd8\xff" and data[-2:] == b"\xff\xd9"


def held(folder: Path) -> Held:
    """What is in ``folder`` now."""
    sizes = [status.st_size for _, status in _files(folder)]
    return Held(len(sizes), sum(sizes))


def trim(folder: Path, most_bytes: int) -> int:
    """Delete the least recently used above ``most_bytes``, and an eighth more; how many bytes stay."""
    files = list(_files(folder))
    total = sum(status.st_size for _, status in files)
    if total <= most_bytes:
        return total
    for file, status in sorted(files, key=lambda one: one[1].st_mtime_ns):
        if total <= most_bytes - most_bytes // _ROOM:
            break
        with suppress(OSError):
            os.unlink(file)
        total -= status.st_size
    return total


def keys_held(folder: Path) -> set[bytes]:
    """The content keys of the pictures in ``folder``."""
    return {_key(file) for file, _ in _files(folder)}


def forget(folder: Path, keys: Iterable[bytes]) -> None:
    """Delete all sizes of the pictures with these content ``keys``, and what killed processes left."""
    gone = set(keys)
    for file, _ in _files(folder):
        if _key(file) in gone:
            with suppress(OSError):
                os.unlink(file)
    for partial in folder.glob(f"*/*{PARTIAL}"):
        with suppress(OSError):
            if time.time() - partial.stat().st_mtime > _STALE:
                partial.unlink()


def _key(file: str) -> bytes:
    folder, name = os.path.split(file)
    return bytes.fromhex(os.path.basename(folder) + name.partition("-")[0])


def _files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """(path, status) of the pictures in ``folder``; one that vanishes meanwhile is left out."""
    with suppress(OSError), os.scandir(folder) as parents:
        for parent in parents:
            if not _FOLDER.fullmatch(parent.name):
                continue
            with suppress(OSError), os.scandir(parent) as entries:
                for entry in entries:
                    if _FILE.fullmatch(entry.name):
                        with suppress(OSError):
                            yield entry.path, entry.stat(follow_symlinks=False)
