"""Sounds that the tests make, in the containers that PyAV can write."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

RATE = 44_100


def tone(seconds: float, hertz: float = 440.0, level: float = 0.4, rate: int = RATE) -> Any:
    """(n,) float32."""
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def silence(seconds: float, rate: int = RATE) -> Any:
    """(n,) float32."""
    return np.zeros(round(seconds * rate), np.float32)


def noise(seconds: float, level: float = 0.2, rate: int = RATE, seed: int = 0) -> Any:
    """(n,) float32."""
    return (level * np.random.default_rng(seed).uniform(-1, 1, round(seconds * rate))).astype(np.float32)


# Container -> codec; those whose codec wants it have a rate of their own.
CODECS = {
    "wav": "pcm_s16le",
    "flac": "flac",
    "mp3": "libmp3lame",
    "ogg": "libopus",
    "mp4": "aac",
    "webm": "libopus",
    "adts": "aac",
    "aiff": "pcm_s16be",
}


def written(
    samples: Any, container: str = "wav", tags: dict[str, str] | None = None, rate: int = RATE
) -> bytes:
    """A file of two channels, of which the second is quieter."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        out.metadata.update(tags or {})
        out_rate = 48_000 if CODECS[container] == "libopus" else rate
        stream = out.add_stream(CODECS[container], rate=out_rate, layout="stereo")
        size = stream.codec_context.frame_size or 1024
        resampler = av.AudioResampler(stream.format.name, "stereo", out_rate, frame_size=size)
        frame = av.AudioFrame.from_ndarray(np.stack([samples, samples * 0.5]), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = rate, 0
        for ready in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(ready))
        out.mux(stream.encode(None))
    return file.getvalue()
