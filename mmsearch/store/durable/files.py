"""Writing files so that a kill, a power cut or a full disk leaves the old ones or the new ones."""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mmsearch.errors import IndexDirectoryError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# For os.open: not handed on to child processes, and bytes as they are on Windows.
PRIVATE = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
PARTIAL = ".partial"  # suffix of a file that is being written


def replace_text(path: Path, text: str) -> None:
    """Put ``text`` in the place of a file, durably: readers see the old or the new one."""
    replace_bytes(path, text.encode())


def replace_bytes(path: Path, data: bytes) -> None:
    """Put ``data`` in the place of a file, durably: readers see the old or the new one."""
    partial = path.with_name(path.name + PARTIAL)
    with plain_errors(path):
        try:
            with partial.open("wb") as handle:
                handle.write(data)
                handle.flush()
                os.fsync(handle.fileno())
            partial.replace(path)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        sync(path.parent)


def sync(path: Path) -> None:
    """Make a file's bytes, or a folder's list of files, durable. Windows has no way to do the second."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, (os.O_RDWR if os.name == "nt" else os.O_RDONLY) | PRIVATE)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_at(handle: int, data: memoryview | bytes, offset: int) -> int:
    """Write ``data`` at ``offset`` of an open file; how many bytes were written."""
    if hasattr(os, "pwrite"):
        return os.pwrite(handle, data, offset)
    os.lseek(handle, offset, os.SEEK_SET)
    return os.write(handle, data)


def own(path: Path) -> None:
    """Before a file is changed in place: if it is a link that a snapshot shares, a copy takes its place."""
    try:
        if path.stat().st_nlink < 2:
            return
    except FileNotFoundError:
        return
    partial = path.with_name(path.name + PARTIAL)
    shutil.copyfile(path, partial)
    sync(partial)
    partial.replace(path)
    sync(path.parent)


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """The system's errors as IndexDirectoryError, with what the user can do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise IndexDirectoryError(full_disk(path)) from error
        reason = error.strerror or str(error)
        raise IndexDirectoryError(
            f"{path} can't be read or written: {reason}; check its permissions"
        ) from error


def full_disk(path: Path) -> str:
    """The message for a full disk."""
    return f"the disk is full ({path}); free some space and run the command again, nothing was lost"
