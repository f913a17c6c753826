"""kill -9 at ten random moments of an indexing run, then the run again."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.shared.data import write_pictures, write_texts
from benchmarks.shared.figures import Figure, seen
from benchmarks.shared.processes import environment, mmsearch

KILLS = 10
PICTURES, TEXTS = 800, 300
# Seconds before which a new process has not begun to index.
START = 0.3

# Indexes like `mmsearch index`, and keeps the hash of whatever goes through a tower in a log.
LOGGED = """
import hashlib, os, sys
import mmsearch
from mmsearch.encoders.compiled import CompiledEncoder

log = os.open(sys.argv[3], os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def logged(encode, content):
    def wrapped(self, batch):
        lines = "".join(hashlib.sha256(content(one)).hexdigest() + chr(10) for one in batch)
        os.write(log, lines.encode())
        return encode(self, batch)
    return wrapped

CompiledEncoder.encode_images = logged(CompiledEncoder.encode_images, lambda pixels: pixels.tobytes())
CompiledEncoder.encode_texts = logged(CompiledEncoder.encode_texts, lambda text: text.encode())
mmsearch.index(sys.argv[1], sys.argv[2]).close()
"""

Item = tuple[Any, ...]


def measure(scale: float = 1.0) -> list[Figure]:
    """Each kill has an index of its own; then one index is killed again and again."""
    draw = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        write_pictures(work / "corpus", max(60, int(PICTURES * scale)))
        write_texts(work / "corpus" / "texts", max(20, int(TEXTS * scale)))
        started = time.perf_counter()
        _start(work / "corpus", work / "undisturbed", work / "log").wait()
        seconds = time.perf_counter() - started
        wanted = _contents(work / "undisturbed")
        inputs = _tower_inputs(work / "corpus")
        if set((work / "log").read_text().split()) != set(inputs.values()):
            raise RuntimeError("the log of the towers does not hold what they should have been given")
        trials = [
            _trial(work, f"trial-{number}", [draw.uniform(START, seconds)], wanted, inputs)
            for number in range(KILLS)
        ]
        moments = [draw.uniform(START, START + seconds / 4) for _ in range(KILLS)]
        trials.append(_trial(work, "again-and-again", moments, wanted, inputs))
    same, twice, finished = (list(column) for column in zip(*trials, strict=True))
    return [
        Figure(
            f"kill -9 at {KILLS} random moments, then run again",
            "same index",
            f"{sum(same)} of {len(same)} the same",
            all(same),
        ),
        Figure("items of finished batches encoded twice", "0", str(sum(twice)), sum(twice) == 0),
        seen("items that were finished when the kill came", ", ".join(map(str, finished))),
        seen("the undisturbed run", f"{seconds:.1f} s, {len(wanted)} items"),
    ]


def _trial(
    work: Path, name: str, moments: list[float], wanted: Mapping[Item, bytes], inputs: Mapping[bytes, str]
) -> tuple[bool, int, int]:
    """Whether the index became the wanted one; finished items that were encoded again; items found finished."""
    index = work / name
    twice = 0
    done: set[str] = set()
    for number, moment in enumerate([*moments, None]):
        log = work / f"{name}-{number}.log"
        process = _start(work / "corpus", index, log)
        if moment is not None:
            time.sleep(moment)
            process.send_signal(signal.SIGKILL)
        status = process.wait()
        if moment is None and status != 0:
            raise RuntimeError(f"the run after the kill ended with {status}")
        encoded = log.read_text().split() if log.exists() else []
        twice += sum(digest in done for digest in encoded)
        if moment is not None:
            done = _finished(index, inputs)
    mmsearch("check", "--index", index)  # raises when it finds damage
    return _contents(index) == wanted, twice, len(done)


def _start(corpus: Path, index: Path, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", LOGGED, str(corpus), str(index), str(log)]
    return subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL)


def _finished(index: Path, inputs: Mapping[bytes, str]) -> set[str]:
    """The hashes of what went into a tower and came out into the catalogue."""
    from mmsearch.store.catalogue.catalogue import Catalogue

    if not (index / "catalogue.sqlite").exists():
        return set()
    with Catalogue.open(index / "catalogue.sqlite") as catalogue:
        keys = list(inputs)
        found: set[bytes] = set()
        for record in catalogue.encoders():
            for modality in record.modalities:
                found.update(catalogue.rows_of_keys(record.encoder_id, modality, keys))
    return {inputs[key] for key in found}


def _tower_inputs(corpus: Path) -> dict[bytes, str]:
    """Key of an item's content -> hash of what its tower is given."""
    from mmsearch.encoders.registry import load_encoder
    from mmsearch.media.picture import load_picture

    spec = load_encoder().picture
    inputs = {}
    for file in corpus.rglob("*"):
        if file.suffix == ".jpg":
            data = file.read_bytes()
            inputs[hashlib.sha256(data).digest()] = _hash(load_picture(data, spec).pixels.tobytes())
        elif file.suffix == ".txt":
            text = file.read_text().strip().encode()
            inputs[hashlib.sha256(text).digest()] = _hash(text)
    return inputs


def _contents(index: Path) -> dict[Item, bytes]:
    """Every item with what it is made of, and its vector as it lies on disk."""
    import numpy as np

    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.directory import IndexDirectory

    directory = IndexDirectory.open(index)
    contents: dict[Item, bytes] = {}
    with Catalogue.open(directory.catalogue_path) as catalogue:
        for record in catalogue.encoders():
            for modality in record.modalities:
                ids, rows = catalogue.embeddings(record.encoder_id, modality)
                with directory.shards(record, modality, rows=int(rows.max(initial=-1)) + 1) as shards:
                    vectors = shards.read(rows).astype(np.float16)
                for item, vector in zip(catalogue.items(ids), vectors, strict=True):
                    fields = tuple(sorted(item.fields.items()))
                    identity = (
                        item.path,
                        item.modality,
                        str(item.locator),
                        item.key,
                        item.text,
                        item.title,
                        fields,
                    )
                    contents[identity] = vector.tobytes()
        if len(contents) != len(catalogue.select_items()):
            raise RuntimeError("items without a vector")
    return contents


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
