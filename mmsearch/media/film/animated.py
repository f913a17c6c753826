"""Animated pictures (GIF, WebP, APNG): looked through as films are, by Pillow, within bounds."""

from __future__ import annotations

import hashlib
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import MediaError
from mmsearch.media.film.looks import GREY, SIDE, STEP, Look

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mmsearch.media.limits import Limits
    from mmsearch.types import Pixels

# Pixels that are decoded of one, and frames: a minute of a screen's recording.
_MOST_PIXELS, _MOST_FRAMES = 2_000_000_000, 5_000
_USUAL = 0.1  # seconds of a frame that says nothing, or next to nothing, as browsers have it
_LEAST = 0.011


def is_animated(head: bytes) -> bool:
    """Whether a picture that begins with ``head`` may have several frames; no format else is looked at."""
    return (
        head.startswith(b"GIF8")
        or (head.startswith(b"RIFF") and b"ANIM" in head[:64])
        or (head.startswith(b"\x89PNG") and b"acTL" in head[:512])
    )


def animated_looks(data: bytes, limits: Limits) -> Iterator[Look | None]:
    """Looks at an animated picture, the first of all at its first frame; none at one that stands still.

    What is damaged ends it.
    """
    key = hashlib.sha256(data).digest()
    last = -STEP
    for number, (seconds, frame) in enumerate(_frames(data, limits)):
        if seconds - last < STEP - 1e-6:
            yield None
            continue
        last = seconds
        small = _shrunk(frame, SIDE)
        grey = np.asarray(_resized(frame, GREY[::-1]))
        own = hashlib.sha256(key + number.to_bytes(8, "big")).digest()
        yield Look(round(seconds, 3), grey, own, partial(np.asarray, small))


def animated_frame(data: bytes, seconds: float, longest_side: int, limits: Limits) -> tuple[Pixels, bytes]:
    """The frame at ``seconds``, its longer side at most ``longest_side``, and the key of its `Look`; MediaError."""
    key = hashlib.sha256(data).digest()
    for number, (at, frame) in enumerate(_frames(data, limits)):
        if at >= seconds - 0.0006:
            own = hashlib.sha256(key + number.to_bytes(8, "big")).digest()
            return np.asarray(_shrunk(frame, longest_side)), own
    raise MediaError(f"shows nothing at {seconds:g} s")


def _frames(data: bytes, limits: Limits) -> Iterator[tuple[float, Any]]:
    """(seconds, frame) of each frame, as long as it can be decoded; frames are to be used at once."""
    from mmsearch.media.decode import decoded, open_picture

    image = open_picture(data, limits)
    count = min(
        int(getattr(image, "n_frames", 1)), _MOST_FRAMES, _MOST_PIXELS // (image.width * image.height)
    )
    if count < 2:
        return
    at = 0.0
    for number in range(count):
        try:
            image.seek(number)
            with decoded(image):
                yield at, image
        except (MediaError, EOFError, OSError, ValueError, SyntaxError, IndexError):
            return
        duration = float(image.info.get("duration") or 0) / 1000
        at += duration if duration >= _LEAST else _USUAL


def _shrunk(frame: Any, side: int) -> Any:
    from mmsearch.media.fit import shrink

    return shrink(frame, side)


def _resized(frame: Any, size: tuple[int, int]) -> Any:
    from mmsearch.media.fit import scaled

    return scaled(frame, size).convert("L")
