"""A decoded picture -> the small square that an encoder wants, or a thumbnail's size."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from mmsearch.media.color import DEEP_MODES, STRIP_PIXELS, deep_levels, flatten, is_flat, strips
from mmsearch.media.profiles import in_srgb

if TYPE_CHECKING:
    from PIL import Image

    from mmsearch.types import PictureSpec, PixelFilter

Box: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom in pixels

REDUCING_GAP = 3.0
"""Pixels are averaged in whole blocks down to this many times the size before the bicubic filter. On 12
megapixels that takes 25 ms where the filter alone takes 70, and no pixel differs by more than 2 of 255
(benchmarks/decode.py)."""

_PAD_GRAY = (128, 128, 128)


def fit(image: Image.Image, spec: PictureSpec, gap: float | None = REDUCING_GAP) -> Image.Image:
    """``image`` as RGB, ``spec.size`` x ``spec.size``; pixel centers kept. ``gap`` None: exactly."""
    from PIL import Image

    size = spec.size
    if spec.fit == "crop":
        width, height = image.size
        side = min(width, height) * spec.share
        left, top = (width - side) / 2, (height - side) / 2
        return scaled(image, (size, size), (left, top, left + side, top + side), gap, spec.filter)
    if spec.fit == "pad":
        width, height = _within(image.size, size)
        inner = width + (size - width) % 2, height + (size - height) % 2  # equal borders on both sides
        paper = Image.new("RGB", (size, size), _PAD_GRAY)
        paper.paste(
            scaled(image, inner, None, gap, spec.filter), ((size - inner[0]) // 2, (size - inner[1]) // 2)
        )
        return paper
    return scaled(image, (size, size), None, gap, spec.filter)


def shrink(image: Image.Image, longest_side: int) -> Image.Image:
    """``image`` as RGB, its longer side at most ``longest_side``; never enlarged."""
    if max(image.size) <= longest_side:
        return scaled(image, image.size)
    return scaled(image, _within(image.size, longest_side))


def decoding_size(size: tuple[int, int], spec: PictureSpec) -> tuple[int, int]:
    """The least (width, height) to decode a picture of ``size`` at: twice what ``fit`` keeps of it.

    A decoder that scales by powers of two leaves aliasing, which the filter takes out of a double size.
    """
    if spec.fit == "pad":
        width, height = _within(size, 2 * spec.size)
        return width, height
    side = -(-2 * spec.size // spec.share)
    return int(side), int(side)


def _within(size: tuple[int, int], longest_side: int) -> tuple[int, int]:
    scale = longest_side / max(size)
    width, height = (max(1, round(side * scale)) for side in size)
    return width, height


def scaled(
    image: Image.Image,
    size: tuple[int, int],
    box: Box | None = None,
    gap: float | None = REDUCING_GAP,
    by: PixelFilter = "bicubic",
) -> Image.Image:
    """The part of ``image`` within ``box`` (left, top, right, bottom; None: all) as sRGB of ``size``, by a filter."""
    from PIL import Image

    source = image
    box = box or (0.0, 0.0, float(image.width), float(image.height))
    if not is_flat(image):
        image, box = _flattened(image, size, box)
    if image.size != size or box != (0.0, 0.0, *image.size):
        image = image.resize(size, Image.Resampling[by.upper()], box=box, reducing_gap=gap)
    image = image if image.mode == "RGB" else image.convert("RGB")
    # what is small is converted, not the whole: an average of colors is nearly the same in either space
    return image if source.mode == "CMYK" else in_srgb(image, source)


def _flattened(image: Image.Image, size: tuple[int, int], box: Box) -> tuple[Image.Image, Box]:
    """``image`` flattened, with ``box`` in its pixels.

    A giant is reduced strip by strip on the way: a flat copy would double the memory that it takes.
    """
    from PIL import Image

    width, height = image.size
    if width * height <= 4 * STRIP_PIXELS:
        return flatten(image), box
    across = max(1, int((box[2] - box[0]) / size[0] / REDUCING_GAP))
    down = max(1, int((box[3] - box[1]) / size[1] / REDUCING_GAP))
    levels = deep_levels(image) if image.mode in DEEP_MODES else None
    small = Image.new("RGB", (-(-width // across), -(-height // down)))
    top = 0
    for strip in strips(image, multiple=down):
        reduced = flatten(strip, levels).reduce((across, down))
        small.paste(reduced, (0, top))
        top += reduced.height
    return small, (box[0] / across, box[1] / down, box[2] / across, box[3] / down)
