"""Documents of office programs and books: texts with their slides, sheets and chapters, and the pictures in them."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mmsearch.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from mmsearch.media.limits import Limits
    from mmsearch.media.readers.parts import Contents, Part, PicturePart
    from mmsearch.types import FieldValue, Locator

Unit: TypeAlias = Literal["slide", "sheet", "chapter"]

_OLE = (
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # Microsoft's older container; encrypted documents lie in one as well
)
_SMALLEST_SIDE = 32  # pixels: what is smaller is an ornament
_MOST_PICTURES = 500
_LONGEST_CAPTION = 300
_IMAGE = re.compile(r"\[Image(?:: ([^\]\n]*))?\]|!\[([^\]\n]*)\]\([^)\n]*\)")
_CAPTION = re.compile(
    r"\s*(fig|figure|abb|abbildung|image|photo|picture|bild|chart|diagram|图|圖)\b|\s*[图圖]\s*\d", re.I
)


@dataclass(frozen=True, slots=True)
class OfficeReader:
    """Documents of one kind, by kreuzberg. ``unit``: what they are divided into, if anything.

    ``is_zip``: whether such a file is an archive, whose contents are measured before they are unpacked.
    """

    name: str
    suffixes: frozenset[str]
    unit: Unit | None = None
    is_zip: bool = True
    signatures: tuple[bytes, ...] = ()
    extra: str | None = "documents"
    package: str | None = "kreuzberg"
    isolated: bool = True

    def max_bytes(self, limits: Limits) -> int:
        """As `Reader`."""
        return limits.max_bytes

    def read(self, file: Path, limits: Limits) -> Contents:
        """As `Reader`; the text of the whole file is in memory, which its size bounds."""
        from mmsearch.media.readers.parts import Contents

        if self.is_zip:
            _measure(file, self.name, limits)
        found = extracted(file, self.name, structure=self.unit == "chapter")
        told = found.metadata
        title = " ".join(str(told.get("title") or "").split()) or None
        return Contents(_parts(found, self.unit, limits), title, fields_of(told))


def extracted(file: Path, name: str, *, structure: bool = False) -> Any:
    """What kreuzberg makes of a ``file``, which a person calls a ``name``; MediaError."""
    import kreuzberg

    how = kreuzberg.ExtractionConfig(
        use_cache=False,
        disable_ocr=True,
        enable_quality_processing=False,
        images=kreuzberg.ImageExtractionConfig(extract_images=True),
        pages=kreuzberg.PageConfig(extract_pages=True),
        include_document_structure=structure,
    )
    try:
        return kreuzberg.extract_file_sync(file, config=how)
    except kreuzberg.KreuzbergError as error:
        message = " ".join(str(error).split())
        raise MediaError(f"damaged {name} ({message[:120]})") from error


def fields_of(told: Mapping[str, Any]) -> dict[str, FieldValue]:
    """What a document says of itself, as fields."""
    fields: dict[str, FieldValue] = {}
    for name, value in (
        ("author", told.get("authors") or told.get("created_by")),
        ("created", told.get("created_at")),
        ("language", told.get("language")),
        ("keywords", told.get("keywords")),
        ("subject", told.get("subject")),
    ):
        listed = value if isinstance(value, list | tuple) else [value]
        text = "; ".join(" ".join(str(one).split()) for one in listed if one)
        if text:
            fields[name] = text
    return fields


def _measure(file: Path, name: str, limits: Limits) -> None:
    """MediaError for what unpacks to more than a file may have, before it does."""
    from mmsearch.media.files import open_regular

    with open_regular(file) as opened:
        if opened.read(len(_OLE)) == _OLE:
            raise MediaError(f"an encrypted {name}, or one of an older format")
        try:
            with zipfile.ZipFile(opened) as archive:
                unpacked = sum(entry.file_size for entry in archive.infolist())
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise MediaError(f"damaged {name}, or one that was cut off") from error
    if unpacked > limits.max_bytes:
        raise MediaError(f"unpacks to {unpacked} bytes, more than the limit of {limits.max_bytes}")


def _parts(found: Any, unit: Unit | None, limits: Limits) -> Iterator[Part]:
    from mmsearch.media.readers.parts import Fault, TextPart
    from mmsearch.types import Locator

    divided = {"slide": _slides, "sheet": _sheets, "chapter": _chapters}
    texts: Sequence[tuple[str | None, str]] = divided[unit](found) if unit else ()
    pictures = list(_pictures(found, unit))
    left = limits.max_text_bytes
    if not texts or unit is None:
        yield TextPart(_IMAGE.sub("", found.content)[:left])
        yield from (picture for _, picture in pictures)
        return
    for number, (title, text) in enumerate(texts, 1):
        place = Locator(unit, number)
        if number > limits.max_parts or left <= 0:
            yield Fault(
                place,
                f"{len(texts) - number + 1} {unit}s from here on are beyond what is read of one document",
            )
            break
        left -= len(text)
        yield TextPart(text, place, title)
        yield from (picture for page, picture in pictures if page == number)
    yield from (picture for page, picture in pictures if not 1 <= page <= len(texts))


def _slides(found: Any) -> list[tuple[str | None, str]]:
    """The texts of slides, which lie behind each other in the whole, by the bytes where they begin and end."""
    borders = (found.metadata.get("pages") or {}).get("boundaries") or ()
    whole = found.content.encode()
    texts: dict[int, str] = {}
    for one in borders:
        text = whole[int(one["byte_start"]) : int(one["byte_end"])].decode("utf-8", "ignore").strip()
        texts[int(one["page_number"])] = _IMAGE.sub("", text)
    return [(None, texts.get(number, "")) for number in range(1, max(texts, default=0) + 1)]


def _sheets(found: Any) -> list[tuple[str | None, str]]:
    """Each row of a sheet is a line."""
    names = list(found.metadata.get("sheet_names") or ())
    texts = []
    for page in found.pages or ():
        number = int(page["page_number"])
        rows = [row for table in page["tables"] for row in table.cells]
        lines = (" | ".join(cell for cell in map(str, row) if cell.strip()) for row in rows)
        name = names[number - 1] if number <= len(names) else None
        texts.append((name, "\n".join(line for line in lines if line) or page["content"]))
    return texts


def _chapters(found: Any) -> list[tuple[str | None, str]]:
    """What stands under each heading of the highest level that there is."""
    nodes = [node["content"] for node in (found.document or {}).get("nodes", ())]
    levels = [int(node["level"]) for node in nodes if node.get("node_type") == "heading"]
    highest = min(levels, default=0)
    chapters: list[tuple[str | None, list[str]]] = []
    for node in nodes:
        kind, text = node.get("node_type"), str(node.get("text") or "")
        if kind == "heading" and int(node["level"]) == highest:
            chapters.append((text.strip() or None, []))
        elif kind not in ("group", "image") and text.strip():
            if not chapters:
                chapters.append((None, []))
            chapters[-1][1].append(text)
    return [(title, "\n\n".join(texts)) for title, texts in chapters]


def _pictures(found: Any, unit: Unit | None) -> Iterator[tuple[int, PicturePart]]:
    """Each picture once, with the number of its slide or sheet, or 0, and what is said of it."""
    from mmsearch.media.readers.parts import PicturePart
    from mmsearch.types import Locator

    beside = _words_beside(found.content)
    seen: set[bytes] = set()
    for number, image in enumerate(islice(found.images or (), _MOST_PICTURES), 1):
        sides = image.get("width") or _SMALLEST_SIDE, image.get("height") or _SMALLEST_SIDE
        if image.get("is_mask") or min(sides) < _SMALLEST_SIDE:
            continue
        page = int(image.get("page_number") or 0) if unit else 0
        words = (image.get("description"), beside.get(int(image.get("image_index", number - 1))))
        captions = tuple(
            dict.fromkeys(
                " ".join(text.split())[:_LONGEST_CAPTION] for text in words if text and text.strip()
            )
        )
        place: Locator = Locator("picture", number)
        if page and unit:
            place = place.within(Locator(unit, page))
        part = PicturePart(bytes(image["data"]), place, captions)
        if part.key() not in seen:
            seen.add(part.key())
            yield page, part


def _words_beside(text: str) -> dict[int, str]:
    """The caption below each place of a picture, by the picture's index: the next paragraph, if it looks like one."""
    found = {}
    for index, match in enumerate(_IMAGE.finditer(text)):
        below = text[match.end() : match.end() + 2 * _LONGEST_CAPTION].lstrip().split("\n\n", 1)[0]
        if below and len(below) <= _LONGEST_CAPTION and _CAPTION.match(below):
            found[index] = below
    return found
