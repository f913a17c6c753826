"""The files of a collection, whether they lie in a folder, a zip or tars.

Archives come from strangers: nothing in them is unpacked under the name that it claims. A member is copied,
within limits, to a numbered file.
"""

from __future__ import annotations

import gzip
import posixpath
import shutil
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Protocol, cast

from mmsearch.errors import UsageError
from mmsearch.media.limits import MIB, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

# A manifest or a corpus of texts is read as a whole; MS MARCO's 8.8 million passages are 3 GB.
MAX_TEXT_BYTES = 8192 * MIB
# What all members that are copied out of one collection may take on disk.
MAX_UNPACKED_BYTES = 64 * 1024 * MIB

_DAMAGES = (zipfile.BadZipFile, zlib.error, tarfile.TarError, EOFError, RuntimeError, NotImplementedError)


class Members(Protocol):
    """Files by their relative name, "/"-separated."""

    def names(self) -> Sequence[str]:
        """All of them, in the collection's order."""

    def __contains__(self, name: object) -> bool:
        """Whether there is such a file."""

    def text(self, name: str) -> str:
        """The file as UTF-8 text, unpacked if its name ends in ``.gz``; UsageError when it is none."""

    def content(self, name: str) -> bytes:
        """The file's bytes; UsageError when there is none, or it is too large."""

    def file(self, name: str) -> Path:
        """The file's content as a file on disk; UsageError when there is none, or it is too large."""


class FolderMembers:
    """The files below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> Sequence[str]:
        """All of them, sorted."""
        files = (path for path in self._folder.rglob("*") if path.is_file())
        return sorted(path.relative_to(self._folder).as_posix() for path in files)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and (self._folder / name).is_file()

    def text(self, name: str) -> str:
        """The file as UTF-8 text; UsageError when it is none."""
        path = self._folder / name
        try:
            with path.open("rb") as file:
                return _decoded(file, str(path))
        except OSError as error:
            raise UsageError(f"{path} can't be read: {error.strerror}") from error

    def content(self, name: str) -> bytes:
        """The file's bytes; UsageError when it can't be read, or is too large."""
        path = self._folder / name
        try:
            with path.open("rb") as file:
                return _Bounded(file, Limits().max_bytes, str(path)).read()
        except OSError as error:
            raise UsageError(f"{path} can't be read: {error.strerror}") from error

    def file(self, name: str) -> Path:
        """Where the file lies."""
        return self._folder / name


class _ArchiveMembers:
    """What zips and tars share: members are copied to ``work``, numbered, within limits."""

    def __init__(self, path: Path, work: Path) -> None:
        self._path, self._work = path, work
        self._copied = self._bytes = 0
        self._index: dict[str, object] = {}

    def names(self) -> Sequence[str]:
        """All of them, in the archive's order."""
        return list(self._index)

    def __contains__(self, name: object) -> bool:
        return name in self._index

    def text(self, name: str) -> str:
        """The member as UTF-8 text; UsageError when it is none."""
        with self._open(name) as file:
            return _decoded(file, f"{self._path}/{name}")

    def content(self, name: str) -> bytes:
        """The member's bytes; UsageError when there is none, or it is too large."""
        with self._open(name) as file:
            return _Bounded(file, Limits().max_bytes, f"{self._path}/{name}").read()

    def file(self, name: str) -> Path:
        """A copy of the member on disk."""
        self._copied += 1
        target = self._work / f"{self._copied:07}{_suffix(name)}"
        with self._open(name) as file, target.open("xb") as copy:
            limit = min(Limits().max_bytes, MAX_UNPACKED_BYTES - self._bytes)
            shutil.copyfileobj(_Bounded(file, limit, f"{self._path}/{name}"), copy, MIB)
            self._bytes += copy.tell()
        return target

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes]]:
        if name not in self._index:
            raise UsageError(f"{self._path} holds no {name}")
        try:
            with self._opened(self._index[name]) as file:
                yield file
        except _DAMAGES as error:
            raise UsageError(f"{self._path}: {name} can't be read ({error})") from error

    def _opened(self, member: object) -> IO[bytes]:
        raise NotImplementedError


class ZipMembers(_ArchiveMembers):
    """The files of a zip."""

    def __init__(self, path: Path, work: Path) -> None:
        super().__init__(path, work)
        try:
            self._zip = zipfile.ZipFile(path)
        except (OSError, *_DAMAGES) as error:
            raise UsageError(f"{path} is not a readable zip ({error})") from error
        self._index = {
            posixpath.normpath(info.filename): info for info in self._zip.infolist() if not info.is_dir()
        }

    def close(self) -> None:
        """Close the archive."""
        self._zip.close()

    def _opened(self, member: object) -> IO[bytes]:
        assert isinstance(member, zipfile.ZipInfo)
        return self._zip.open(member)


class TarMembers(_ArchiveMembers):
    """The regular files of one tar or several, as WebDataset shards are; links and devices are left out."""

    def __init__(self, paths: Sequence[Path], work: Path) -> None:
        super().__init__(paths[0] if len(paths) == 1 else paths[0].parent, work)
        self._tars: list[tarfile.TarFile] = []
        for path in paths:
            prefix = f"{path.stem}/" if len(paths) > 1 else ""  # shards may count from 0 each
            try:
                tar = tarfile.open(path)  # noqa: SIM115 - lives as long as this object
                members = [member for member in tar.getmembers() if member.isreg()]
            except (OSError, *_DAMAGES) as error:
                raise UsageError(f"{path} is not a readable tar ({error})") from error
            self._tars.append(tar)
            for member in members:
                self._index[prefix + posixpath.normpath(member.name)] = (tar, member)

    def close(self) -> None:
        """Close the archives."""
        for tar in self._tars:
            tar.close()

    def _opened(self, member: object) -> IO[bytes]:
        assert isinstance(member, tuple)
        tar, info = member
        file: IO[bytes] | None = tar.extractfile(info)
        assert file is not None  # regular files only
        return file


@contextmanager
def open_members(path: Path, work: Path) -> Iterator[Members]:
    """The files of the folder, zip, tar or folder of tars ``path``; what is unpacked goes to ``work``."""
    if path.is_dir():
        tars = sorted(path.glob("*.tar"))
        if not tars:
            yield FolderMembers(path)
            return
    else:
        tars = [] if zipfile.is_zipfile(path) else [path]
    archive = TarMembers(tars, work) if tars else ZipMembers(path, work)
    try:
        yield archive
    finally:
        archive.close()


class _Bounded:
    """A file that refuses to give more than ``limit`` bytes."""

    def __init__(self, file: IO[bytes], limit: int, name: str) -> None:
        self._file, self._left, self._limit, self._name = file, limit, limit, name

    def read(self, size: int = -1) -> bytes:
        wanted = self._left + 1 if size < 0 else min(size, self._left + 1)
        data = self._file.read(wanted)
        self._left -= len(data)
        if self._left < 0:
            raise UsageError(f"{self._name} unpacks to more than {self._limit} bytes: unpack it by hand")
        return data


def _decoded(file: IO[bytes], name: str) -> str:
    try:
        unpacked = cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if name.endswith(".gz") else file
        return _Bounded(unpacked, MAX_TEXT_BYTES, name).read().decode("utf-8-sig")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UsageError(f"{name} can't be unpacked ({error})") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not UTF-8 text ({error})") from error


def _suffix(name: str) -> str:
    suffix = posixpath.splitext(name)[1].lower()
    return suffix if suffix[1:].isalnum() and suffix.isascii() and len(suffix) <= 8 else ""
