"""Speech: spoken captions found by their words and by others, how fast it is understood, and a recording of ten hours.

Needs espeak-ng, and ``MMSEARCH_SPEECH_MODEL``: the model that listens. The long recording needs neither.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import wave
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.films import spoken
from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, at_least, at_most, seen
from benchmarks.shared.peaks import peak

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mmsearch.types import Samples

CLIPS, CONTINUOUS = 200, 600  # clips; seconds
HOURS, FEW = 10, 60  # hours of a long recording, seconds of a short one
RATE = 16_000
_LONG_RATE = 8_000


def measure(scale: float = 1.0) -> list[Figure]:
    """Times are of the processor."""
    with tempfile.TemporaryDirectory() as work:
        return [*_speech(Path(work), scale), *_memory(Path(work), HOURS * scale)]


def _speech(work: Path, scale: float) -> Iterator[Figure]:
    data = shared_data()
    if data is None or shutil.which("espeak-ng") is None or not os.environ.get("MMSEARCH_SPEECH_MODEL"):
        yield seen("speech", "not measured: needs ../shared/data, espeak-ng and MMSEARCH_SPEECH_MODEL")
        return
    with zipfile.ZipFile(data / "flickr8k-dev.zip") as archive:
        records = [json.loads(line) for line in archive.read("records.jsonl").splitlines()]
    captions = [one["captions"] for one in records[: max(10, round(CLIPS * scale))]]
    yield from _clips(work / "clips", captions)
    yield from _short(work / "short", captions)
    folder = work / "continuous"
    folder.mkdir()
    seconds = max(60.0, CONTINUOUS * scale)
    _write(folder / "long.wav", spoken([one[0] for one in captions], seconds))
    yield at_least("understanding continuous speech, times real time", 10, seconds / _understood(folder), "×")


def _clips(folder: Path, captions: Sequence[Sequence[str]]) -> Iterator[Figure]:
    import mmsearch

    folder.mkdir()
    seconds = 0.0
    for number, some in enumerate(captions):
        samples = _said(some[0])
        seconds += samples.size / RATE
        _write(folder / f"{number:03}.wav", samples)
    used = _understood(folder)
    with mmsearch.open(_index_of(folder)) as library:

        def places(which: int) -> Samples:
            found = []
            for number, some in enumerate(captions):
                paths = [hit.path for hit in library.search(some[which], k=10, cutoff=None)]
                found.append(paths.index(f"{number:03}.wav") + 1 if f"{number:03}.wav" in paths else np.inf)
            return np.array(found)

        own, other = places(0), places(1)
    what = f"{len(captions)} spoken captions"
    yield at_least(f"{what}: the right one first for its words", 95, 100 * float((own <= 1).mean()), "%")
    yield at_least(
        f"{what}: in the first 3 for another caption of the picture",
        75,
        100 * float((other <= 3).mean()),
        "%",
    )
    yield seen(
        f"understanding clips of {seconds / len(captions):.1f} s, times real time", f"{seconds / used:.1f} ×"
    )


def _short(folder: Path, captions: Sequence[Sequence[str]]) -> Iterator[Figure]:
    """Clips of two sentences each."""
    folder.mkdir()
    lengths = []
    for number, some in enumerate(captions[: len(captions) // 5]):
        samples = _said(". ".join(caption.rstrip(" .") for caption in some[:2]))
        lengths.append(samples.size / RATE)
        _write(folder / f"{number:03}.wav", samples)
    times = sum(lengths) / _understood(folder)
    yield at_least(
        f"understanding clips of {sum(lengths) / len(lengths):.1f} s, times real time", 5, times, "×"
    )


def _understood(folder: Path) -> float:
    """Seconds of processor time that listening to an indexed folder took."""
    import mmsearch
    from mmsearch.ingest.enrich.speech import Speech
    from mmsearch.library import enriching

    mmsearch.index(folder, _index_of(folder)).close()
    before = _processor_time()
    enriching.enrich(Speech(), _index_of(folder))
    return _processor_time() - before


def _index_of(folder: Path) -> Path:
    return folder.with_suffix(".index")


def _memory(work: Path, hours: float) -> Iterator[Figure]:
    peaks = []
    for name, seconds in (("short", FEW), ("long", round(hours * 3600))):
        folder = work / name
        folder.mkdir()
        _write_noises(folder / "a.wav", seconds)
        peaks.append(peak("index", str(folder), "--index", str(_index_of(folder)), "--json"))
    yield at_most(
        f"peak memory, {hours:g} hours of sound over {FEW} s", 100, peaks[1] - peaks[0], "MB more", 0
    )
    yield seen("the same, all processes", f"{peaks[0]:.0f} MB, {peaks[1]:.0f} MB")


def _write_noises(path: Path, seconds: int) -> None:
    """Tones and noises of some seconds each, written as they are made."""
    random = np.random.default_rng(4)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, _LONG_RATE, 0, "NONE", ""))
        left = seconds * _LONG_RATE
        while left > 0:
            at = np.arange(min(left, int(random.uniform(3, 9) * _LONG_RATE))) / _LONG_RATE
            tone = 0.3 * random.uniform() * np.sin(2 * np.pi * random.uniform(80, 3000) * at)
            some = tone + 0.2 * random.uniform() * random.normal(size=at.size)
            file.writeframes((np.clip(some, -1, 1) * 32_767).astype("<i2").tobytes())
            left -= at.size


def _said(text: str) -> Samples:
    """The ``text`` once, as long as it takes."""
    import io
    import subprocess

    said = subprocess.run(["espeak-ng", "-v", "en-us", "--stdout", text], check=True, capture_output=True)
    with wave.open(io.BytesIO(said.stdout)) as file:
        rate, frames = file.getframerate(), file.readframes(1 << 30)
    samples = np.frombuffer(frames, "<i2", len(frames) // 2).astype(np.float32) / 32_768
    at = np.arange(0, samples.size, rate / RATE)
    return np.interp(at, np.arange(samples.size), samples).astype(np.float32)


def _write(path: Path, samples: Samples) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())


def _processor_time() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
