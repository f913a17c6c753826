"""What a picture looks like: PDQ hashes of the whole, of parts of it, of its mirror image, and its gray details.

PDQ (Facebook, 2019, "The TMK+PDQF video-hashing algorithm and the PDQ image-hashing algorithm") keeps for
16 x 16 frequencies of the gray picture whether each is above the median. Rescaling, compression and a change of
color hardly move it; cropping does, so a picture is also compared with the parts that a crop may have left. Things
of one outline on white paper have like hashes: what these let through must also agree in detail.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.errors import MissingExtraError
from mmsearch.types import PictureSpec

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from mmsearch.types import Pixels

    Gray = NDArray[np.float32]

# All thresholds are chosen on measured precision by `python -m benchmarks near_duplicates`.
# Least correlation of details: of one whole with the other, and of a whole with a part.
LEAST_WHOLE, LEAST_PART = 0.88, 0.82
# PDQ's own measure of how much there is to see, 0 to 100: below, a picture is all but empty, and its hash noise.
LEAST_QUALITY = 10
# Side of the square that is hashed (PDQ averages it down to 64), and of the gray one that is kept.
SIDE, KEPT = 160, 48
# Parts are so large, relative to the sides, and lie so for hashes and for details: a crop is hit
# within 2.5 % and 1.3 %.
PART = 0.9
OFFSETS, FINE_OFFSETS = (0.0, 0.5, 1.0), (0.0, 0.25, 0.5, 0.75, 1.0)
# Details: a grid of so many points, less the mean of so many points around each.
GRID, AROUND = 24, 5


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """``hashes`` (11, 32) bytes of the whole, its mirror image and nine parts; ``gray`` (48, 48) uint8; ``quality``."""

    hashes: NDArray[np.uint8]
    gray: NDArray[np.uint8]
    quality: int


def fingerprint(source: Path | bytes) -> Fingerprint:
    """The fingerprint of a picture file.

    Raises MediaError for what can't be decoded, MissingExtraError without the extra ``duplicates``.
    """
    from mmsearch.media.picture import load_picture

    _pdq()  # before any file is read
    pixels = load_picture(source, PictureSpec(SIDE)).pixels
    whole, quality = _hash(pixels)
    side = round(SIDE * PART)
    places = [round((SIDE - side) * offset) for offset in OFFSETS]
    parts = [_hash(pixels[top : top + side, left : left + side])[0] for top in places for left in places]
    levels = pixels.astype(np.float32) @ np.array((0.299, 0.587, 0.114), dtype=np.float32)
    weights = _weights(SIDE, KEPT, 0.0, 1.0)
    gray = weights @ levels @ weights.T
    return Fingerprint(
        np.stack([whole, _hash(pixels[:, ::-1])[0], *parts]), np.round(gray).astype(np.uint8), quality
    )


def different_bits(
    ones: NDArray[np.uint8], others: NDArray[np.uint8], *, mirrored: bool
) -> NDArray[np.int64]:
    """Bits (n,) of 256 in which pictures with ``hashes`` (n, 11, 32) differ, at their most alike.

    Whole is compared with whole, and whole with parts; if ``mirrored``, also with the other's mirror image.
    """
    first = 1 if mirrored else 2
    pairs = [
        ones[:, :1] ^ others[:, :1],
        ones[:, :1] ^ others[:, first:],
        ones[:, 2:] ^ others[:, :1],
    ]
    bits = _bits_of_bytes()[np.concatenate(pairs, axis=1)].sum(axis=2, dtype=np.int64)
    return np.asarray(bits.min(axis=1))


def same_details(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    """Whether two pictures with ``details`` agree: as wholes, or the whole of one with a part of the other."""
    parts = max(float((one[0] @ other[1:].T).max()), float((other[0] @ one[1:].T).max()))
    return float(one[0] @ other[0]) >= LEAST_WHOLE or parts >= LEAST_PART


def details(gray: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The details of the whole and of 25 parts of ``gray``: unit rows (26, 576) whose products are correlations."""
    across, down = _box_weights(len(gray))
    grids = down @ gray.astype(np.float32) @ across
    fine = grids - _around(grids)
    rows = (fine - fine.mean(axis=(1, 2), keepdims=True)).reshape(len(grids), -1)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, 1e-6), dtype=np.float32)


@cache
def _box_weights(side: int) -> tuple[Gray, Gray]:
    """Weights across (26, side, 24) and down (26, 24, side) that take the whole and its parts to a grid."""
    starts = [offset * (1 - PART) for offset in FINE_OFFSETS]
    spans = [((0.0, 1.0), (0.0, 1.0)), *(((x, x + PART), (y, y + PART)) for y in starts for x in starts)]
    across = np.stack([_weights(side, GRID, *x).T for x, _ in spans])
    return across, np.stack([_weights(side, GRID, *y) for _, y in spans])


def _weights(side: int, size: int, start: float, end: float) -> Gray:
    """Weights (size, side) that average or interpolate the points from ``start`` to ``end`` of a side to ``size``."""
    step = max((end - start) * side / size, 1.0)  # triangles as wide as the points lie apart
    centers = (start + (end - start) * (np.arange(size) + 0.5) / size) * side - 0.5
    shares = np.maximum(1.0 - np.abs(np.arange(side)[None] - centers[:, None]) / step, 0.0)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float32)


def _around(grids: Gray) -> Gray:
    """The mean (n, 24, 24) around each point."""
    half = AROUND // 2
    padded = np.pad(grids, ((0, 0), (half, half), (half, half)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (AROUND, AROUND), axis=(1, 2))
    return np.asarray(windows.mean(axis=(3, 4)))


def _hash(pixels: Pixels) -> tuple[NDArray[np.uint8], int]:
    bits, quality = _pdq()(np.ascontiguousarray(pixels))
    return np.packbits(bits.astype(np.uint8)), int(quality)


@cache
def _bits_of_bytes() -> NDArray[np.uint8]:
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    return np.asarray(bits.sum(axis=1), dtype=np.uint8)


@cache
def _pdq():  # type: ignore[no-untyped-def]  # noqa: ANN202
    try:
        from pdqhash import compute
    except ImportError as error:
        raise MissingExtraError("near-duplicate pictures", "duplicates") from error
    return compute
