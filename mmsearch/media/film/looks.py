"""A film looked through: a small picture of it every two fifths of a second, decoded by PyAV.

Frames that no other frame needs are skipped, and the filter that smooths the borders of blocks is left out: at this
size that is not to be seen (42 dB at least on a film of photographs), and takes a third off the time.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from mmsearch.types import Pixels

STEP = 0.4  # seconds from one look to the next
SIDE = 448  # pixels of the longer side of what is kept of a frame: more than an encoder looks at
GREY = (36, 64)  # rows and columns by which frames are compared
# Pixels of a film that is looked through whole: seven hours at 720p, three at 1080p. Of a larger one key frames are
# looked at only, which takes a twentieth of the time.
MOST_PIXELS = 6e11
MOST_HOURS = 48  # what lies behind is not looked at
_LARGEST = 16_384 * 16_384  # pixels of a frame
_MOST_BAD = 200  # packets in a row that can't be decoded, before a film is given up
_PENDING = 256  # packets whose frames have not come yet
_BARE = {"skip_loop_filter": "all"}


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A frame at ``seconds``: ``grey`` (36, 64) uint8, and a ``key`` (32 bytes) that is equal for the same frame of the
    same film. ``pixels`` draws it, (height, width, 3) uint8 RGB, upright, its longer side ``SIDE`` at most."""

    seconds: float
    grey: NDArray[np.uint8]
    key: bytes
    pixels: Callable[[], Pixels] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Track:
    """The pictures of an open film: ``seconds`` that they last, 0 where it doesn't say so; ``width`` and ``height`` of
    a frame with square pixels, as it was filmed; ``start`` is the film's first moment by its own clock."""

    seconds: float
    width: int
    height: int
    start: float
    _container: Any = field(repr=False)
    _stream: Any = field(repr=False)

    @property
    def is_looked_through(self) -> bool:
        """Whether it is short enough to be looked through whole, rather than by its key frames alone."""
        rate = float(self._stream.average_rate or 25)
        return self.seconds * rate * self.width * self.height <= MOST_PIXELS

    def looks(self) -> Iterator[Look | None]:
        """Looks in order, at least ``STEP`` apart; None where decoding goes on and there is none yet.

        Raises MediaError when nothing can be decoded.
        """
        context = self._stream.codec_context
        context.skip_frame = "NONREF" if self.is_looked_through else "NONKEY"
        context.options = _BARE
        context.thread_count = 2
        last, seen = -STEP, False
        for seconds, key, frame in frames(self):
            if frame is None or seconds is None:
                yield None
                continue
            seen = True
            if seconds - last < STEP - 1e-6 and seconds >= last:
                yield None
                continue
            if seconds > MOST_HOURS * 3600:
                break
            last = seconds
            small = self.scaled(frame, SIDE)
            grey = small.reformat(GREY[1], GREY[0], "gray", interpolation="AREA").to_ndarray()
            key = key or hashlib.sha256(turned(small, 0).tobytes()).digest()
            yield Look(seconds, grey, key, partial(turned, small, turns_of(frame)))
        if not seen:
            raise MediaError("no picture in it can be decoded")

    def turns(self) -> int:
        """The quarters against the clock by which its first frame becomes upright; decodes that, and nothing may be
        decoded before."""
        for number, (_, _, frame) in enumerate(frames(self)):
            if frame is not None:
                return turns_of(frame)
            if number > _PENDING:
                break
        return 0

    def scaled(self, frame: Any, side: int) -> Any:
        """``frame`` with square pixels, its longer side at most ``side`` of them; not turned yet."""
        scale = min(1.0, side / max(self.width, self.height))
        wide, high = (
            frame.width / self._stream.codec_context.width,
            frame.height / self._stream.codec_context.height,
        )
        size = max(1, round(self.width * wide * scale)), max(1, round(self.height * high * scale))
        return frame.reformat(*size, "yuv420p", interpolation="BILINEAR")


@contextmanager
def pictures_of(container: Any) -> Iterator[Track | None]:
    """The track of pictures of an open film that FFmpeg takes for the best; None for none. A cover is no film.

    Raises MediaError for frames larger than any film's.
    """
    from av.stream import Disposition

    films = [one for one in container.streams.video if not one.disposition & Disposition.attached_pic]
    stream = container.streams.best("video")
    if stream not in films:
        stream = films[0] if films else None
    if stream is None or not stream.codec_context.width:
        yield None
        return
    width, height = _shown_size(stream)
    if width * height > _LARGEST:
        raise MediaError(f"frames of {width}×{height} pixels, more than are decoded")
    yield Track(_seconds(container, stream), width, height, _start(container), container, stream)


def frames(track: Track) -> Iterator[tuple[float | None, bytes | None, Any]]:
    """(seconds, key, frame) of all frames that are decoded, in order; (None, None, None) for a packet without any.

    The key is that of the packet and of the key frame before it: it needs no decoding and no certain decoder.
    """
    import av

    stream, bad = track._stream, 0
    pending: dict[int, bytes] = {}
    opening = b""
    packets = track._container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, ValueError):  # the rest can't be found
            return
        if packet is None:
            return
        if packet.size and packet.pts is not None:
            digest = hashlib.sha256(bytes(packet)).digest()
            opening = digest if packet.is_keyframe else opening
            pending[packet.pts] = hashlib.sha256(opening + digest).digest()
            while len(pending) > _PENDING:
                del pending[next(iter(pending))]
        try:
            found = packet.decode()
        except (av.error.FFmpegError, ValueError):
            bad += 1
            if bad > _MOST_BAD:
                return
            found = []
        for frame in found:
            bad = 0
            if frame.time is None:
                continue
            seconds = round(max(0.0, frame.time - track.start), 3)
            yield seconds, pending.pop(frame.pts, None), frame
        if not found:
            yield None, None, None


def turned(frame: Any, turns: int) -> Pixels:
    """A ``frame`` as (height, width, 3) uint8 RGB, turned so many quarters against the clock."""
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), turns))


def turns_of(frame: Any) -> int:
    """The quarters against the clock by which a ``frame`` that a camera took lying becomes upright."""
    return round((getattr(frame, "rotation", 0) or 0) / 90) % 4


def _shown_size(stream: Any) -> tuple[int, int]:
    """Width and height with square pixels."""
    context = stream.codec_context
    ratio = stream.sample_aspect_ratio or context.sample_aspect_ratio or Fraction(1)
    ratio = float(ratio) if 0.1 < float(ratio) < 10 else 1.0
    return max(1, round(context.width * ratio)), int(context.height)


def _seconds(container: Any, stream: Any) -> float:
    if stream.duration and stream.time_base:
        return max(0.0, float(stream.duration * stream.time_base))
    return container.duration / 1e6 if container.duration and container.duration > 0 else 0.0


def _start(container: Any) -> float:
    return container.start_time / 1e6 if container.start_time else 0.0
