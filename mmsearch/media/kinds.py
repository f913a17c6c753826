"""The readers that there are, by the suffixes of their files: a reader to come adds its row here.

A crawl takes the files of these suffixes for documents; what has another suffix is counted as not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmsearch.media.formats import PICTURE_SUFFIXES, RAW_SUFFIXES
from mmsearch.media.readers.films import FilmReader
from mmsearch.media.readers.mail import MailReader
from mmsearch.media.readers.office import OfficeReader
from mmsearch.media.readers.pdf import PdfReader
from mmsearch.media.readers.pictures import PictureReader
from mmsearch.media.readers.reader import is_installed
from mmsearch.media.readers.sounds import SoundReader
from mmsearch.media.readers.subtitles import SubtitleReader
from mmsearch.media.readers.texts import TextReader

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mmsearch.media.readers.reader import Reader

PICTURES = PictureReader("picture", frozenset(PICTURE_SUFFIXES - RAW_SUFFIXES))
RAW = PictureReader("camera RAW", RAW_SUFFIXES, extra="raw", package="rawpy")
TEXTS = TextReader()
SOUNDS = SoundReader()
FILMS = FilmReader()
SUBTITLES = SubtitleReader()  # belongs to what lies beside it, so it is not among the readers of documents

DOCUMENTS = (
    PdfReader(),
    OfficeReader("Word document", frozenset({".docx"})),
    OfficeReader("presentation", frozenset({".pptx"}), "slide"),
    OfficeReader("workbook", frozenset({".xlsx"}), "sheet"),
    OfficeReader("EPUB", frozenset({".epub"}), "chapter"),
    OfficeReader("OpenDocument text", frozenset({".odt"})),
    OfficeReader("RTF", frozenset({".rtf"}), is_zip=False, signatures=(b"{\\rtf",)),
    MailReader(lambda suffix: reader_of(suffix)),
)

READERS: tuple[Reader, ...] = (PICTURES, RAW, TEXTS, SOUNDS, FILMS, *DOCUMENTS)


def reader_of(suffix: str) -> Reader | None:
    """The reader of the files with this ``suffix`` (lower case, with its dot), installed or not."""
    return next((reader for reader in READERS if suffix in reader.suffixes), None)


def suffixes_read() -> frozenset[str]:
    """The suffixes of all kinds that can be read here and now."""
    return frozenset(suffix for reader in READERS if is_installed(reader) for suffix in reader.suffixes)


def suffixes_of_missing_extras() -> frozenset[str]:
    """The suffixes of files that are read as soon as an extra is installed, which it is not."""
    return frozenset(suffix for reader in READERS if not is_installed(reader) for suffix in reader.suffixes)


def missing_extras(suffixes: Iterable[str]) -> list[str]:
    """The extras, sorted, that would read files of these ``suffixes`` and are not installed."""
    wanted = set(suffixes)
    return sorted(
        {r.extra for r in READERS if r.extra and not is_installed(r) and not wanted.isdisjoint(r.suffixes)}
    )
