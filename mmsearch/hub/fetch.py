"""Fetch the files of an encoder from the Hugging Face hub, and hold each against its digest.

By huggingface_hub, which `tokenizers` needs anyway. What was fetched of a file before a connection was cut stays, and
the rest is asked for; ``HF_ENDPOINT`` names a mirror. A mirror may lie about its own digests: files whose digests are
known beforehand are held against those.
"""

from __future__ import annotations

import fnmatch
import hashlib
import io
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mmsearch.encoders.description import file_digest
from mmsearch.encoders.ladder import HOME_VARIABLE
from mmsearch.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    Progress = Callable[[int, int], None]  # bytes that are there, bytes in all

TRIES = 2  # of a file, each of which the client goes on with five times
AT_ONCE = 1 << 20  # bytes that are kept, and counted, at a time
ENDPOINT_VARIABLE = "HF_ENDPOINT"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Files of a repository: of ``patterns`` (fnmatch), at ``revision``, some with ``digests`` known beforehand."""

    repository: str
    revision: str
    patterns: Sequence[str]
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Fetched:
    """Digests (SHA-256) of the files, which of them were known beforehand, and the commit that they are of."""

    commit: str
    digests: dict[str, str]
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    size: int
    sha256: str | None  # as the hub says, of large files
    blob: str | None  # SHA-1 of a git object, as the hub says


def fetch(wanted: Wanted, folder: Path, progress: Progress | None = None) -> Fetched:
    """Put the files of ``wanted`` into ``folder``; what is there already and whole is not fetched again.

    EncoderError when the hub can't be reached, lacks the repository or a file, or gives a file of another digest.
    """
    with _quietly():
        commit, files = _listed(wanted)
        total, before = sum(file.size for file in files), 0
        _need_room(sum(file.size - _there(folder, file, commit) for file in files), folder)
        for file in files:
            start = before
            report = None if progress is None else (lambda done, start=start: progress(start + done, total))
            _fetch_file(wanted, commit, file, folder, report)
            before += file.size
            if progress is not None:
                progress(before, total)
    digests = {file.name: file_digest(folder / file.name) for file in files}
    known = tuple(name for name in digests if name in wanted.digests)
    return Fetched(commit, digests, known)


def _listed(wanted: Wanted) -> tuple[str, list[_File]]:
    from huggingface_hub import HfApi

    try:
        info = HfApi(endpoint=_endpoint()).model_info(
            wanted.repository, revision=wanted.revision, files_metadata=True, timeout=20.0, token=False
        )
    except Exception as error:  # of any kind: the client and what it speaks by have their own
        raise EncoderError(_why(error, wanted.repository)) from error
    files = [
        _File(one.rfilename, one.size or 0, one.lfs.sha256 if one.lfs else None, one.blob_id)
        for one in info.siblings or ()
        if any(fnmatch.fnmatchcase(one.rfilename, pattern) for pattern in wanted.patterns)
    ]
    for file in files:
        if file.name.startswith("/") or "\\" in file.name or ".." in file.name.split("/"):
            raise EncoderError(
                f"{wanted.repository} names a file {file.name!r} outside its folder: it is not fetched"
            )
    missing = set(wanted.digests) - {file.name for file in files}
    if not files or missing:
        raise EncoderError(
            f"{wanted.repository} at {wanted.revision} lacks {', '.join(sorted(missing)) or 'its files'}: "
            "it has changed; get another encoder, or --from a folder"
        )
    return str(info.sha or wanted.revision), files


def _fetch_file(
    wanted: Wanted, commit: str, file: _File, folder: Path, report: Callable[[int], None] | None
) -> None:
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]  # by name only

    path = folder / file.name
    expected = wanted.digests.get(file.name) or file.sha256
    if path.is_file() and _fits(path, file, expected):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _part(path, commit)
    url = hf_hub_url(wanted.repository, file.name, revision=commit, endpoint=_endpoint())
    for turn in range(TRIES):
        there = part.stat().st_size if part.is_file() else 0
        if there >= file.size:
            break
        try:
            with _Counted(part, there, report) as opened:
                http_get(
                    url,
                    opened,
                    resume_size=there,
                    headers=build_hf_headers(token=False),
                    expected_size=file.size,
                )
        except Exception as error:  # of any kind, as above
            if turn == TRIES - 1 or not _is_cut(error):
                raise EncoderError(_why(error, wanted.repository)) from error
    if part.is_file():
        part.replace(path)
    elif file.size == 0:
        path.touch()
    if not _fits(path, file, expected):
        path.unlink(missing_ok=True)
        raise EncoderError(
            f"{file.name} of {wanted.repository} has another digest than it should have: it was thrown away; "
            f"try again, or another mirror ({ENDPOINT_VARIABLE})"
        )


def _part(path: Path, commit: str) -> Path:
    """Where a file lies until it is whole: named after the commit, so that no other one's is gone on with."""
    return path.with_name(f"{path.name}.{commit[:12]}.part")


