"""The store under kills, full disks and limits, against what an undisturbed run leaves.

Run as a script, this file is the writer that gets killed: it forks a child for each moment, so that one test
tries many moments without starting Python each time.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mmsearch.ann.coarse import needs_codes, write_codes
from mmsearch.ann.placement import StoredRows
from mmsearch.errors import IndexDirectoryError
from mmsearch.store.appending import open_for_appending
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.values import NewDocument, NewItem
from mmsearch.store.check import check, repair
from mmsearch.store.compact import compact
from mmsearch.store.corpora import write_field
from mmsearch.store.directory import IndexDirectory, Manifest
from mmsearch.store.durable.checksums import state_of
from mmsearch.store.precision import center_of, row_form
from mmsearch.store.snapshot import snapshot
from mmsearch.types import Locator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mmsearch.store.precision import Precision
    from mmsearch.types import Vectors

    Corpus = Mapping[str, tuple[str, ...]]  # path -> passages
    Contents = dict[str, list[tuple[str, str, list[float]]]]  # path -> (locator, text, vector)

DIMENSION = 16
BATCH = 4
MOMENTS = 24  # that a test tries of each phase; STORE_FAULT_MOMENTS=all tries every one
# How often the others are tried: `make faults` asks for 100 kills and 50 snapshots.
KILLS = int(os.environ.get("STORE_FAULT_KILLS", "10"))
SNAPSHOTS = int(os.environ.get("STORE_FAULT_SNAPSHOTS", "5"))


# --- a small index run, as the pipeline does it ----------------------------------------------------------


def vector_of(text: str) -> Vectors:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
    drawn = np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)
    return drawn / np.linalg.norm(drawn)


def key_of(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def stamp_of(passages: tuple[str, ...]) -> str:
    return key_of("\n".join(passages)).hex()


def index_run(path: Path, corpus: Corpus, precision: Precision = "float16") -> list[str]:
    """Bring the index to ``corpus``; the texts that were encoded."""
    encoded: list[str] = []
    directory = IndexDirectory.create(path)
    with directory.write_lock(), Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        corpus_id = catalogue.add_corpus("/corpus")
        encoder_id = catalogue.add_encoder("fake", "f" * 64, DIMENSION, ["text"], precision)
        known = catalogue.known_documents(corpus_id, encoder_id)
        new = [
            name
            for name, passages in corpus.items()
            if name not in known or not known[name].complete or known[name].stamp != stamp_of(passages)
        ]
        [record] = catalogue.encoders()
        with open_for_appending(directory, catalogue, record, "text") as shards:
            for start in range(0, len(new), BATCH):
                batch = {name: corpus[name] for name in new[start : start + BATCH]}
                texts = list(dict.fromkeys(text for passages in batch.values() for text in passages))
                held = catalogue.rows_of_keys(encoder_id, "text", [key_of(text) for text in texts])
                fresh = [text for text in texts if key_of(text) not in held]
                checksums = {}
                if fresh:
                    encoded += fresh
                    first = shards.append(np.stack([vector_of(text) for text in fresh]))
                    shards.sync()
                    checksums["text"] = shards.checksums(first)
                    held |= {key_of(text): first + n for n, text in enumerate(fresh)}
                catalogue.put(
                    [document(corpus_id, name, passages, held) for name, passages in batch.items()],
                    encoder_id,
                    checksums,
                )
                directory.write_manifest(Manifest.of(catalogue))
        catalogue.remove([known[name].document_id for name in known.keys() - corpus.keys()])
        directory.write_manifest(Manifest.of(catalogue))
    return encoded


def document(corpus_id: int, name: str, passages: tuple[str, ...], rows: dict[bytes, int]) -> NewDocument:
    items = tuple(
        NewItem("text", Locator("page", n), key_of(text), text, rows[key_of(text)])
        for n, text in enumerate(passages)
    )
    return NewDocument(corpus_id, name, stamp_of(passages), f"Title of {name}", {"pages": len(items)}, items)


def contents(path: Path) -> Contents:
    """Everything that the index says, by path."""
    directory = IndexDirectory.open(path)
    found: Contents = {}
    with Catalogue.open(directory.catalogue_path) as catalogue:
        for record in catalogue.encoders():
            ids, rows = catalogue.embeddings(record.encoder_id, "text")
            with directory.shards(record, "text", rows=int(rows.max(initial=-1)) + 1) as shards:
                vectors = shards.read(rows)
            for item, vector in zip(catalogue.items(ids), vectors, strict=True):
                entry = (str(item.locator), item.text or "", vector.tolist())
                found.setdefault(item.path, []).append(entry)
                assert item.title == f"Title of {item.path}"
                assert item.item_id in catalogue.matching_items(f'"{item.text}"')
    return {name: sorted(entries) for name, entries in found.items()}


def expected(corpus: Corpus, precision: Precision = "float16") -> Contents:
    first = [text for passages in list(corpus_of(0).values())[:BATCH] for text in passages]
    form = row_form(precision, DIMENSION, center_of(np.stack([vector_of(text) for text in first])))

    def stored(text: str) -> list[float]:
        return form.decode(form.encode(vector_of(text)[None]))[0].tolist()

    return {
        name: sorted((f"page:{n}", text, stored(text)) for n, text in enumerate(passages))
        for name, passages in corpus.items()
    }


def corpus_of(generation: int) -> Corpus:
    """Twelve documents; in the next generation some are changed, gone, new, renamed, copies."""
    corpus = {f"{n}.txt": tuple(f"passage {n} {page}" for page in range(1 + n % 3)) for n in range(12)}
    if generation:
        del corpus["3.txt"], corpus["4.txt"]
        corpus["5.txt"] = ("passage 5 0", "a new page", "passage 5 1")
        corpus["renamed.txt"] = corpus.pop("6.txt")
        corpus["copy.txt"] = corpus["7.txt"]
        corpus |= {f"new {n}.txt": (f"a new text {n}",) for n in range(6)}
    return corpus


# --- phases: how the index is before, what is done to it, what may be there after a kill -----------------


def nothing(path: Path) -> None:
    """No index yet."""


def first_index(path: Path, **form: Precision) -> None:
    index_run(path, corpus_of(0), **form)


def with_tombstones(path: Path, **form: Precision) -> None:
    first_index(path, **form)
    index_run(path, corpus_of(1), **form)


def with_damage(path: Path) -> None:
    with_tombstones(path)
    (path / "manifest.json").unlink()
    os.truncate(path / "vectors" / "fake-ffffffffffff" / "text-0.f16", 3 * DIMENSION * 2)
    connection = sqlite3.connect(path / "catalogue.sqlite")
    connection.execute("DELETE FROM words_docsize WHERE id % 3 = 0")
    connection.commit()
    connection.close()


def run_compact(path: Path) -> list[str]:
    directory = IndexDirectory.open(path)
    with directory.write_lock():
        compact(directory)
    return []


def run_repair(path: Path) -> list[str]:
    repair(path)
    return []


def run_tag(path: Path) -> list[str]:
    directory = IndexDirectory.open(path)
    with Catalogue.open(directory.catalogue_path) as catalogue:
        chosen = {number: "red; green" for name in corpus_of(0) for number in catalogue.find(name)}
    write_field(directory, "tags", chosen)
    return []


def run_remove(path: Path) -> list[str]:
    directory = IndexDirectory.open(path)
    with directory.write_lock(), Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        for name in ("3.txt", "4.txt"):
            catalogue.remove(catalogue.find(name))
        directory.write_manifest(Manifest.of(catalogue))
    return []


def run_snapshot(path: Path) -> list[str]:
    to = path.with_name(f"{path.name}-copy")
    shutil.rmtree(to, ignore_errors=True)
    snapshot(IndexDirectory.open(path), to)
    assert check(to) == []
    return []


def run_codes(path: Path) -> list[str]:
    """As at the end of a run over many rows."""
    directory = IndexDirectory.open(path)
    with directory.write_lock(), Catalogue.open(directory.catalogue_path) as catalogue:
        [record] = catalogue.encoders()
        known = catalogue.checksums(record.encoder_id, "text")
        with directory.shards(
            record, "text", rows=catalogue.highest_row(record.encoder_id, "text") + 1
        ) as shards:
            rows = StoredRows.of(shards.blocks(), shards.form)
            saved = directory.ann_path(record, "text")
            if needs_codes(saved, rows, state_of(known)):
                write_codes(rows, rows.read(np.arange(2)), saved, state_of(known))
    return []


def without_two() -> Corpus:
    return {name: passages for name, passages in corpus_of(0).items() if name not in ("3.txt", "4.txt")}


def bits(action: Callable[..., Any]) -> Callable[[Path], Any]:
    """An index run whose vectors become bits, which need a center before the first row."""
    return lambda path: action(path, precision="binary")


PHASES: dict[str, tuple[Callable[[Path], None], Callable[[Path], list[str]], Corpus, Corpus]] = {
    "create": (nothing, lambda path: index_run(path, corpus_of(0)), {}, corpus_of(0)),
    "create bits": (
        nothing,
        bits(lambda path, **form: index_run(path, corpus_of(0), **form)),
        {},
        corpus_of(0),
    ),
    "update": (first_index, lambda path: index_run(path, corpus_of(1)), corpus_of(0), corpus_of(1)),
    "compact": (with_tombstones, run_compact, corpus_of(1), corpus_of(1)),
    "compact bits": (bits(with_tombstones), run_compact, corpus_of(1), corpus_of(1)),
    "tag": (first_index, run_tag, corpus_of(0), corpus_of(0)),
    "remove": (first_index, run_remove, corpus_of(0), without_two()),
    "snapshot": (with_tombstones, run_snapshot, corpus_of(1), corpus_of(1)),
    "codes": (first_index, run_codes, corpus_of(0), corpus_of(0)),
    "repair": (with_damage, run_repair, corpus_of(1), corpus_of(1)),
}


def precision_of(phase: str) -> Precision:
    return "binary" if phase.endswith("bits") else "float16"


def verify_killed(path: Path, phase: str) -> set[bytes]:
    """What must hold at any moment of a phase; the keys whose vectors are safe."""
    _, _, before, after = PHASES[phase]
    if phase == "repair":
        repair(path)
    try:
        IndexDirectory.open(path)
    except IndexDirectoryError:
        assert phase.startswith("create")
        return set()
    assert check(path) == []
    form = precision_of(phase)
    now, old, new = contents(path), expected(before, form), expected(after, form)
    for name, entries in now.items():
        if phase == "repair":  # what was lost is left out until the next index run
            assert all(entry in new[name] for entry in entries)
        else:
            assert entries in (old.get(name), new.get(name)), f"{name} is half of one and half of another"
    if phase != "repair":
        assert old.keys() & new.keys() <= now.keys(), "a document vanished for a while"
    with Catalogue.open(path / "catalogue.sqlite") as catalogue:
        texts = {text for corpus in (before, after) for passages in corpus.values() for text in passages}
        keys = [key_of(text) for text in texts]
        return {
            key
            for record in catalogue.encoders()
            for key in catalogue.rows_of_keys(record.encoder_id, "text", keys)
        }


def verify_resumed(path: Path, phase: str, safe: set[bytes]) -> None:
    """The phase again, and an index run after it: the index of an undisturbed run, nothing encoded twice."""
    _, action, _, after = PHASES[phase]
    form = precision_of(phase)
    encoded = action(path) + index_run(path, after, form)
    assert not safe & {key_of(text) for text in encoded}, "encoded what was safe"
    assert len(encoded) == len(set(encoded))
    assert contents(path) == expected(after, form)
    assert check(path) == []
    folders = {encoder.folder for encoder in IndexDirectory.open(path).manifest().encoders}
    assert (
        not phase.startswith("compact") or {folder.name for folder in (path / "vectors").iterdir()} == folders
    )


# --- the writer that is killed ---------------------------------------------------------------------------


class Countdown:
    """Kills this process at the ``last``-th moment at which it touches the disk, or has the disk fail then."""

    def __init__(self, last: int | None, *, fails: bool = False) -> None:
        self.count, self.last, self.fails = 0, last, fails

    def tick(self) -> bool:
        self.count += 1
        return self.count == self.last

    def die(self) -> None:
        if self.fails:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        os.kill(os.getpid(), signal.SIGKILL)

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Two moments: before and after the call; of a write, the first one is half of it."""

        def wrapped(*arguments: Any, **options: Any) -> Any:
            if self.tick():
                if function.__name__ == "pwrite":
                    handle, data, offset = arguments
                    function(handle, data[: len(data) // 2], offset)
                self.die()
            result = function(*arguments, **options)
            if self.tick():
                self.die()
            return result

        return wrapped

    def traced(self, connect: Callable[..., sqlite3.Connection]) -> Callable[..., sqlite3.Connection]:
        """A moment before each statement that begins, changes or ends something."""

        def watch(statement: str) -> None:
            if (
                statement.split(None, 1)[0].upper()
                in {"BEGIN", "COMMIT", "VACUUM", "UPDATE", "DELETE", "CREATE"}
                and self.tick()
            ):
                self.die()

        def connected(*arguments: Any, **options: Any) -> sqlite3.Connection:
            connection = connect(*arguments, **options)
            connection.set_trace_callback(watch)
            return connection

        return connected

    def install(self) -> None:
        names = (
            ("pwrite", "fsync")
            if self.fails
            else ("pwrite", "fsync", "replace", "unlink", "truncate", "mkdir")
        )
        for name in names:
            setattr(os, name, self.around(getattr(os, name)))
        if not self.fails:
            sqlite3.connect = self.traced(sqlite3.connect)


def forked(action: Callable[[], object], kill_after: float | None = None) -> int:
    """Run ``action`` in a child; the signal that ended it, or its exit status negated."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            action()
            status = 0
        finally:
            os._exit(status)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else -os.WEXITSTATUS(status)


def moments_of(phase: str, folder: Path, *, fails: bool = False) -> int:
    """How many moments an undisturbed run of the phase has."""
    prepare, action, *_ = PHASES[phase]
    path, counted = folder / "counted", folder / "count"
    prepare(path)

    def count() -> None:
        countdown = Countdown(None, fails=fails)
        countdown.install()
        action(path)
        counted.write_text(str(countdown.count))

    assert forked(count) == 0
    shutil.rmtree(path)
    return int(counted.read_text())


def kill_at_each_moment(phase: str, folder: Path, wanted: int | None) -> int:
    prepare, action, *_ = PHASES[phase]
    prepare(folder / "prepared")
    total = moments_of(phase, folder)
    step = 1 if wanted is None else max(1, total // wanted)
    tried = 0
    for moment in range(1, total + 1, step):
        path = folder / f"at-{moment}"
        if (folder / "prepared").exists():
            shutil.copytree(folder / "prepared", path)

        def killed(path: Path = path, moment: int = moment) -> None:
            Countdown(moment).install()
            action(path)

        if forked(killed) != signal.SIGKILL:  # the garbage collector's moments vary by a few
            continue
        try:
            verify_resumed(path, phase, verify_killed(path, phase))
        except BaseException as error:
            error.add_note(f"killed at moment {moment} of {total} of {phase}")
            raise
        shutil.rmtree(path)
        tried += 1
    return tried


def fail_at_each_moment(phase: str, folder: Path, wanted: int | None) -> int:
    """The disk fails at one write or sync after the other: a plain error, and what kills leave."""
    prepare, action, *_ = PHASES[phase]
    prepare(folder / "prepared")
    total = moments_of(phase, folder, fails=True)
    step = 1 if wanted is None else max(1, total // wanted)
    for moment in range(1, total + 1, step):
        path = folder / f"at-{moment}"
        if (folder / "prepared").exists():
            shutil.copytree(folder / "prepared", path)

        def failing(path: Path = path, moment: int = moment) -> None:
            Countdown(moment, fails=True).install()
            with contextlib.suppress(IndexDirectoryError):
                action(path)

        try:
            assert forked(failing) == 0, "another error than one that a user understands"
            verify_resumed(path, phase, verify_killed(path, phase))
        except BaseException as error:
            error.add_note(f"the disk failed at moment {moment} of {total} of {phase}")
            raise
        shutil.rmtree(path)
    return len(range(1, total + 1, step))


def snapshots_under_writing(folder: Path, wanted: int, seed: int) -> int:
    """Snapshots at random moments, while another process indexes, removes and compacts without an end."""
    path, drawn = folder / "index", random.Random(seed)
    first_index(path)
    writer = os.fork()
    if writer == 0:
        generation = 0
        while True:
            generation = 1 - generation
            index_run(path, corpus_of(generation))
            run_compact(path)
    whole = 0
    try:
        allowed = [expected(corpus_of(generation)) for generation in (0, 1)]
        for number in range(wanted):
            time.sleep(drawn.uniform(0, 0.2))
            copy = folder / f"copy-{number}"
            snapshot(IndexDirectory.open(path), copy)
            assert check(copy) == [], check(copy)
            for name, entries in contents(copy).items():
                assert any(entries == known.get(name) for known in allowed), (
                    f"{name} is half of one and half of another"
                )
            shutil.rmtree(copy)
            whole += 1
    finally:
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
    return whole


def kill_at_random_moments(folder: Path, kills: int, seed: int) -> int:
    """A long run, killed and run again; the clock chooses the moment, so that SQLite's own writes are hit."""
    drawn = random.Random(seed)
    path = folder / "index"
    corpus = {f"{n}.txt": (f"text {n}", f"shared {n % 7}") for n in range(600)}
    killed = 0
    done: set[bytes] = set()
    started = time.monotonic()
    forked(lambda: index_run(folder / "undisturbed", corpus))
    undisturbed = time.monotonic() - started  # so that the kills come before the end on any machine
    for _ in range(kills):
        moment = drawn.uniform(0.0, undisturbed / 4)
        killed += forked(lambda: index_run(path, corpus), kill_after=moment) == signal.SIGKILL
        if (path / "manifest.json").exists():
            assert check(path) == []
            with Catalogue.open(path / "catalogue.sqlite") as catalogue:
                keys = [key_of(text) for passages in corpus.values() for text in passages]
                now = set(catalogue.rows_of_keys(1, "text", keys))
            assert done <= now, "a finished batch was lost"
            done = now
    encoded = index_run(path, corpus)
    assert not done & {key_of(text) for text in encoded}
    assert contents(path) == expected(corpus)
    assert check(path) == []
    return killed


# --- the tests -------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory where the system has that: a kill leaves the same there, and a sync takes no time."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as made:
        yield Path(made)


def run_script(folder: Path, *arguments: str) -> int:
    """This file as a script, single-threaded, for a process with threads must not fork."""
    quiet = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error"}
    ran = subprocess.run(
        [sys.executable, __file__, str(folder), *arguments],
        env={**os.environ, **quiet},
        capture_output=True,
        text=True,
        check=False,
        timeout=3_600,
    )
    assert ran.returncode == 0, ran.stderr
    return int(json.loads(ran.stdout))


@pytest.mark.parametrize("phase", PHASES)
def test_killed_at_any_moment_the_index_is_whole_and_the_next_run_completes_it(
    folder: Path, phase: str
) -> None:
    tried = run_script(folder, phase, os.environ.get("STORE_FAULT_MOMENTS", str(MOMENTS)))
    assert tried >= MOMENTS // 2, "hardly any moment was tried"


def test_killed_at_random_times_no_finished_batch_is_lost_or_encoded_twice(folder: Path) -> None:
    assert run_script(folder, "random", str(KILLS)) >= KILLS // 2


@pytest.mark.parametrize(
    "phase", ["create", "update", "compact bits", "remove", "snapshot", "codes", "repair"]
)
def test_a_disk_that_fails_once_is_a_plain_error_and_the_next_run_completes_the_index(
    folder: Path, phase: str
) -> None:
    wanted = os.environ.get("STORE_FAULT_MOMENTS", str(MOMENTS // 3))
    assert run_script(folder, "failing", wanted, phase) >= 1


def test_snapshots_under_writing_are_whole(folder: Path) -> None:
    assert run_script(folder, "snapshots", str(SNAPSHOTS)) == SNAPSHOTS


def test_a_full_disk_under_the_catalogue_changes_nothing(folder: Path) -> None:
    index_run(folder / "index", corpus_of(0))
    with Catalogue.open(folder / "index" / "catalogue.sqlite", write=True) as catalogue:
        pages = catalogue._database.value("PRAGMA page_count")
        catalogue._database.connection.execute(f"PRAGMA max_page_count = {pages}")
        large = NewDocument(1, "large.txt", "1", "x" * 100_000, {}, ())
        with pytest.raises(IndexDirectoryError, match="the disk is full"):
            catalogue.put([large], 1)
        assert catalogue.find("large.txt") == []
        catalogue._database.connection.execute(f"PRAGMA max_page_count = {pages * 100}")
        catalogue.put([large], 1)
    assert check(folder / "index") == []
    assert contents(folder / "index") == expected(corpus_of(0))


@pytest.mark.parametrize("limit", [100, 9_000, 100_000])
def test_a_limit_on_files_is_one_plain_error_and_the_next_run_completes_the_index(
    folder: Path, limit: int
) -> None:
    corpus = {f"{n}.txt": tuple(f"text {n} {page} " + "word " * 40 for page in range(20)) for n in range(60)}
    index_run(folder / "index", corpus_of(0))
    assert run_script(folder, "limit", str(limit)) == 1
    assert check(folder / "index") == []
    index_run(folder / "index", corpus)
    assert contents(folder / "index") == expected(corpus)


def write_under_limit(folder: Path, limit: int) -> int:
    """1 if writing under the limit fails with the error that a user understands."""
    corpus = {f"{n}.txt": tuple(f"text {n} {page} " + "word " * 40 for page in range(20)) for n in range(60)}
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        index_run(folder / "index", corpus)
    except IndexDirectoryError as error:
        return int("disk" in str(error))
    return 0


def main(folder: Path, what: str, amount: str, phase: str = "") -> int:
    if what == "failing":
        return fail_at_each_moment(phase, folder, None if amount == "all" else int(amount))
    if what == "snapshots":
        return snapshots_under_writing(folder, int(amount), seed=11)
    if what == "random":
        return kill_at_random_moments(folder, int(amount), seed=7)
    if what == "limit":
        return write_under_limit(folder, int(amount))
    return kill_at_each_moment(what, folder, None if amount == "all" else int(amount))


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), *sys.argv[2:])))
