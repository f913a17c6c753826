"""Searches beside a writer: each answer is that of the generation that it names, all of it and nothing of another."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import mmsearch
from mmsearch.errors import IndexDirectoryError
from mmsearch.library.open_index import OpenIndex
from mmsearch.library.reading import Reading
from mmsearch.search.ranking.weights import LearnedWeights
from mmsearch.search.results.results import Results
from mmsearch.store.directory import IndexDirectory
from mmsearch.store.durable.witness import Witness
from mmsearch.store.snapshot import snapshot

PAUSE = 0.02  # seconds; the writer wants its turn
QUERIES = ("an otter in the river", "marker3", "a cup of coffee", "numbers of otters")
LEARNED = LearnedWeights({"words": 0.3}, "nDCG@10", 0.5, 0.6, 0.01, 10, "judged.qrels")


def write_texts(corpus: Path, run: int) -> None:
    """Texts that differ from run to run: some change, some come, some go."""
    for number in range(6):
        text = f"Otter {number} swims in river {run}. marker{(number + run) % 6}\n"
        (corpus / "texts" / f"otter{number}.txt").write_text(text * (1 + run % 3), encoding="utf-8")
    (corpus / "texts" / f"new{run}.txt").write_text(
        f"In year {run} there were {run} otters.\n", encoding="utf-8"
    )
    (corpus / "texts" / f"new{run - 2}.txt").unlink(missing_ok=True)


class Copies:
    """A copy of the index as it was after each of its changes, made by the writer before it goes on."""

    def __init__(self, directory: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.directory, self.folder, self.made = IndexDirectory(directory), folder, 0
        for owner, name in (
            (Witness, "committed"),
            (IndexDirectory, "write_backgrounds"),
            (IndexDirectory, "write_weights"),
        ):
            monkeypatch.setattr(owner, name, self._noted(getattr(owner, name)))

    def _noted(self, method: Any) -> Any:
        def call(this: Any, *given: Any) -> None:
            method(this, *given)
            path = this.path.parent if isinstance(this, Witness) else this.path
            if path == self.directory.path:
                self.take()

        return call

    def take(self) -> None:
        self.made += 1
        snapshot(self.directory, self.folder / f"{self.made}")

    def opened(self) -> Iterator[mmsearch.Library]:
        for number in range(1, self.made + 1):
            with mmsearch.open(self.folder / f"{number}") as library:
                yield library


@contextmanager
def searching(library: mmsearch.Library, threads: int) -> Iterator[list[tuple[str, Results]]]:
    """Inside, ``threads`` ask and ask; what they were told is in the list afterwards."""
    told: list[tuple[str, Results]] = []
    failed: list[BaseException] = []
    done = threading.Event()

    def ask(turn: int) -> None:
        try:
            while not done.wait(PAUSE):
                query = QUERIES[turn % len(QUERIES)]
                told.append((query, library.search(query, k=20, facets=("format",))))
                turn += 1
        except BaseException as error:
            failed.append(error)

    asking = [threading.Thread(target=ask, args=(turn,)) for turn in range(threads)]
    for one in asking:
        one.start()
    try:
        yield told
    finally:
        done.set()
        for one in asking:
            one.join()
    assert not failed


def test_every_answer_during_writes_is_that_of_its_generation(
    small_corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_texts(small_corpus, 0)
    (small_corpus / "catalogue.csv").unlink(missing_ok=True)
    mmsearch.index(small_corpus, tmp_path / "i").close()
    copies = Copies(tmp_path / "i", tmp_path / "copies", monkeypatch)
    copies.take()
    with mmsearch.open(tmp_path / "i") as library, searching(library, 3) as told:
        for run in range(1, 6):
            write_texts(small_corpus, run)
            mmsearch.index(small_corpus, tmp_path / "i").close()
            if run == 3:
                with mmsearch.open(tmp_path / "i") as other:
                    other.keep_weights(LEARNED)
                    other.compact()
    expected = {
        (query, generation.generation): generation.search(query, k=20, facets=("format",))
        for generation in copies.opened()
        for query in QUERIES
    }
    seen = {results.generation for _, results in told}
    assert len(seen) > 3
    assert seen <= {generation for _, generation in expected}
    for query, results in told:
        assert results == expected[query, results.generation]


def test_what_a_reading_sees_stays_while_others_write(small_corpus: Path, tmp_path: Path) -> None:
    mmsearch.index(small_corpus, tmp_path / "i").close()
    with mmsearch.open(tmp_path / "i") as library:
        with library.reading() as before:
            documents = before.catalogue.statistics().documents
            write_texts(small_corpus, 1)
            mmsearch.index(small_corpus, tmp_path / "i").close()
            assert (
                before.catalogue.statistics().documents == documents == len(set(before.documents.documents))
            )
            with library.reading() as after:
                assert after.generation != before.generation
                assert after.catalogue.statistics().documents > documents
        gone = weakref.ref(before.held)
        del before
        library.refresh()
        gc.collect()
        assert gone() is None


def test_a_search_begins_anew_when_its_files_are_taken_away(small_corpus: Path, tmp_path: Path) -> None:
    write_texts(small_corpus, 0)
    mmsearch.index(small_corpus, tmp_path / "i").close()
    with mmsearch.open(tmp_path / "i") as library:
        asked = []

        def vectors(index: Reading) -> int:
            asked.append(index.generation)
            if len(asked) == 1:  # another process removes and compacts before the vectors are opened
                with mmsearch.open(tmp_path / "i") as other:
                    other.remove(["texts/otter1.txt"])
                    other.compact()
            found = index.vector_index(index.encoders[0], "text")
            assert found is not None
            return len(found.ids)

        assert library.read(vectors) == library.catalogue.statistics().items["text"]
        assert len(set(asked)) == 2


def test_what_fails_for_good_is_said_at_once(library: OpenIndex) -> None:
    tried = []

    def fail(index: Reading) -> None:
        tried.append(index)
        raise IndexDirectoryError("damaged")

    with pytest.raises(IndexDirectoryError, match="damaged"):
        library.read(fail)
    assert len(tried) == 1
