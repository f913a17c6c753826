"""The picture at a place of a file: the file itself, or a page of it, drawn again."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError

if TYPE_CHECKING:
    from pathlib import Path

    from mmsearch.media.limits import Limits
    from mmsearch.types import Locator

_DPI = 150


def picture_at(file: Path, place: Locator, limits: Limits, longest_side: int) -> tuple[bytes, bytes]:
    """The bytes of a picture file that shows ``place``, and the key by which it was indexed if nothing has changed.

    Pages of a PDF are drawn at 150 dpi, their longer side at most ``longest_side`` pixels. Raises MediaError for what
    can't be read, and for pictures that lie within other documents.
    """
    from mmsearch.media.files import read_file
    from mmsearch.media.readers.parts import PicturePart

    if place.kind == "whole":
        content = read_file(file, limits.max_bytes)
        return content, PicturePart(content).key()
    if (
        file.suffix.lower() != ".pdf"
        or place.kind != "page"
        or place.inner is not None
        or place.start is None
    ):
        raise MediaError(f"no picture of its own: it lies in the document ({place})")
    from PIL import Image

    from mmsearch.media.readers.pdf import DRAWN_SIDE, drawn_page

    number = int(place.start)
    indexed = PicturePart(drawn_page(file, number, None, DRAWN_SIDE)).key()
    written = io.BytesIO()
    Image.fromarray(drawn_page(file, number, _DPI, longest_side)).save(written, "PNG", compress_level=1)
    return written.getvalue(), indexed
