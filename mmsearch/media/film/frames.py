"""One frame of a film, found by its seconds: for small pictures of it, and for what is written there."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError
from mmsearch.media.film.looks import SIDE, frames, pictures_of, turned, turns_of
from mmsearch.media.sound.decode import opened

if TYPE_CHECKING:
    from pathlib import Path

    from mmsearch.types import Pixels

_NEAR = 0.0006  # seconds: places have three decimals
_MOST_FRAMES = 1_500  # from a key frame to the one that is looked for


def frame_at(source: Path | bytes, seconds: float, longest_side: int) -> tuple[Pixels, bytes]:
    """The frame at ``seconds``, (height, width, 3) uint8 RGB, upright, and the key of its `Look`.

    The longer side is at most ``longest_side``. Raises MediaError when there is none, MissingExtraError without PyAV.
    """
    import av

    with opened(source) as container, pictures_of(container) as track:
        if track is None:
            raise MediaError("holds no pictures")
        stream = track._stream
        stream.codec_context.thread_count = 2
        try:
            target = int((seconds + track.start) / float(stream.time_base or 1))
            container.seek(max(0, target), stream=stream, backward=True)
        except (av.error.FFmpegError, ValueError):
            pass  # from the beginning then
        for number, (at, key, frame) in enumerate(frames(track)):
            if at is not None and at >= seconds - _NEAR:
                pixels = turned(track.scaled(frame, longest_side), turns_of(frame))
                small = track.scaled(frame, SIDE)
                return pixels, key or hashlib.sha256(turned(small, 0).tobytes()).digest()
            if number > _MOST_FRAMES:
                break
    raise MediaError(f"shows nothing at {seconds:g} s")
