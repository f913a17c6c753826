"""Sounds: what is told by a name, found by words, pictures and sounds, and how fast they are indexed.

ESC-10's clips (10 classes, 398 clips of some 5 s) are in no training and no choice: it is the test.
"""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, at_least, at_most, seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mmsearch.library import Library

FIRST = 10
# Class -> how one would ask for it.
ASKED = {
    "dog bark": "a dog barks",
    "rooster": "a rooster crows",
    "rain": "rain",
    "sea waves": "waves of the sea",
    "fire crackling": "a crackling fire",
    "baby cry": "a baby cries",
    "person sneeze": "somebody sneezes",
    "clock tick": "a clock ticks",
    "helicopter": "a helicopter flies by",
    "chainsaw": "a chainsaw at work",
}
# Nothing of it is to be heard in ESC-10.
UNRELATED = (
    "a piano sonata",
    "an orchestra plays a symphony",
    "somebody plays the trumpet",
    "an electric guitar solo",
    "a choir sings a hymn",
    "applause after a concert",
    "a church bell rings",
    "a phone rings",
    "typing on a keyboard",
    "glass breaks",
    "a train whistle",
    "a violin",
    "a cow moos",
    "a cat meows",
    "an owl at night",
    "a man gives a lecture",
    "the history of the Roman empire",
    "how to bake bread",
    "quarterly figures of a bank",
    "a recipe with potatoes",
    "a red dress",
    "the constitution of Norway",
    "photosynthesis in plants",
    "a flat with two bedrooms",
    "a chess problem",
    "grammar of Latin verbs",
    "a drum roll",
    "fireworks",
    "a goal in a football match",
    "an elevator door",
)
# Words of captions that say what is in a picture of the same thing.
SHOWN = {
    "dog bark": ("dog", "puppy"),
    "rooster": ("rooster", "chicken", "hen"),
    "rain": ("rain", "raining", "umbrella"),
    "sea waves": ("waves", "wave", "surfer", "ocean"),
    "fire crackling": ("fire", "campfire", "bonfire", "flames"),
    "baby cry": ("baby", "crying", "infant"),
    "helicopter": ("helicopter",),
    "clock tick": ("clock",),
}
PICTURES_EACH = 20
SENTENCES = 200
MINUTES = 10  # of sound that is indexed for its speed


@dataclass(frozen=True, slots=True)
class Clips:
    """The clips in ``folder`` by the ``label`` of each name."""

    folder: Path
    label: dict[str, str]

    @property
    def labels(self) -> list[str]:
        """All classes."""
        return sorted(set(self.label.values()))


def measure(scale: float = 1.0) -> list[Figure]:
    """Everything but speech."""
    figures = list(_sizes())
    data = shared_data()
    with tempfile.TemporaryDirectory() as work:
        if data is None or not (data / "esc10-000.tar").is_file():
            figures.append(
                seen("sounds", "not measured: no esc10-000.tar in ../shared/data or MMSEARCH_DATA")
            )
        else:
            figures += _esc10(data, Path(work))
        figures += _speed(Path(work), max(0.5, MINUTES * scale))
    return figures


def _esc10(data: Path, work: Path) -> Iterator[Figure]:
    from mmsearch.library import index

    clips = unpack(data / "esc10-000.tar", work / "esc10")
    with index(clips.folder, work / "esc10.index") as library:
        yield from _zero_shot(library, clips)
        yield from _by_words(library, clips, data)
        yield from _pictures(library, clips, data)


def unpack(archive: Path, folder: Path) -> Clips:
    """The clips of a WebDataset, as files."""
    folder.mkdir()
    label = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is None:
                continue
            if member.name.endswith(".json"):
                label[f"{Path(member.name).stem}.ogg"] = str(json.load(content)["label"]).replace("_", " ")
            else:
                (folder / Path(member.name).name).write_bytes(content.read())
    return Clips(folder, label)


