"""Any color mode to 8-bit RGB or gray: transparency on white, deep gray scaled, CMYK and Lab converted."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mmsearch.media.profiles import in_srgb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

Levels: TypeAlias = tuple[float, float]  # the values that become black and white

DEEP_MODES = frozenset({"I;16", "I;16B", "I;16L", "I;16N", "I", "F"})
STRIP_PIXELS = 1 << 22  # what a copy made on the way may hold: 16 MB
_BYTE, _TWELVE_BITS, _SIXTEEN_BITS = 255.0, 4095.0, 65535.0


def is_flat(image: Image.Image) -> bool:
    """Whether ``image`` is opaque 8-bit RGB or gray already."""
    return image.mode in ("RGB", "L") and "transparency" not in image.info


def flatten(image: Image.Image, levels: Levels | None = None) -> Image.Image:
    """``image`` as opaque RGB or L.

    ``levels`` are the ``deep_levels`` of the picture that ``image`` is a strip of; None: its own.
    """
    if is_flat(image):
        return image
    if image.mode in DEEP_MODES:
        return _from_deep(image, levels or deep_levels(image))
    if image.has_transparency_data:
        return _on_white(image.convert("RGBA"))
    if image.mode == "CMYK":
        image = in_srgb(image)
    if image.mode == "LAB":
        return _from_lab(image)
    return image.convert("L" if image.mode == "1" else "RGB")


def _on_white(image: Image.Image) -> Image.Image:
    from PIL import Image

    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper


def _from_lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    converted = ImageCms.profileToProfile(
        image, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    return converted or image.convert("RGB")  # never None without inPlace


def _from_deep(image: Image.Image, levels: Levels) -> Image.Image:
    from PIL import Image

    black, white = levels
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), nan=black, posinf=white, neginf=black)
    scaled = (values - black) * (_BYTE / ((white - black) or 1.0))
    return Image.fromarray(scaled.clip(0, _BYTE).round().astype(np.uint8))  # (h, w) -> "L"


def deep_levels(image: Image.Image) -> Levels:
    """Which values of a 16-bit, 32-bit or float gray picture are black and white.

    Whole numbers within 16 bits keep their scale, unless all lie within 12: such come from scanners and
    microscopes, and would be black pictures. Floats are taken as 0..1 or 0..255 if they fit. Anything else
    is stretched between its extremes.
    """
    low, high = _extremes(image)
    if image.mode == "F":
        if low >= 0 and high <= _BYTE:
            return 0.0, 1.0 if high <= 1 else _BYTE
    elif low >= 0 and high <= _SIXTEEN_BITS:
        return 0.0, _SIXTEEN_BITS if high > _TWELVE_BITS else max(high, 1.0)
    return low, high


def _extremes(image: Image.Image) -> tuple[float, float]:
    """Least and greatest finite value (0 and 0 when there is none), without a copy of the whole."""
    low, high = float("inf"), float("-inf")
    for strip in strips(image):
        values = np.asarray(strip)
        finite = values[np.isfinite(values)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    return (low, high) if low <= high else (0.0, 0.0)


def strips(image: Image.Image, multiple: int = 1) -> Iterator[Image.Image]:
    """``image`` cut into full-width strips of about ``STRIP_PIXELS``, top to bottom.

    The height of each but the last is a multiple of ``multiple``.
    """
    width, height = image.size
    step = max(1, STRIP_PIXELS // (width * multiple)) * multiple
    for top in range(0, height, step):
        yield image.crop((0, top, width, min(height, top + step)))
