"""PDF files, page by page: their texts, and pictures of the pages that show something."""

from __future__ import annotations

import re
import threading
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mmsearch.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mmsearch.media.limits import Limits
    from mmsearch.media.readers.parts import Contents, Part
    from mmsearch.types import FieldValue, Pixels

DRAWN_SIDE = 512  # pixels of a page's longer side: about 44 dpi, more than an encoder looks at
_POINTS = 72  # an inch
_HEAD = 1024  # bytes in which a PDF's own begin
_FEWEST_CHARACTERS = 8  # of a page with a text layer
_FIGURE_SHARE = 0.04  # of the page, by an image
_FIGURE_PATHS = 100  # lines and areas that a drawing has at least: a table has fewer
_MOST_OBJECTS = 5_000  # of a page that are looked at
_IMAGE, _PATH = 3, 2  # FPDF_PAGEOBJ_IMAGE, FPDF_PAGEOBJ_PATH
_HYPHENS = re.compile("[\x02\ufffe\u00ad]\r?\n?")  # a word that goes on in the next line
_DATE = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)(\d\d)?)?", re.ASCII)
_NO_TITLE = re.compile(
    r"(untitled|unspecified|unbekannt|anonymous|microsoft \w+ - |.*\.(docx?|tex|dvi|indd|pptx?|xlsx?)$)", re.I
)
_LONGEST_TITLE = 300
_one_thread = threading.Lock()


@dataclass(frozen=True, slots=True)
class PdfReader:
    """PDF by PDFium. A page without a text layer, or with figures, is a picture too."""

    name: str = "PDF"
    suffixes: frozenset[str] = frozenset({".pdf"})
    extra: str | None = "documents"
    package: str | None = "pypdfium2"
    signatures: tuple[
        bytes, ...
    ] = ()  # `read` looks for itself: some begin with a few bytes of something else
    isolated: bool = True

    def max_bytes(self, limits: Limits) -> int:
        """As `Reader`."""
        return limits.max_bytes

    def read(self, file: Path, limits: Limits) -> Contents:
        """As `Reader`."""
        from mmsearch.media.readers.parts import Contents

        document = opened(file)
        told = document.get_metadata_dict(skip_empty=True)
        title = " ".join(told.get("Title", "").split())
        return Contents(
            _pages(document, limits),
            None if _NO_TITLE.match(title) else title[:_LONGEST_TITLE] or None,
            _fields(told, len(document)),
        )


def opened(file: Path) -> Any:
    """The pypdfium2.PdfDocument of a file; MediaError when it can't be opened."""
    import pypdfium2

    from mmsearch.media.files import open_regular

    with open_regular(file) as start:
        if b"%PDF" not in start.read(_HEAD):
            raise MediaError("no PDF: it does not begin like one")
    try:
        document = pypdfium2.PdfDocument(file)
        pages = len(document)
    except pypdfium2.PdfiumError as error:
        message = str(error).lower()
        if "password" in message or "security" in message:
            raise MediaError("encrypted: it opens with a password only") from error
        raise MediaError("damaged PDF, or one that was cut off") from error
    if not pages:
        raise MediaError("a PDF without pages")
    return document


def drawn_page(file: Path, number: int, dpi: int | None, longest_side: int) -> Pixels:
    """Page ``number``, from 1, its longer side ``longest_side`` pixels, or fewer where ``dpi`` asks for fewer.

    (height, width, 3) uint8 RGB. Raises MediaError. PDFium is for one thread at a time.
    """
    import pypdfium2

    with _one_thread, closing(opened(file)) as document:
        if not 1 <= number <= len(document):
            raise MediaError(f"has no page {number}")
        try:
            page = document[number - 1]
            scale = longest_side / max(1.0, *page.get_size())
            return _drawn(page, scale if dpi is None else min(dpi / _POINTS, scale))
        except (pypdfium2.PdfiumError, ValueError) as error:
            raise MediaError(f"damaged page ({' '.join(str(error).split())[:80]})") from error


