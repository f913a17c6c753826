"""The files that records of a manifest name: where they lie, and where they may not."""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError
from mmsearch.ingest.ignored import Ignored
from mmsearch.ingest.manifest.columns import Columns
from mmsearch.ingest.sources import file_stamp, role_of
from mmsearch.media.files import os_reason, status_reason
from mmsearch.media.kinds import reader_of
from mmsearch.media.limits import Limits

if TYPE_CHECKING:
    from pathlib import Path

    from mmsearch.ingest.manifest.records import Record
    from mmsearch.ingest.sources import Role

_UNUSUAL = re.compile(r"\.\.|[:]|//|^/|(^|/)\.(/|$)|/$")  # most paths need no closer look
_OUTSIDE = re.compile(r"/|[A-Za-z]:|(.*/)?\.\.(/|$)")
_PLURALS: dict[Role, str] = {"picture": "pictures", "text": "text files", "document": "documents"}
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True, slots=True)
class ManifestOptions:
    """How manifests are read. ``columns``: names for theirs. ``follow_links``: symbolic ones, within the corpus."""

    limits: Limits = field(default_factory=Limits)
    ignored: Ignored = field(default_factory=Ignored)
    columns: Columns = field(default_factory=Columns)
    follow_links: bool = True


class References:
    """The files that the records of one manifest name, and where these may lie."""

    def __init__(self, root: str, corpus: Path, how: ManifestOptions) -> None:
        self.root, self.how = root, how
        self._real_root = os.path.realpath(root)
        self._real_corpus = os.path.realpath(corpus)
        self._real_folders: dict[str, str] = {"": self._real_root}

    def of(self, record: Record) -> tuple[dict[Role, str], str]:
        """(files relative to the root by what they are, their stamps) of a record; MediaError if it says nothing."""
        limits = self.how.limits
        files: dict[Role, str] = {}
        stamp = ""
        for written in record.paths:
            relative, status = _find(written, self.root)
            suffix = f".{relative.rpartition('.')[2].lower()}"
            reader = reader_of(suffix)
            if reader is None:
                raise MediaError(f"{written} is of no kind that is read")
            role = role_of(reader)
            if role in files:
                raise MediaError(f"names two {_PLURALS[role]}: use a record for each")
            self._check_links(relative, written)
            if reason := status_reason(f"{self.root}/{relative}", status, reader.max_bytes(limits)):
                raise MediaError(f"{written}: {reason}")
            stamp += file_stamp(status) + ";"
            files[role] = relative
        if not (record.paths or record.captions or record.body or record.title):
            raise MediaError("names no picture, text, caption or title")
        return files, stamp

    def is_there(self, written: str) -> bool:
        """Whether this is the name of a file that a record may name."""
        if reader_of(f".{written.rpartition('.')[2].lower()}") is None:
            return False
        try:
            _find(written, self.root)
        except MediaError:
            return False
        return True

    def _check_links(self, relative: str, written: str) -> None:
        """MediaError for a file that a symbolic link shows, if none are followed or it leads out of the corpus."""
        folder, _, name = relative.rpartition("/")
        real = self._real_folders.get(folder)
        if real is None:
            real = self._real_folders[folder] = os.path.realpath(f"{self.root}/{folder}")
        linked = real != (f"{self._real_root.rstrip('/')}/{folder}" if folder else self._real_root)
        if os.path.islink(f"{real}/{name}"):
            linked, real = True, os.path.realpath(f"{real}/{name}")
        if not linked:
            return
        if not self.how.follow_links:
            raise MediaError(f"{written} is reached by a symbolic link, and links are not followed")
        if real != self._real_corpus and not real.startswith(f"{self._real_corpus.rstrip('/')}/"):
            raise MediaError(f"{written} leads out of the corpus by a symbolic link")


def _find(written: str, root: str) -> tuple[str, os.stat_result]:
    """(path under ``root``, its status) of a file as a record names it.

    Backslashes are read as slashes, and accents in either form of Unicode: tables come from other systems.
    MediaError when it is an address, leads out of ``root``, or does not exist.
    """
    path = written.replace("\\", "/")
    if _UNUSUAL.search(path):
        if _ADDRESS.match(path):
            raise MediaError(f"{written} is an address: only files of the corpus are read")
        if _OUTSIDE.match(path):
            raise MediaError(f"{written} leads out of the corpus")
        path = "/".join(part for part in path.split("/") if part not in ("", "."))
    forms = (path,) if path.isascii() else (path, *(unicodedata.normalize(f, path) for f in ("NFC", "NFD")))
    reason = "does not exist"
    for form in forms:
        try:
            return form, os.stat(f"{root}/{form}")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            reason = f"can't be read: {os_reason(error)}"
    raise MediaError(f"{written} {reason}")
