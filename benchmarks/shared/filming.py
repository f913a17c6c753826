"""Films made by PyAV, whose wheel has x264 and aac: from pictures, sounds and subtitles, for tests and benchmarks."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mmsearch.types import Pixels, Samples

RATE = 16_000  # of the sound tracks
_BLOCK = 1_024  # samples of a frame of AAC


@dataclass(frozen=True)
class Shot:
    """A picture (height, width, 3) shown for so many seconds; ``moving``: as by a camera that pans over it."""

    pixels: Pixels
    seconds: float
    moving: bool = True


def write_film(
    path: Path,
    shots: Sequence[Shot],
    tracks: Sequence[Samples] = (),
    *,
    size: tuple[int, int] = (320, 180),
    fps: int = 25,
    subtitles: Sequence[str] = (),
    metadata: dict[str, str] | None = None,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
) -> None:
    """A film of ``shots``, each filling ``size`` (width, height), with sound ``tracks`` (n,) of ``RATE`` samples a
    second and ``subtitles``, each the text of an srt file (in a container that takes them, such as mkv)."""
    import av

    with av.open(str(path), "w") as container:
        container.metadata.update(metadata or {})
        video: Any = None
        if shots:
            video = container.add_stream(
                codec, rate=fps, options=options or {"preset": "veryfast", "crf": "30"}
            )
            video.width, video.height = size
            video.pix_fmt = "yuv420p"
        sounds: list[Any] = [container.add_stream("aac", rate=RATE, layout="mono") for _ in tracks]
        opened = [av.open(io.BytesIO(text.encode()), format="srt") for text in subtitles]
        told = [container.add_stream_from_template(one.streams[0]) for one in opened]
        for one, stream in zip(opened, told, strict=True):
            for packet in one.demux(one.streams[0]):
                if packet.size:
                    packet.stream = stream
                    container.mux(packet)
        cursors = [_sound(track) for track in tracks]
        for number, pixels in enumerate(_frames(shots, size, fps)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(video.encode(frame))
            for stream, cursor in zip(sounds, cursors, strict=True):
                _hear(container, stream, cursor, (number + 1) / fps)
        for stream, cursor in zip(sounds, cursors, strict=True):
            _hear(container, stream, cursor, float("inf"))
            container.mux(stream.encode(None))
        if video is not None:
            container.mux(video.encode(None))


def _frames(shots: Sequence[Shot], size: tuple[int, int], fps: int) -> Iterator[Pixels]:
    width, height = size
    for shot in shots:
        count = round(shot.seconds * fps)
        room = 1.15 if shot.moving else 1.0
        filled = _filling(shot.pixels, round(width * room), round(height * room))
        free_x, free_y = filled.shape[1] - width, filled.shape[0] - height
        for n in range(count):
            at = n / max(1, count - 1)
            x, y = round(free_x * at), round(free_y * at)
            yield np.ascontiguousarray(filled[y : y + height, x : x + width])


def _filling(pixels: Pixels, width: int, height: int) -> Pixels:
    from PIL import Image, ImageOps

    return np.asarray(ImageOps.fit(Image.fromarray(pixels), (width, height)))


def _sound(samples: Samples) -> list[Any]:
    """What is left of a track, and how much of it was written."""
    return [samples, 0]


def _hear(container: Any, stream: Any, cursor: list[Any], until: float) -> None:
    import av

    samples, at = cursor
    while at < samples.size and at / RATE < until:
        block = samples[at : at + _BLOCK]
        frame = av.AudioFrame.from_ndarray(
            block.reshape(1, -1).astype(np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
        container.mux(stream.encode(frame))
        at += block.size
    cursor[1] = at
