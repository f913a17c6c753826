"""Picture files -> the pixels that an encoder wants, with what the file says about itself; thumbnails."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeGuard

import numpy as np

from mmsearch.media.formats import PICTURE_SUFFIXES, RAW_SUFFIXES
from mmsearch.media.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from PIL import Image, ImageFile

    from mmsearch.types import FieldValue, PictureSpec, Pixels

__all__ = [
    "PICTURE_SUFFIXES",
    "RAW_SUFFIXES",
    "Picture",
    "fit_picture",
    "inspect_picture",
    "is_pil_image",
    "load_picture",
    "thumbnail",
    "thumbnail_pixels",
]

_THUMBNAIL_QUALITY = 85


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One decoded picture.

    ``pixels`` (size, size, 3) uint8 RGB; ``width`` and ``height`` of the original in pixels, upright;
    ``fields``: width, height, format ("JPEG", …, "RAW") and what EXIF has of date, camera, place and exposure
    (``exif.exif_fields``).
    """

    pixels: Pixels
    width: int
    height: int
    fields: Mapping[str, FieldValue]


def load_picture(
    source: Path | bytes, spec: PictureSpec, limits: Limits | None = None, *, scaled_decoding: bool = True
) -> Picture:
    """Decode a file, or the bytes of one, upright and opaque, to exactly ``spec.size`` x ``spec.size``.

    The first frame of an animation, the first page of a TIFF, the embedded preview of a camera RAW.
    ``scaled_decoding`` skips detail that the size can't show, in JPEG even before it is decoded: 4 times
    faster on 12 megapixels. False: every pixel is decoded and filtered.
    Raises MediaError, whose message is the reason for a report.
    """
    from mmsearch.media.decode import decoded, open_picture
    from mmsearch.media.exif import read_exif, transposition
    from mmsearch.media.fit import REDUCING_GAP, decoding_size, fit

    limits = limits or Limits()
    image = open_picture(_bytes(source, limits), limits)
    stored_size = image.size
    with decoded(image, decoding_size(image.size, spec) if scaled_decoding else None):
        small = fit(image, spec, REDUCING_GAP if scaled_decoding else None)
    exif = read_exif(image)
    turn = transposition(exif)
    if turn is not None:  # every fit is symmetric: the small square can be turned instead of the large one
        small = small.transpose(turn)
    width, height, fields = _facts(image, stored_size, exif)
    return Picture(np.asarray(small), width, height, fields)


def inspect_picture(source: Path | bytes, limits: Limits | None = None) -> dict[str, FieldValue]:
    """The ``fields`` that ``load_picture`` would give, from the header, without decoding the pixels.

    Raises MediaError like it, though only for what the header shows. EXIF that a PNG keeps behind its pixels
    is left out.
    """
    from mmsearch.media.decode import open_picture
    from mmsearch.media.exif import read_exif

    limits = limits or Limits()
    image = open_picture(_bytes(source, limits), limits)
    return _facts(image, image.size, read_exif(image))[2]


def _facts(
    image: ImageFile.ImageFile, stored_size: tuple[int, int], exif: Image.Exif | None
) -> tuple[int, int, dict[str, FieldValue]]:
    """(width, height, fields) of the upright picture."""
    from mmsearch.media.exif import exif_fields, swaps_sides, transposition

    turned = image.format != "TIFF" and swaps_sides(
        transposition(exif)
    )  # Pillow states a TIFF's size upright
    width, height = stored_size[::-1] if turned else stored_size
    fields: dict[str, FieldValue] = {"width": width, "height": height, "format": image.format or ""}
    return width, height, fields | exif_fields(exif)


def fit_picture(image: Image.Image, spec: PictureSpec) -> Pixels:
    """A PIL image of any mode as ``load_picture`` would give it: (size, size, 3) uint8 RGB."""
    from mmsearch.media.exif import read_exif, transposition
    from mmsearch.media.fit import fit

    small = fit(image, spec)
    turn = transposition(read_exif(image))
    return np.asarray(small if turn is None else small.transpose(turn))


def thumbnail(
    source: Path | bytes,
    longest_side: int,
    limits: Limits | None = None,
    *,
    image_format: Literal["JPEG", "PNG", "WEBP"] = "JPEG",
    quality: int = _THUMBNAIL_QUALITY,
) -> bytes:
    """The picture as a file, upright, on white, in sRGB, its longer side at most ``longest_side`` pixels.

    Nothing of what the file says about itself (EXIF, profile) is in it. ``quality``: of JPEG and WebP, 1 to 100.

    Raises MediaError like ``load_picture``.
    """
    file = BytesIO()
    small = _small(source, longest_side, limits)
    small.info = {}
    small.save(file, image_format, quality=quality)
    return file.getvalue()


def thumbnail_pixels(source: Path | bytes, longest_side: int, limits: Limits | None = None) -> Pixels:
    """The same as pixels (height, width, 3), uint8 RGB."""
    return np.asarray(_small(source, longest_side, limits).convert("RGB"))


def grey_pixels(
    source: Path | bytes, shape: tuple[int, int], limits: Limits | None = None
) -> NDArray[np.uint8]:
    """The picture as grey pixels of ``shape`` (rows, columns), whatever its own is; upright. Raises MediaError."""
    rows, columns = shape
    small = _small(source, 8 * max(shape), limits).convert("L")
    return np.asarray(small.resize((columns, rows)))


def _small(source: Path | bytes, longest_side: int, limits: Limits | None) -> Image.Image:
    from mmsearch.media.decode import decoded, open_picture
    from mmsearch.media.exif import read_exif, transposition
    from mmsearch.media.fit import shrink

    limits = limits or Limits()
    image = open_picture(_bytes(source, limits), limits)
    with decoded(image, (longest_side, longest_side)):
        small = shrink(image, longest_side)
    turn = transposition(read_exif(image))
    return small if turn is None else small.transpose(turn)


def is_pil_image(value: object) -> TypeGuard[Image.Image]:
    """Whether ``value`` is a PIL image; never imports PIL, since without it nothing can be one."""
    module = sys.modules.get("PIL.Image")
    return module is not None and isinstance(value, module.Image)


def _bytes(source: Path | bytes, limits: Limits) -> bytes:
    if isinstance(source, Path):
        from mmsearch.media.files import read_file

        return read_file(source, limits.max_bytes)
    return source
