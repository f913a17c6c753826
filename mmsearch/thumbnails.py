"""Small pictures of pictures: made when they are asked for, and kept by what they were made of.

A thumbnail is a WebP of at most `SIZES` pixels a side, a view is what a browser shows of any picture (HEIC, TIFF, RAW,
AVIF): a JPEG of at most `VIEW` pixels. Both are upright, on white, in sRGB (`mmsearch.media`), and say nothing of the
file: no EXIF, no place, no profile.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError, UsageError
from mmsearch.store.kept.thumbnails import MOST_BYTES, ThumbnailFolder, name_of
from mmsearch.types import Locator

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Literal, Self

    from mmsearch.media.limits import Limits

# A side that is asked for is rounded up to one of these, so that a stranger can't fill the folder with sizes.
SIZES = (96, 160, 240, 320, 480, 640, 768)
VIEW = 2560
_QUALITY = {"WEBP": 80, "JPEG": 88}
_SUFFIX = {"WEBP": "webp", "JPEG": "jpg"}
_FAILURES = 1_000  # contents that can't be decoded, of which the reason is remembered
_LOCKS = 64
WHOLE = Locator()


@dataclass(frozen=True, slots=True)
class SmallPicture:
    """A WebP or JPEG file as ``data``, with its ``media_type`` for HTTP.

    ``is_current``: made of the very content that was indexed, so it is the same for good under that content's key.
    False: the file has changed since.
    """

    data: bytes
    media_type: Literal["image/webp", "image/jpeg"]
    is_current: bool


class Thumbnails:
    """Small pictures, kept in ``folder`` within ``most_bytes`` (`mmsearch.store.kept.thumbnails`).

    For several threads: of those that ask for the same one at once, one makes it. Pickles without what it remembers.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES, limits: Limits | None = None) -> None:
        self.folder, self.most_bytes, self.limits = folder, most_bytes, limits
        self._kept = ThumbnailFolder(folder, most_bytes)
        self._failures: dict[bytes, str] = {}
        self._locks = tuple(threading.Lock() for _ in range(_LOCKS))

    def __reduce__(self) -> tuple[type[Self], tuple[Path, int, Limits | None]]:
        return type(self), (self.folder, self.most_bytes, self.limits)

    def small(self, file: Path, key: bytes, size: int, place: Locator = WHOLE) -> SmallPicture:
        """The picture at ``place`` in ``file``, which had the content ``key`` (SHA-256) when it was indexed.

        The longer side is ``size`` pixels rounded up to the next of `SIZES`; no picture is enlarged. Raises UsageError
        for a size beyond them, MediaError (whose message is the reason) for what is no picture or not there.
        """
        if not 1 <= size <= SIZES[-1]:
            raise UsageError(f"a thumbnail has 1 to {SIZES[-1]} pixels a side, not {size}")
        return self._picture(file, place, key, next(one for one in SIZES if one >= size), "WEBP")

    def view(self, file: Path, key: bytes, place: Locator = WHOLE) -> SmallPicture:
        """The same as a JPEG of at most `VIEW` pixels a side."""
        return self._picture(file, place, key, VIEW, "JPEG")

    def _picture(
        self, file: Path, place: Locator, key: bytes, side: int, form: Literal["WEBP", "JPEG"]
    ) -> SmallPicture:
        name = name_of(key, side, _SUFFIX[form])
        media_type: Literal["image/webp", "image/jpeg"] = "image/webp" if form == "WEBP" else "image/jpeg"
        with self._locks[key[0] % _LOCKS]:
            data = self._kept.get(name)
            if data is not None:
                return SmallPicture(data, media_type, True)
            if (reason := self._failures.get(key)) is not None:
                raise MediaError(reason)
            data, current = self._make(file, place, key, side, form)
            if current:
                self._kept.put(name, data)
        return SmallPicture(data, media_type, current)

    def _make(
        self, file: Path, place: Locator, key: bytes, side: int, form: Literal["WEBP", "JPEG"]
    ) -> tuple[bytes, bool]:
        """The file made small, and whether it still has the content ``key``."""
        from mmsearch.media.isolation.lookup import isolated_picture_at
        from mmsearch.media.limits import Limits
        from mmsearch.media.picture import thumbnail

        limits = self.limits or Limits()
        content, found = isolated_picture_at(file, place, limits, side)
        current = found == key
        try:
            return thumbnail(content, side, limits, image_format=form, quality=_QUALITY[form]), current
        except MediaError as error:
            if current:
                while len(self._failures) >= _FAILURES:
                    self._failures.pop(next(iter(self._failures)), None)
                self._failures[key] = str(error)
            raise