def _zero_shot(library: Library, clips: Clips) -> Iterator[Figure]:
    """A search for each name: a clip is of the class by which it is expected least by chance; and what `tag` says."""
    names = clips.labels
    expected = np.full((len(clips.label), len(names)), np.inf)
    row = {name: number for number, name in enumerate(sorted(clips.label))}
    for column, name in enumerate(names):
        for hit in library.search(name, modality="audio", k=len(row), cutoff=None):
            expected[row[hit.path], column] = hit.evalue
    right = np.array([clips.labels.index(clips.label[name]) for name in sorted(clips.label)])
    told = expected.argmin(axis=1) == right
    each = ", ".join(f"{name} {told[right == number].mean():.0%}" for number, name in enumerate(names))
    yield at_least(
        f"ESC-10, {len(row)} clips, told by the class name in a search ({each})", 90, 100 * told.mean(), "%"
    )
    tagged = library.tag(names, modality="audio", single=True, cutoff=None, dry_run=True)
    by_tag = [
        one.tags[0].label == clips.label[tagged.paths[one.document_id]]
        for one in tagged.documents
        if one.tags
    ]
    yield seen("the same by mmsearch tag --single", f"{100 * sum(by_tag) / len(row):.1f} %")


def _by_words(library: Library, clips: Clips, data: Path) -> Iterator[Figure]:
    precisions, found = {}, 0
    for label, text in ASKED.items():
        results = library.search(text, modality="audio", k=FIRST)
        precisions[label] = sum(clips.label[hit.path] == label for hit in results) / FIRST
        found += bool(results.matches)
    each = ", ".join(f"{label} {value:.0%}" for label, value in precisions.items())
    value = 100 * float(np.mean(list(precisions.values())))
    yield at_least(f"text → sound, precision@{FIRST}, mean of the classes ({each})", 90, value, "%")
    yield seen("of these queries with a match above the line", f"{found} of {len(ASKED)}")
    from benchmarks.calibration import _everyday

    for what, texts in (
        ("everyday sentences", _everyday(data, SENTENCES)),
        ("things and sounds that are not there", UNRELATED),
    ):
        told = {text: not library.search(text, modality="audio").matches for text in texts}
        missed = [text for text in texts if not told[text]] if len(texts) < SENTENCES else []
        what += f" (not told: {', '.join(missed)})" if missed else ""
        share = 100 * sum(told.values()) / len(told)
        yield at_least(f"told “nothing matches”, {len(texts)} {what}", 80, share, "%")


def _pictures(library: Library, clips: Clips, data: Path) -> Iterator[Figure]:
    """Pictures whose captions name the thing, of all collections: R-precision both ways, and by chance."""
    import zipfile

    shown: dict[str, list[bytes]] = {label: [] for label in SHOWN}
    for archive in ("flickr8k-train.zip", "coco-train.zip", "textbook-photo-train.zip"):
        with zipfile.ZipFile(data / archive) as collection:
            for line in collection.read("records.jsonl").decode().splitlines():
                record = json.loads(line)
                words = [set(caption.lower().replace(".", "").split()) for caption in record["captions"]]
                for label, names in SHOWN.items():
                    named = sum(bool(said & set(names)) for said in words)
                    if named > len(words) / 2 and len(shown[label]) < PICTURES_EACH:
                        shown[label].append(collection.read(record["path"]))
    shown = {label: some for label, some in shown.items() if len(some) >= 3}
    precision, chance = [], []
    for label, some in shown.items():
        for picture in some:
            hits = library.search(image=picture, modality="audio", k=FIRST, cutoff=None)
            precision.append(np.mean([clips.label[hit.path] == label for hit in hits]))
            chance.append(sum(one == label for one in clips.label.values()) / len(clips.label))
    yield _times(
        f"picture → sound, {len(precision)} pictures of {len(shown)} classes, precision@{FIRST}",
        precision,
        chance,
    )
    with tempfile.TemporaryDirectory() as work:
        yield _sounds_to_pictures(shown, clips, Path(work))


