"""The lock of the one writer: `flock` where there is one, a locked byte on Windows.

The system gives it back when the process ends, however it ends. On Windows this has not been tried.
"""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mmsearch.errors import IndexLockedError, StoreWarning
from mmsearch.store.durable.files import PRIVATE, plain_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if sys.platform == "win32":
    import msvcrt

    # Locked bytes can't be read by others on Windows: one far beyond the text, which need not exist.
    _PLACE = 1 << 30

    def _take(handle: int) -> bool:
        os.lseek(handle, _PLACE, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _take(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


@contextmanager
def exclusive(file: Path) -> Iterator[None]:
    """Hold the lock ``file``, which tells the process that does; IndexLockedError at once when another holds it.

    Warns with StoreWarning on a file system whose locks keep nobody out.
    """
    handle = _open(file)
    try:
        with plain_errors(file):
            taken = _take(handle)
        if not taken:
            os.lseek(handle, 0, os.SEEK_SET)
            holder = os.read(handle, 20).decode("ascii", "replace").strip() or "unknown"
            raise IndexLockedError(
                f"another process (pid {holder}) is writing to {file.parent}; try again when it is done"
            )
        if _keeps_nobody_out(file):
            warnings.warn(
                f"the file system of {file.parent} has no locks that work: let only one process write there at a time",
                StoreWarning,
                stacklevel=3,
            )
        with plain_errors(file):
            os.ftruncate(handle, 0)
            os.lseek(handle, 0, os.SEEK_SET)
            os.write(handle, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(handle)


def _open(file: Path) -> int:
    with plain_errors(file):
        return os.open(file, os.O_RDWR | os.O_CREAT | PRIVATE, 0o666)


def _keeps_nobody_out(file: Path) -> bool:
    """Whether the lock that is held can be taken once more: it belongs to the opened file, not to the process."""
    again = _open(file)
    try:
        return _take(again)
    finally:
        os.close(again)
