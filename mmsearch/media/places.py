"""The picture at a place of a file: the file itself, a page of it, drawn again, a frame of it, or what lies in it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError

if TYPE_CHECKING:
    from pathlib import Path

    from mmsearch.media.limits import Limits
    from mmsearch.types import Locator, Pixels

_DPI = 150


def picture_at(file: Path, place: Locator, limits: Limits, longest_side: int) -> tuple[bytes, bytes]:
    """The bytes of a picture file that shows ``place``, and the key by which it was indexed if nothing has changed.

    Pages of a PDF are drawn at 150 dpi, their longer side at most ``longest_side`` pixels; frames are no larger either.
    What lies within another document is as it lies there. Raises MediaError for what can't be read, or isn't there.
    Native code meets strangers' files here: `mmsearch.media.isolation.lookup` has the same by a child process.
    """
    from mmsearch.media.files import read_file
    from mmsearch.media.readers.parts import PicturePart

    if place.kind == "whole":
        content = read_file(file, limits.max_bytes)
        return content, PicturePart(content).key()
    if place.inner is not None or place.start is None:
        return _within(file, place, limits)
    if place.kind == "page" and file.suffix.lower() == ".pdf":
        from mmsearch.media.readers.pdf import DRAWN_SIDE, drawn_page

        number = int(place.start)
        indexed = PicturePart(drawn_page(file, number, None, DRAWN_SIDE)).key()
        return _png(drawn_page(file, number, _DPI, longest_side)), indexed
    if place.kind == "frame":
        pixels, indexed = _frame(file, place.start, limits, longest_side)
        return _png(pixels), indexed
    return _within(file, place, limits)


def _within(file: Path, place: Locator, limits: Limits) -> tuple[bytes, bytes]:
    """The picture that a reader finds at ``place`` of a document."""
    from mmsearch.media.kinds import reader_of
    from mmsearch.media.readers.parts import PicturePart
    from mmsearch.media.readers.reader import read

    reader = reader_of(file.suffix.lower())
    if reader is not None:
        for part in read(reader, file, limits).parts:
            if isinstance(part, PicturePart) and part.place == place:
                return part.data if isinstance(part.data, bytes) else _png(part.data), part.key()
    raise MediaError(f"no picture: nothing is shown at {place}")


def _frame(file: Path, seconds: float, limits: Limits, longest_side: int) -> tuple[Pixels, bytes]:
    """A frame of a film, of an animated picture, or of the film in a motion photo."""
    from mmsearch.media.files import read_file
    from mmsearch.media.film.animated import animated_frame, is_animated
    from mmsearch.media.film.frames import frame_at
    from mmsearch.media.film.motion import film_in
    from mmsearch.media.formats import PICTURE_SUFFIXES

    if file.suffix.lower() not in PICTURE_SUFFIXES:
        return frame_at(file, seconds, longest_side)
    data = read_file(file, limits.max_bytes)
    if is_animated(data[:512]):
        return animated_frame(data, seconds, longest_side, limits)
    film = film_in(data)
    if film is None:
        raise MediaError("a picture in which nothing moves")
    return frame_at(film, seconds, longest_side)


def _png(pixels: Pixels) -> bytes:
    from PIL import Image

    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "PNG", compress_level=1)
    return written.getvalue()
