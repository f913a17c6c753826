"""Single flipped bits in each kind of file of an index: does `mmsearch check` find them?"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.shared.data import write_pictures, write_texts
from benchmarks.shared.figures import Figure, seen

FLIPS = 1000
PICTURES, TEXTS = 60, 60
QUESTIONS = ("a red square", "blue", "sentence", "word", "picture of snow", "7")


def measure(scale: float = 1.0) -> list[Figure]:
    """In vectors of each precision, in every other file, and in the catalogue, where SQLite keeps no checksums."""
    flips = max(10, int(FLIPS * scale))
    figures = []
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        write_pictures(work / "corpus", PICTURES)
        write_texts(work / "corpus" / "texts", TEXTS)
        for precision in ("float16", "int8", "binary"):
            index = work / precision
            _build(work / "corpus", index, precision)
            files = sorted(file for file in (index / "vectors").rglob("*") if file.is_file())
            figures.append(_asked(f"in vectors as {precision}", index, files, flips))
        kept = ("catalogue.sqlite", "lock")
        others = sorted(
            file
            for file in index.rglob("*")
            if file.is_file() and not file.name.startswith(kept) and index / "vectors" not in file.parents
        )
        for file in others:
            figures.append(_asked(f"in {file.relative_to(index)}", index, [file], flips))
        figures += _in_catalogue(work / "float16", flips)
    return figures


def _build(corpus: Path, index: Path, precision: str) -> None:
    """An index with all that one may hold."""
    import mmsearch
    from mmsearch.ingest.pipeline import IndexOptions
    from mmsearch.search.ranking.weights import LearnedWeights
    from mmsearch.store.kept.profiles import Profile, write_profile

    options = IndexOptions(vectors=precision, fuse="mean")  # type: ignore[arg-type]
    with mmsearch.index(corpus, index, options=options) as library:
        library.duplicates(remember=True)
        write_profile(index, Profile("me", ({"corpus": str(corpus), "path": "000000.jpg"},)))
        library.keep_weights(LearnedWeights({"words": 1.5}, "nDCG@10", 0.5, 0.6, 0.01, 50, "judged"))


def _asked(what: str, index: Path, files: Sequence[Path], flips: int) -> Figure:
    found = sum(bool(_check(index)) for _ in _flipped(files, flips))
    return Figure(
        f"{flips} bits flipped, one at a time, {what}", "all found", f"{found} found", found == flips
    )


def _in_catalogue(index: Path, flips: int) -> list[Figure]:
    """What is not found either changes no answer, or does: told apart by a copy that is asked the same."""
    wanted = _answers(index)
    file = index / "catalogue.sqlite"
    outcomes: Counter[str] = Counter()
    for _ in _flipped([file], flips):
        if _check(index):
            outcomes["found"] += 1
        else:
            outcomes["harmless" if _answers(index) == wanted else "missed"] += 1
    assert not (index / "catalogue.sqlite-wal").exists()
    return [
        seen(
            f"{flips} bits flipped, one at a time, in the catalogue",
            f"{outcomes['found']} found, {outcomes['harmless']} that change no answer, {outcomes['missed']} missed",
        )
    ]


def _flipped(files: Sequence[Path], flips: int) -> Iterator[None]:
    """Each time another bit of one of ``files``, larger ones more often; whole again afterwards."""
    draw = random.Random(7)
    sizes = [file.stat().st_size for file in files]
    for _ in range(flips):
        [file] = draw.choices(files, sizes)
        with _one_flipped(file, draw.randrange(8 * file.stat().st_size)):
            yield


@contextmanager
def _one_flipped(file: Path, bit: int) -> Iterator[None]:
    whole = file.with_name("whole")
    shutil.copyfile(file, whole)
    with file.open("r+b") as handle:
        handle.seek(bit // 8)
        [byte] = handle.read(1)
        handle.seek(bit // 8)
        handle.write(bytes([byte ^ 1 << bit % 8]))
    try:
        yield
    finally:
        for ending in ("-wal", "-shm"):
            file.with_name(file.name + ending).unlink(missing_ok=True)
        whole.replace(file)


def _check(index: Path) -> bool:
    from mmsearch.errors import MmsearchError
    from mmsearch.store.check import check

    try:
        return bool(check(index))
    except MmsearchError:
        return True


def _answers(index: Path) -> object:
    import mmsearch

    with mmsearch.open(index) as library:
        answers = []
        for text in QUESTIONS:
            hits = library.search(text, k=20, cutoff=None)
            answers.append(
                [(hit.path, str(hit.locator), hit.score, hit.title, hit.snippet, hit.fields) for hit in hits]
            )
        return answers, library.statistics(), library.fields()