def _sounds_to_pictures(shown: dict[str, list[bytes]], clips: Clips, work: Path) -> Figure:
    from mmsearch.library import index

    folder = work / "pictures"
    folder.mkdir()
    for label, some in shown.items():
        for number, picture in enumerate(some):
            (folder / f"{label}-{number}.avif").write_bytes(picture)
    count = sum(map(len, shown.values()))
    precision, chance = [], []
    with index(folder, work / "index") as library:
        for name, label in clips.label.items():
            if label in shown:
                hits = library.search(audio=str(clips.folder / name), modality="image", k=FIRST, cutoff=None)
                precision.append(np.mean([hit.path.startswith(f"{label}-") for hit in hits]))
                chance.append(len(shown[label]) / count)
    return _times(
        f"sound → picture, {len(precision)} clips, {count} pictures, precision@{FIRST}", precision, chance
    )


def _times(what: str, precision: Sequence[float], chance: Sequence[float]) -> Figure:
    reached, by_chance = float(np.mean(precision)), float(np.mean(chance))
    times = reached / by_chance
    shown = f"{times:.1f} × chance ({reached:.1%} against {by_chance:.1%})"
    return Figure(what, "≥ 5 × chance", shown, times >= 5)


def _speed(work: Path, minutes: float) -> Iterator[Figure]:
    """Recordings of changing noises and tones, in mp3, through the whole pipeline."""
    from mmsearch.library import index

    folder = work / "long"
    folder.mkdir()
    for number in range(2):
        (folder / f"{number}.mp3").write_bytes(recording(minutes * 30, seed=number))
    started, processor = time.monotonic(), _processor_time()
    with index(folder, work / "long.index") as library:
        wall, processor = time.monotonic() - started, _processor_time() - processor
        items = library.statistics().items.get("audio", 0)
    seconds = minutes * 60
    what = f"indexing {minutes:g} minutes of mp3 in 2 files ({items} segments), times real time"
    yield at_least(f"{what}, by processor time of one core", 100, seconds / processor, "×", 0)
    yield seen(f"{what}, by the clock", f"{seconds / wall:.0f} ×")


def recording(seconds: float, seed: int) -> bytes:
    """An mp3 of stretches of 3 to 8 s, each of another noise or tone."""
    import av

    chance = np.random.default_rng(seed)
    rate, parts, length = 44_100, [], 0
    while length < seconds * rate:
        count = int(chance.uniform(3, 8) * rate)
        at = np.arange(count) / rate
        hertz, wobble = chance.uniform(80, 3000), chance.uniform(0.5, 8)
        tone = np.sin(2 * np.pi * hertz * at + 3 * np.sin(2 * np.pi * wobble * at))
        parts.append(0.2 * chance.uniform() * tone + 0.2 * chance.uniform() * chance.normal(size=count))
        length += count
    samples = np.clip(np.concatenate(parts), -1, 1).astype(np.float32)
    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as out:
        stream = out.add_stream("libmp3lame", rate=rate, layout="stereo")
        resampler = av.AudioResampler(
            stream.format.name, "stereo", rate, frame_size=stream.codec_context.frame_size or 1152
        )
        frame = av.AudioFrame.from_ndarray(np.stack([samples, samples]), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = rate, 0
        for ready in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(ready))
        out.mux(stream.encode(None))
    return file.getvalue()


def _processor_time() -> float:
    """Of this process and of its children that have ended."""
    import os

    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _sizes() -> Iterator[Figure]:
    from mmsearch.encoders.registry import compiled_directory

    folder = compiled_directory("pocket")
    assert folder is not None
    towers = sum((folder / f"{name}.onnx").stat().st_size for name in ("image", "text", "sound"))
    whole = sum(file.stat().st_size for file in folder.iterdir())
    yield at_most("pocket, its three towers", 33, towers / 1e6, "MB", 1)
    yield at_most("pocket with its banks, backgrounds and tokenizer", 35, whole / 1e6, "MB", 1)
