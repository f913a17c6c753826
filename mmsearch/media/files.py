"""Regular files, opened so that no FIFO or device can stall the caller, and read within a size."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from typing import TYPE_CHECKING, BinaryIO, cast

from mmsearch.errors import MediaError

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, "a folder, not a file"),
    (stat.S_ISFIFO, "a FIFO, not a file"),
    (stat.S_ISSOCK, "a socket, not a file"),
    (stat.S_ISCHR, "a device, not a file"),
    (stat.S_ISBLK, "a device, not a file"),
)
_REASONS = {
    errno.ENOENT: "no such file",
    errno.ENOTDIR: "no such file",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ELOOP: "a symbolic link that leads back to itself",
    errno.ENXIO: "a socket or device, not a file",  # what opening a socket says
    errno.ENAMETOOLONG: "its path is too long",
}

_EFFECTIVE_IDS = os.access in os.supports_effective_ids  # who the process acts as, not who started it


def special_kind(mode: int) -> str | None:
    """What a file with this ``st_mode`` is when it is no regular file ("a FIFO, not a file"), else None."""
    if stat.S_ISREG(mode):
        return None
    return next((kind for is_kind, kind in _KINDS if is_kind(mode)), "not a regular file")


def os_reason(error: OSError) -> str:
    """Why the system refused a path, in words for a report: "permission denied"."""
    return _REASONS.get(error.errno or 0) or (error.strerror or str(error)).lower()


def open_regular(path: Path) -> BinaryIO:
    """``path`` opened for reading in binary; MediaError unless it is a readable regular file.

    Never waits: a FIFO without a writer would block a plain ``open`` for ever.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise MediaError(os_reason(error)) from error
    if kind := special_kind(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise MediaError(kind)
    return os.fdopen(descriptor, "rb")


def read_file(path: Path, max_bytes: int) -> bytes:
    """All bytes of a regular file; MediaError when it is empty, unreadable or larger than ``max_bytes``."""
    with open_regular(path) as file:
        try:
            size = os.fstat(file.fileno()).st_size
            if reason := size_reason(size, max_bytes):
                raise MediaError(reason)
            data = file.read(max_bytes + 1)  # it may have grown since
        except OSError as error:
            raise MediaError(os_reason(error)) from error
    if reason := size_reason(len(data), max_bytes):
        raise MediaError(reason)
    return data


def digest(path: Path) -> bytes:
    """The SHA-256 (32 bytes) of a regular file, read piece by piece; MediaError when it can't be read."""
    with open_regular(path) as file:
        try:
            return hashlib.file_digest(cast("BufferedReader", file), "sha256").digest()
        except OSError as error:
            raise MediaError(os_reason(error)) from error


def size_reason(size: int, max_bytes: int) -> str | None:
    """Why a file of ``size`` bytes is refused, or None."""
    if size == 0:
        return "empty file"
    if size > max_bytes:
        return f"{size} bytes, more than the limit of {max_bytes}"
    return None


def status_reason(path: str, status: os.stat_result, max_bytes: int) -> str | None:
    """Why a file with this ``os.stat`` can't be read, or None; asks again only when its mode is unusual."""
    if kind := special_kind(status.st_mode):
        return kind
    if reason := size_reason(status.st_size, max_bytes):
        return reason
    if status.st_mode & 0o444 != 0o444 and not os.access(path, os.R_OK, effective_ids=_EFFECTIVE_IDS):
        return "permission denied"
    return None
