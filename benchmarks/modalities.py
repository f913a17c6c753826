"""Documents of several modalities: found by what only their picture, writing, sound or speech answers.

Each document is a film: a photograph, a sign, a sound, a spoken sentence, which have nothing to do with one another. A
query asks for one of them. It is ranked among all films, with photographs and texts beside them; and, to compare,
among the items of that modality alone, where no other could make it sink.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.films import spoken
from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, seen
from benchmarks.shared.filming import RATE, Shot, write_film
from benchmarks.sound import ASKED, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mmsearch.library import Library
    from mmsearch.types import Modality, Pixels, Samples

FILMS, BESIDE = 40, 100
# What ESC-10's sounds are of must be in no picture and no text.
_HEARD = [
    "dog",
    "puppy",
    "dogs",
    "rain",
    "raining",
    "umbrella",
    "wave",
    "waves",
    "ocean",
    "sea",
    "beach",
    "surfer",
    "surfs",
    "surfboard",
    "water",
    "fire",
    "campfire",
    "bonfire",
    "baby",
    "infant",
    "crying",
    "clock",
    "helicopter",
    "rooster",
    "chicken",
    "hen",
    "bird",
    "birds",
    "saw",
    "wood",
    "sneezes",
]
_SIZE = (640, 360)
_WORDS = 9  # of a sign


@dataclass(frozen=True)
class Asked:
    """A ``query`` that the films ``right`` answer, by their ``by`` alone, which are items of a ``modality``."""

    query: str
    right: frozenset[str]
    by: str
    modality: Modality


def measure(scale: float = 1.0) -> list[Figure]:
    """The place of what is right; with writing and speech where their extras and ``MMSEARCH_SPEECH_MODEL`` are."""
    data = shared_data()
    if data is None or shutil.which("espeak-ng") is None:
        return [seen("modalities", "not measured: needs ../shared/data or MMSEARCH_DATA, and espeak-ng")]
    with tempfile.TemporaryDirectory() as work:
        folder, index = Path(work, "corpus"), Path(work, "index")
        folder.mkdir()
        asked = made(folder, data, Path(work), max(10, round(FILMS * scale)), round(BESIDE * scale))
        return list(_figures(folder, index, asked))


def _figures(folder: Path, index: Path, asked: Sequence[Asked]) -> Iterator[Figure]:
    import mmsearch
    from mmsearch.ingest.enrich.ocr import Ocr
    from mmsearch.ingest.enrich.speech import Speech
    from mmsearch.library import enriching

    mmsearch.index(folder, index).close()
    enriching.enrich(Ocr(), index)
    if os.environ.get("MMSEARCH_SPEECH_MODEL"):
        enriching.enrich(Speech(), index)
    with mmsearch.open(index) as library:
        for by in dict.fromkeys(one.by for one in asked):
            some = [one for one in asked if one.by == by]
            together = [place(library, one, None) for one in some]
            alone = [place(library, one, one.modality) for one in some]
            yield seen(f"by {by} only, {len(some)} queries: among all", _told(together))
            yield seen(f"by {by} only: among the items of that modality", _told(alone))
            sunk = sum(one > 3 >= other for one, other in zip(together, alone, strict=True))
            yield seen(f"by {by} only: in the first 3 alone, and not among all", f"{sunk} of {len(some)}")


def place(library: Library, asked: Asked, modality: Modality | None) -> float:
    """The rank of the first film that is right, among those of a ``modality`` or all; infinite beyond 50."""
    found = library.search(asked.query, k=50, cutoff=None, modality=modality, duplicates="show")
    return next((float(hit.rank) for hit in found if hit.path in asked.right), np.inf)


def _told(places: Sequence[float]) -> str:
    values = np.array(places)
    return (
        f"first {100 * (values == 1).mean():.0f} %, in the first 3 {100 * (values <= 3).mean():.0f} %, "
        f"reciprocal rank {(1 / values).mean():.3f}"
    )


def made(folder: Path, data: Path, work: Path, count: int, beside: int) -> list[Asked]:
    """``count`` films, and ``beside`` photographs and as many texts, in ``folder``; what is asked for."""
    with zipfile.ZipFile(data / "flickr8k-dev.zip") as archive:
        records = [json.loads(line) for line in archive.read("records.jsonl").splitlines()]
        quiet = [one for one in records if not set(_HEARD) & set(" ".join(one["captions"]).lower().split())]
        shown, said = quiet[:count], quiet[count : 2 * count]
        pictures = [_opened(archive.read(one["path"])) for one in shown]
        for number, one in enumerate(quiet[2 * count : 2 * count + beside]):
            (folder / f"photo{number:03}.avif").write_bytes(archive.read(one["path"]))
    for number, one in enumerate(quiet[2 * count + beside : 2 * count + 2 * beside]):
        (folder / f"text{number:03}.txt").write_text(one["captions"][0] + "\n", encoding="utf-8")
    signs = _signs(data, count)
    clips = unpack(data / "esc10-000.tar", work / "clips")
    by_label: dict[str, list[str]] = {label: [] for label in clips.labels}
    for name in sorted(clips.label):
        by_label[clips.label[name]].append(name)
    heard: dict[str, set[str]] = {label: set() for label in by_label}
    asked = []
    for number in range(count):
        label = clips.labels[number % len(clips.labels)]
        path = f"film{number:03}.mp4"
        sound = _samples(clips.folder / by_label[label][number // len(clips.labels)])
        speech = said[number]["captions"][1]
        track = np.concatenate([sound, np.zeros(RATE, np.float32), spoken([speech] * 40, 5.0)])
        seconds = track.size / RATE
        shots = [Shot(pictures[number], seconds / 2), Shot(_sign(signs[number]), seconds / 2, moving=False)]
        write_film(folder / path, shots, [track], size=_SIZE, fps=10)
        heard[label].add(path)
        right = frozenset({path})
        asked.append(Asked(shown[number]["captions"][0], right, "picture", "image"))
        asked.append(Asked(" ".join(signs[number].split()[2:7]), right, "writing", "text"))
        if os.environ.get("MMSEARCH_SPEECH_MODEL"):
            asked.append(Asked(speech, right, "speech", "text"))
    asked += [Asked(ASKED[label], frozenset(paths), "sound", "audio") for label, paths in heard.items()]
    return asked


def _signs(data: Path, count: int) -> list[str]:
    """Beginnings of paragraphs about other things."""
    with zipfile.ZipFile(data / "texts" / "judged-squad.zip") as archive:
        name = next(one for one in archive.namelist() if one.endswith("corpus.jsonl"))
        texts = [json.loads(line)["text"] for line in archive.read(name).splitlines()]
    random = np.random.default_rng(0)
    chosen = [texts[n] for n in random.permutation(len(texts))]
    plain = ([word.strip(".,;:") for word in text.split()[:_WORDS]] for text in chosen)
    signs = [" ".join(words) for words in plain if all(map(str.isalnum, words)) and " ".join(words).isascii()]
    return [one for one in signs if not set(_HEARD) & set(one.lower().split())][:count]


def _sign(text: str) -> Pixels:
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", _SIZE, "white")
    words = text.split()
    lines = "\n".join(" ".join(words[n : n + 3]) for n in range(0, len(words), 3))
    ImageDraw.Draw(picture).multiline_text((40, 60), lines, "black", ImageFont.load_default(40))
    return np.asarray(picture)


def _opened(data: bytes) -> Pixels:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def _samples(file: Path) -> Samples:
    from mmsearch.media.sound.decode import open_sound

    with open_sound(file) as recording:
        return np.concatenate(list(recording.pieces(RATE, RATE)))
