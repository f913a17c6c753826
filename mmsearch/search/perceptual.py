"""What a picture looks like, in bits: PDQ hashes of the whole, of parts of it, and of its mirror image.

PDQ (Facebook, 2019, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm") keeps for
16 x 16 frequencies of the gray picture whether each is above the median. Rescaling, compression and a change of
color hardly move it; cropping does. So a picture is also compared with the parts that a crop may have left.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from mmsearch.errors import MissingExtraError
from mmsearch.types import PictureSpec

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from mmsearch.types import Pixels

# Bits of 256 in which two hashes of the same picture may differ; strangers differ in 128 +- 8. Chosen on measured
# precision by `python -m benchmarks near_duplicates`.
MOST_DIFFERENT_BITS = 80
# PDQ's own measure of how much there is to see, 0 to 100: below, a picture is all but empty, and its hash noise.
LEAST_QUALITY = 10
# Side of the square that is hashed: PDQ averages it down to 64.
SIDE = 160
# Parts are so large, relative to the sides, and lie so: a crop of 10 % is hit within 2.5 %.
PART = 0.9
OFFSETS = (0.0, 0.5, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """Hashes of a picture as bytes: ``whole`` (32,), its ``mirror`` image (32,), and its ``parts`` (9, 32)."""

    whole: NDArray[np.uint8]
    mirror: NDArray[np.uint8]
    parts: NDArray[np.uint8]
    quality: int


def fingerprint(source: Path | bytes) -> Fingerprint:
    """The fingerprint of a picture file.

    Raises MediaError for what can't be decoded, MissingExtraError without the extra ``duplicates``.
    """
    import numpy as np

    from mmsearch.media.picture import load_picture

    _pdq()  # before any file is read
    pixels = load_picture(source, PictureSpec(SIDE)).pixels
    whole, quality = _hash(pixels)
    side = round(SIDE * PART)
    places = [round((SIDE - side) * offset) for offset in OFFSETS]
    parts = [_hash(pixels[top : top + side, left : left + side])[0] for top in places for left in places]
    return Fingerprint(whole, _hash(pixels[:, ::-1])[0], np.stack(parts), quality)


def likeness(one: Fingerprint, other: Fingerprint, *, mirrored: bool = False) -> int:
    """Bits of 256 in which two pictures differ, at their most alike: whole with whole, or whole with a part.

    256 when one of them is all but empty.
    """
    if min(one.quality, other.quality) < LEAST_QUALITY:
        return 256
    bits = min(
        _different(one.whole, other.whole[None]),
        _different(one.whole, other.parts),
        _different(other.whole, one.parts),
    )
    return min(bits, _different(one.whole, other.mirror[None])) if mirrored else bits


def _different(one: NDArray[np.uint8], others: NDArray[np.uint8]) -> int:
    """The fewest bits in which ``one`` (32,) differs from one of ``others`` (n, 32)."""
    import numpy as np

    return int(np.unpackbits(one ^ others, axis=1).sum(axis=1).min())


def _hash(pixels: Pixels) -> tuple[NDArray[np.uint8], int]:
    import numpy as np

    bits, quality = _pdq()(np.ascontiguousarray(pixels))
    return np.packbits(bits.astype(np.uint8)), int(quality)


@cache
def _pdq():  # type: ignore[no-untyped-def]  # noqa: ANN202
    try:
        from pdqhash import compute
    except ImportError as error:
        raise MissingExtraError("near-duplicate pictures", "duplicates") from error
    return compute