def _there(folder: Path, file: _File, commit: str) -> int:
    """How many bytes of ``file`` are in ``folder`` already."""
    path = folder / file.name
    found = next((one for one in (path, _part(path, commit)) if one.is_file()), None)
    return 0 if found is None else min(found.stat().st_size, file.size)


def _need_room(size: int, folder: Path) -> None:
    """EncoderError when ``size`` more bytes don't fit where ``folder`` is or will be."""
    place = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    free = shutil.disk_usage(place).free
    if size > free:
        raise EncoderError(
            f"{size / 1e9:.1f} GB are to be fetched, and {place} has {free / 1e9:.1f} GB left: "
            f"make room, or name another folder ({HOME_VARIABLE})"
        )


def _fits(path: Path, file: _File, expected: str | None) -> bool:
    """Whether the file has the digest that is ``expected``, or as a small one that of its git object."""
    if expected is not None:
        return file_digest(path) == expected
    if file.blob is None:
        return path.stat().st_size == file.size
    content = path.read_bytes()
    return (
        hashlib.sha1(b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest() == file.blob
    )


def _endpoint() -> str | None:
    return os.environ.get(ENDPOINT_VARIABLE) or None


class _Counted(io.FileIO):
    """A file that is written on at its end, and tells ``report`` how many bytes it has."""

    def __init__(self, path: Path, there: int, report: Callable[[int], None] | None) -> None:
        super().__init__(path, "ab")
        self._there, self._report = there, report

    def write(self, content: Any, /) -> int:
        self._there += super().write(content)
        if self._report is not None:
            self._report(self._there)
        return len(content)

    def truncate(self, size: int | None = None, /) -> int:
        """What a server does to it that gives the whole file again."""
        self._there = super().truncate(size)
        return self._there


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the client's own warnings and bars, and in pieces that are not lost when a connection is cut."""
    import logging

    from huggingface_hub import constants
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    before, size = logging.root.manager.disable, constants.DOWNLOAD_CHUNK_SIZE
    shown = not are_progress_bars_disabled()
    logging.disable(logging.ERROR)
    disable_progress_bars()
    constants.DOWNLOAD_CHUNK_SIZE = AT_ONCE
    try:
        yield
    finally:
        constants.DOWNLOAD_CHUNK_SIZE = size
        if shown:
            enable_progress_bars()
        logging.disable(before)


# Names of errors, of the client and of what it speaks by, which is another by version.
UNREACHED = {
    "ConnectError",
    "ConnectTimeout",
    "ConnectionError",
    "LocalEntryNotFoundError",
    "OfflineModeIsEnabled",
}
UNREACHED |= {"URLError", "ProxyError", "NetworkError", "TimeoutException", "OfflineModeIsEnabledError"}
CUT = {
    "RemoteProtocolError",
    "ReadError",
    "ReadTimeout",
    "ChunkedEncodingError",
    "IncompleteRead",
    "ProtocolError",
}


def _kinds(error: BaseException | None) -> set[str]:
    names: set[str] = set()
    while error is not None:
        names |= {kind.__name__ for kind in type(error).__mro__}
        error = error.__cause__ or error.__context__
    return names


def _is_cut(error: BaseException) -> bool:
    return bool(_kinds(error) & (CUT | {"OSError"})) and "GatedRepoError" not in _kinds(error)


def _why(error: BaseException, repository: str) -> str:
    kinds = _kinds(error)
    place = _endpoint() or "huggingface.co"
    if kinds & {"RepositoryNotFoundError", "RevisionNotFoundError", "EntryNotFoundError", "GatedRepoError"}:
        return (
            f"{place} has no {repository}, or not at this revision: get another encoder, or --from a folder"
        )
    if kinds & (UNREACHED | CUT):
        return (
            f"{place} can't be reached: fetch {repository} on a machine with a network and take the folder along "
            f"(--from DIR), or name a mirror ({ENDPOINT_VARIABLE})"
        )
    reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return f"{repository} can't be fetched from {place}: {reason}"