def _pages(document: Any, limits: Limits) -> Iterator[Part]:
    """The parts of all pages; one that is damaged costs itself."""
    import pypdfium2

    from mmsearch.media.readers.parts import Fault
    from mmsearch.types import Locator

    left = limits.max_text_bytes
    with closing(document):
        titles = _outline(document)
        for n in range(len(document)):
            place = Locator("page", n + 1)
            if n >= limits.max_parts or left <= 0:
                yield Fault(
                    place, f"{len(document) - n} pages from here on are beyond what is read of one document"
                )
                return
            try:
                for part in _page(document, n, place, titles.get(n)):
                    left -= len(getattr(part, "text", ""))
                    yield part
            except (pypdfium2.PdfiumError, ValueError) as error:
                yield Fault(place, f"damaged page ({' '.join(str(error).split())[:80]})")


def _page(document: Any, index: int, place: Any, title: str | None) -> Iterator[Part]:
    from mmsearch.media.readers.parts import PicturePart, TextPart

    page = document[index]
    try:
        with closing(page.get_textpage()) as layer:
            text = _HYPHENS.sub("", layer.get_text_bounded()).replace("\r\n", "\n").replace("\r", "\n")
        is_read = len(text.strip()) >= _FEWEST_CHARACTERS
        if is_read or title:
            yield TextPart(text if is_read else "", place, title)
        images, paths = _shown(page)
        if (images or paths) if not is_read else (images >= _FIGURE_SHARE or paths >= _FIGURE_PATHS):
            pixels = _drawn(page, DRAWN_SIDE / max(1.0, *page.get_size()))
            if int(pixels.max()) - int(pixels.min()) > 0:  # a blank page shows nothing
                yield PicturePart(pixels, place)
    finally:
        page.close()


def _shown(page: Any) -> tuple[float, int]:
    """The share of the page that its images take, each by itself, and the number of its paths."""
    import ctypes

    import pypdfium2.raw as pdfium

    width, height = page.get_size()
    images, paths = 0.0, 0
    sides = [ctypes.c_float() for _ in range(4)]
    for n in range(min(pdfium.FPDFPage_CountObjects(page.raw), _MOST_OBJECTS)):
        one = pdfium.FPDFPage_GetObject(page.raw, n)
        kind = pdfium.FPDFPageObj_GetType(one)
        if kind == _PATH:
            paths += 1
        elif kind != 1 and pdfium.FPDFPageObj_GetBounds(one, *sides):  # an image, a shading, a form
            left, bottom, right, top = (side.value for side in sides)
            images = max(images, abs((right - left) * (top - bottom)) / max(1.0, width * height))
    return images, paths


def _drawn(page: Any, scale: float) -> Pixels:
    import numpy as np

    bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=False)
    try:
        pixels = bitmap.to_numpy()
        if pixels.ndim == 2 or pixels.shape[2] == 1:
            pixels = np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2)
        return np.ascontiguousarray(pixels[:, :, :3])
    finally:
        bitmap.close()


def _outline(document: Any) -> Mapping[int, str]:
    """What the outline calls the pages, by their index: the entries that lead to each."""
    found: dict[int, list[str]] = {}
    with suppress(Exception):  # a damaged outline costs no page
        for entry in document.get_toc():
            target = entry.get_dest()
            index = None if target is None else target.get_index()
            title = " ".join((entry.get_title() or "").split())
            if index is not None and title:
                found.setdefault(index, []).append(title)
    return {index: " – ".join(dict.fromkeys(titles))[:_LONGEST_TITLE] for index, titles in found.items()}


def _fields(told: Mapping[str, str], pages: int) -> dict[str, FieldValue]:
    fields: dict[str, FieldValue] = {"pages": pages}
    for name, key in (("author", "Author"), ("subject", "Subject"), ("keywords", "Keywords")):
        value = " ".join(told.get(key, "").split())
        if value and not _NO_TITLE.match(value):
            fields[name] = value
    if date := _date(told.get("CreationDate", "")):
        fields["created"] = date
    return fields


def _date(text: str) -> str | None:
    """``D:20190704163000+02'00'`` as ``2019-07-04T16:30:00``."""
    match = _DATE.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = match.groups()
    date = "-".join(part for part in (year, month, day if month else None) if part)
    return f"{date}T{hour}:{minute}:{second or '00'}" if day and hour else date
