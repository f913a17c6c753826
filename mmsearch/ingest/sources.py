"""What a crawl finds: documents to be made, and files that can't become any."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from mmsearch.errors import MediaError
from mmsearch.media.film.motion import is_motion_photo
from mmsearch.media.kinds import PICTURES, SUBTITLES, TEXTS, reader_of
from mmsearch.media.readers.pictures import PictureReader

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from mmsearch.media.readers.reader import Reader
    from mmsearch.types import FieldValue


# What a file is to its document: the fields of `Source`, in the order in which they name it.
Role: TypeAlias = Literal["picture", "text", "document"]
ROLES: tuple[Role, ...] = get_args(Role)


def role_of(reader: Reader) -> Role:
    """What the files of a ``reader`` are to their documents."""
    if reader is TEXTS:
        return "text"
    return "picture" if isinstance(reader, PictureReader) else "document"


@dataclass(frozen=True, slots=True)
class Source:
    """One document as it lies in the corpus: a picture, texts, or both, with what is known about it.

    ``path``: relative to the corpus, separated by "/", unique in it; what the user sees. ``stamp``: an opaque
    string that changes when anything that the document is made of changes. ``picture``, ``text`` and ``document``:
    files to read, the last one by the reader of its suffix. ``body``: text to be split into passages like that of a
    file, from a manifest or a sidecar. ``supplements``: fields that hold where neither ``fields`` nor the files
    themselves have one of that name. ``subtitles``: files that tell what is said in a ``document``.
    """

    path: str
    stamp: str
    picture: Path | None = None
    text: Path | None = None
    captions: tuple[str, ...] = ()
    title: str | None = None
    body: str | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    supplements: Mapping[str, FieldValue] = field(default_factory=dict)
    document: Path | None = None
    subtitles: tuple[Path, ...] = ()

    @property
    def files(self) -> list[tuple[Reader, Path]]:
        """Its files with their readers, in this order; MediaError for a document that no reader knows."""
        found: list[tuple[Reader, Path]] = []
        if self.picture is not None:
            found.append((PICTURES, self.picture))
        if self.text is not None:
            found.append((TEXTS, self.text))
        if self.document is not None:
            reader = reader_of(self.document.suffix.lower())
            if reader is None:
                raise MediaError("of a kind that is not read")
            found += [(SUBTITLES, file) for file in self.subtitles]
            found.append((reader, self.document))
        return found

    @property
    def is_isolated(self) -> bool:
        """Whether one of its files is read in a child process always; looks into a picture, which may hold a film."""
        if self.picture is not None and find_spec("av") is not None and is_motion_photo(self.picture):
            return True
        return self.document is not None and any(reader.isolated for reader, _ in self.files)


@dataclass(frozen=True, slots=True)
class Skipped:
    """What could not become a document, and why.

    ``path``: a file, a line of a manifest ("records.jsonl:17"), or a folder that can't be entered ("a/b/"),
    of which nobody knows what lies below it. ``below``: the beginning of the paths of all that may be there all
    the same ("a/b/", "" for the whole corpus), where that is not told by ``path``. ``stamp``: of a source that ended
    its decoder, and is not tried again until it has another.
    """

    path: str
    reason: str
    below: str | None = field(default=None, compare=False)
    stamp: str | None = field(default=None, compare=False)


def file_stamp(status: os.stat_result) -> str:
    """Size, time of change and inode: an unchanged stamp means that the file need not be read again."""
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ino}"


def printable(path: str) -> str:
    """``path`` with bytes that are not UTF-8 written as "\\xff", so that it can be printed and stored."""
    if path.isascii():
        return path
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def is_utf8(name: str) -> bool:
    """Whether a name that the system gave is valid UTF-8."""
    if name.isascii():
        return True
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
