"""Films: how many cuts are found, and what half an hour at 720p costs."""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import subprocess
import tempfile
import time
import wave
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, at_least, at_most, seen
from benchmarks.shared.filming import RATE, Shot, write_film

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mmsearch.types import Samples

MINUTES = 30
SIZE = (1280, 720)
_SHORTEST, _LONGEST = 3.0, 9.0  # seconds of a shot
_NEAR = 0.5


def measure(scale: float = 1.0) -> list[Figure]:
    """Of a film of ``MINUTES`` times ``scale``; with speech where ``MMSEARCH_SPEECH_MODEL`` names a model.

    ``MMSEARCH_FILM``: where the film is kept, for making it takes longer than all else.
    """
    data = shared_data()
    if data is None or shutil.which("espeak-ng") is None:
        return [seen("films", "not measured: needs ../shared/data or MMSEARCH_DATA, and espeak-ng")]
    lengths = shot_lengths(60 * MINUTES * scale)
    kept = os.environ.get("MMSEARCH_FILM")
    with tempfile.TemporaryDirectory() as work:
        film = Path(kept or Path(work, "film.mp4"))
        if not film.is_file():
            make(film, lengths, data)
        return list(_figures(film, lengths, Path(work)))


def _figures(film: Path, lengths: Sequence[float], work: Path) -> Iterator[Figure]:
    import mmsearch

    folder, index = work / "corpus", work / "index"
    folder.mkdir()
    (folder / film.name).symlink_to(film.resolve())
    before, started = _processor(), time.perf_counter()
    mmsearch.index(folder, index).close()
    wall, used = time.perf_counter() - started, _processor() - before
    size = f"{sum(lengths) / 60:g} minutes, {SIZE[1]}p, {film.stat().st_size / 1e6:.0f} MB"
    yield at_most(f"pictures and sound of a film of {size}", 60, wall, "s", 0)
    yield seen("processor time of that", f"{used:.0f} s")
    found = np.array(starts(film))
    cuts = np.cumsum(lengths)[:-1]
    near = sum(float(np.abs(found - cut).min()) <= _NEAR for cut in cuts)
    yield at_least(
        "cuts found within half a second", 100, 100 * near / len(cuts), f"% ({near} of {len(cuts)})"
    )
    if os.environ.get("MMSEARCH_SPEECH_MODEL"):
        from mmsearch.ingest.enrich.speech import Speech
        from mmsearch.library import enriching

        before, started = _processor(), time.perf_counter()
        enriching.enrich(Speech(), index)
        more, told = time.perf_counter() - started, _processor() - before
        yield at_most("with speech", 240, wall + more, "s", 0)
        yield seen("processor time of speech", f"{told:.0f} s")


def starts(film: Path) -> list[float]:
    """Where scenes begin, in seconds."""
    from mmsearch.media.film.looks import pictures_of
    from mmsearch.media.film.scenes import scenes
    from mmsearch.media.sound.decode import opened

    with opened(film) as container, pictures_of(container) as track:
        assert track is not None
        return [scene.start for scene in scenes(track.looks()) if scene is not None]


def shot_lengths(seconds: float) -> list[float]:
    """Lengths of shots that add up to ``seconds``, in frames of 25 a second."""
    random, found = np.random.default_rng(3), []
    left = seconds
    while left > _LONGEST + _SHORTEST:
        found.append(round(float(random.uniform(_SHORTEST, _LONGEST)) * 25) / 25)
        left -= found[-1]
    return [*found, round(left * 25) / 25]


def make(path: Path, lengths: Sequence[float], data: Path) -> None:
    """A film of photographs over which a camera pans, in which espeak-ng reads captions."""
    from PIL import Image

    with zipfile.ZipFile(data / "flickr8k-dev.zip") as archive:
        records = [json.loads(line) for line in archive.read("records.jsonl").splitlines()]
        shots = [
            Shot(np.asarray(Image.open(io.BytesIO(archive.read(records[n]["path"]))).convert("RGB")), seconds)
            for n, seconds in enumerate(lengths)
        ]
    captions = [record["captions"][0] for record in records]
    write_film(path, shots, [spoken(captions, sum(lengths))], size=SIZE)


def spoken(texts: Sequence[str], seconds: float) -> Samples:
    """``texts`` said one after the other, again from the first at the end, for so many ``seconds``."""
    parts: list[Samples] = []
    there, at = 0, 0
    while there < seconds * RATE:
        some = [texts[(at + n) % len(texts)] for n in range(40)]
        at += 40
        said = subprocess.run(
            ["espeak-ng", "-v", "en-us", "--stdout", ". ".join(some)], check=True, capture_output=True
        ).stdout
        with wave.open(io.BytesIO(said)) as file:
            rate, data = file.getframerate(), file.readframes(1 << 30)
        samples = np.frombuffer(data, "<i2", len(data) // 2).astype(np.float32) / 32_768
        parts.append(
            np.interp(np.arange(0, samples.size, rate / RATE), np.arange(samples.size), samples).astype(
                np.float32
            )
        )
        there += parts[-1].size
    return np.concatenate(parts)[: round(seconds * RATE)]


def _processor() -> float:
    """Seconds of processor time of this process and of its children that have ended."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )
