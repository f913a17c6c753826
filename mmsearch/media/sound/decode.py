"""Sound decoded by PyAV: any rate and channels become one channel of the rate asked for, a piece at a time.

Memory does not grow with the length. Pieces of a file that can't be decoded are passed over.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from mmsearch.errors import MediaError, MissingExtraError
from mmsearch.media.files import open_regular
from mmsearch.media.sound.containers import HEAD, container, tag_length

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mmsearch.types import Samples

MOST_HOURS = 48  # what lies behind is not heard
SEVERAL = 0.5**0.5  # FFmpeg adds two channels at this level each; times it, they are their mean
_MOST_BAD = 200  # packets in a row that can't be decoded, before a file is given up


@dataclass(frozen=True, slots=True)
class Recording:
    """A sound file that is open: ``seconds`` that it lasts, 0 where it doesn't say so, and what its ``tags`` say.

    ``start``: seconds of a film before its sound begins.
    """

    seconds: float
    tags: Mapping[str, str]
    start: float
    _container: Any = field(repr=False)

    def pieces(self, rate: int, length: int) -> Iterator[Samples]:
        """(length,) float32 from -1 to 1 of one channel, ``rate`` a second, one after the other; the last is shorter.

        Raises MediaError when nothing can be decoded, or no more.
        """
        left: list[Samples] = []
        there = total = 0
        for samples in _resampled(self._container, rate, length):
            left.append(samples)
            there += samples.size
            while there >= length:
                whole = np.concatenate(left)
                yield whole[:length]
                left, there = [whole[length:]], there - length
            total += samples.size
            if total >= MOST_HOURS * 3600 * rate:
                break
        if there:
            yield np.concatenate(left)


@contextmanager
def open_sound(source: Path | bytes) -> Iterator[Recording]:
    """The sound of a file, or of the bytes of one: the track that FFmpeg takes for the best, if there are several.

    Raises MediaError for what is no sound or has none, MissingExtraError without PyAV.
    """
    with opened(source) as container:
        yield sound_of(container)


def sound_of(container: Any) -> Recording:
    """The sound of an open file; MediaError where there is none."""
    if not container.streams.audio:
        raise MediaError("holds no sound")
    return Recording(_seconds(container), tags_of(container, "audio"), _start(container), container)


@contextmanager
def opened(source: Path | bytes) -> Iterator[Any]:
    """A recording or a film, or the bytes of one, as PyAV's container: as what it begins like, not what it is called.

    Raises MediaError for what begins like neither or can't be opened, MissingExtraError without PyAV.
    """
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("reading sound", "sound") from error
    with io.BytesIO(source) if isinstance(source, bytes) else open_regular(source) as file:
        name = _container_of(file)
        try:
            container = av.open(file, format=name, metadata_errors="replace")
        except (av.error.FFmpegError, ValueError) as error:
            raise MediaError(f"can't be opened as {name}: {_reason(error)}") from error
        with container:
            yield container


def _container_of(file: BinaryIO) -> str:
    head = file.read(HEAD)
    if not head:
        raise MediaError("empty file")
    length = tag_length(head)
    if length:
        file.seek(length)
        name = container(file.read(HEAD).lstrip(b"\0")) or "mp3"
    else:
        name = container(head) or ""
    file.seek(0)
    if not name:
        raise MediaError("no sound that is read: it does not begin like one")
    return name


def _seconds(opened: Any) -> float:
    stream = opened.streams.best("audio")
    if stream is not None and stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return opened.duration / 1e6 if opened.duration and opened.duration > 0 else 0.0


def _start(opened: Any) -> float:
    stream = opened.streams.best("audio")
    if stream is None or stream.start_time is None or not stream.time_base:
        return 0.0
    return max(0.0, float(stream.start_time * stream.time_base) - (opened.start_time or 0) / 1e6)


def tags_of(opened: Any, kind: str) -> dict[str, str]:
    """Lower-case names; those of the best track of a ``kind``, as Ogg has them, count less than those of the file."""
    found: dict[str, str] = {}
    for owner in (opened.streams.best(kind), opened):
        for name, value in dict(owner.metadata if owner is not None else {}).items():
            found[str(name).lower()] = str(value)
    return found


def _resampled(opened: Any, rate: int, length: int) -> Iterator[Samples]:
    import av

    stream = opened.streams.best("audio")
    stream.codec_context.thread_count = 1
    # larger frames cost less: the resampler hands on as many samples as a piece has, at most a second's
    size = min(length, rate)

    def new() -> Any:
        return av.AudioResampler(format="flt", layout="mono", rate=rate, frame_size=size)

    resampler, bad, heard, level = new(), 0, False, 1.0
    for frames in _frames(opened, stream):
        if frames is None:
            bad += 1
            if bad > _MOST_BAD:
                break
            continue
        for frame in frames:
            bad = 0
            frame.pts = None  # gaps and jumps in what a file says of its times are no sound
            level = 1.0 if frame.layout.nb_channels == 1 else SEVERAL
            try:
                done = resampler.resample(frame)
            except ValueError:  # from here on it has another rate or other channels
                yield from (_clean(one, level) for one in resampler.resample(None))
                resampler = new()
                done = resampler.resample(frame)
            heard = heard or bool(done)
            yield from (_clean(one, level) for one in done)
    rest = [_clean(one, level) for one in resampler.resample(None)]
    if not heard and not rest:
        raise MediaError("no sound in it can be decoded")
    yield from rest


def _frames(opened: Any, stream: Any) -> Iterator[list[Any] | None]:
    """The frames of one packet after the other; None for one that can't be decoded."""
    import av

    packets = opened.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:  # the rest can't be found
            return
        if packet is None:
            return
        try:
            yield packet.decode()
        except av.error.FFmpegError:
            yield None


def _clean(frame: Any, level: float) -> Samples:
    samples = np.nan_to_num(level * frame.to_ndarray().reshape(-1), posinf=1.0, neginf=-1.0)
    return np.asarray(np.clip(samples, -1.0, 1.0), dtype=np.float32)


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).splitlines()[0].lower()
