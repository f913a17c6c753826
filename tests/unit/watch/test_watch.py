"""Runs are waited for, however long they take; a test that gets no further run fails by the next change's report."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

import mmsearch
from mmsearch.errors import QueryError, UsageError
from mmsearch.ingest.options import IndexOptions, IndexReport
from mmsearch.store.directory import IndexDirectory
from mmsearch.watch.watch import Run, watch

pytest.importorskip("watchfiles", reason="watching comes with the watch extra")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name in ("moon", "tea", "boat", "dog"):
        (folder / f"{name}.txt").write_text(f"A text about the {name}.\n")
    return folder


def report(runs: Iterator[Run]) -> IndexReport:
    run = next(runs)
    assert run.report is not None, run.problem
    return run.report


def changes(runs: Iterator[Run]) -> tuple[int, int, int, int]:
    """(added, updated, renamed, removed) of the next run."""
    done = report(runs)
    return done.added, done.updated, done.renamed, done.removed


def found(index: Path, words: str) -> list[str]:
    with mmsearch.open(index) as library:
        return [hit.path for hit in library.search(words, k=50).matches]


@pytest.mark.parametrize("polling", [False, True])
def test_what_comes_changes_moves_and_goes_is_found_so_by_a_run_a_burst(
    corpus: Path, tmp_path: Path, polling: bool
) -> None:
    index = tmp_path / "index"
    with closing(watch(corpus, index, polling=polling, every=0.2)) as runs:
        assert changes(runs) == (4, 0, 0, 0)
        for number in range(30):
            (corpus / f"{number}.txt").write_text(f"Sailing, number {number}.\n")
        assert changes(runs) == (30, 0, 0, 0)
        assert "7.txt" in found(index, "sailing")
        (corpus / "7.txt").write_text("Now it is about mountaineering.\n")
        assert changes(runs) == (0, 1, 0, 0)
        assert found(index, "mountaineering")[0] == "7.txt"
        (corpus / "tea.txt").rename(corpus / "green.txt")
        (corpus / "8.txt").unlink()
        assert changes(runs) == (0, 0, 1, 1)
        shutil.rmtree(corpus / "folder", ignore_errors=True)
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "zebra.txt").write_text("A zebra.\n")
        (tmp_path / "folder").rename(corpus / "folder")
        assert changes(runs) == (1, 0, 0, 0)
        assert "folder/zebra.txt" in found(index, "zebra")


def test_an_index_within_its_corpus_sets_off_no_runs(corpus: Path) -> None:
    index = corpus / "indexes" / "default"
    with closing(watch(corpus, index)) as runs:
        assert changes(runs) == (4, 0, 0, 0)
        for word in ("zebra", "violin"):
            (corpus / f"{word}.txt").write_text(word)
            assert changes(runs) == (1, 0, 0, 0)  # a run for nothing would come first, with no changes


def test_an_emptied_corpus_keeps_its_index_and_is_told_once(corpus: Path, tmp_path: Path) -> None:
    index, away = tmp_path / "index", tmp_path / "away"
    with closing(watch(corpus, index)) as runs:
        assert changes(runs) == (4, 0, 0, 0)
        away.mkdir()
        for file in corpus.iterdir():
            file.rename(away / file.name)
        run = next(runs)
        assert (run.kind, run.report) == ("removal", None)
        assert "holds none of the 4 documents" in run.problem
        assert "Nothing was removed" in run.problem
        assert "\n" not in run.problem
        assert len(found(index, "text")) == 4
        for file in away.iterdir():
            file.rename(corpus / file.name)
        assert report(runs).unchanged == 4


def test_a_corpus_that_goes_away_is_waited_for(corpus: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    with closing(watch(corpus, index)) as runs:
        assert changes(runs) == (4, 0, 0, 0)
        corpus.rename(tmp_path / "away")
        assert next(runs).kind == "missing"
        assert len(found(index, "text")) == 4
        (tmp_path / "away" / "zebra.txt").write_text("A zebra.\n")
        (tmp_path / "away").rename(corpus)
        assert changes(runs) == (1, 0, 0, 0)


def test_while_another_process_writes_it_is_waited(corpus: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    with closing(watch(corpus, index)) as runs:
        assert changes(runs) == (4, 0, 0, 0)
        with IndexDirectory.open(index).write_lock():
            (corpus / "zebra.txt").write_text("A zebra.\n")
            run = next(runs)
            assert run.kind == "locked"
            assert "is writing to" in run.problem
        assert changes(runs) == (1, 0, 0, 0)


def test_an_error_is_told_once_and_the_run_tried_again(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mmsearch.watch.watch.AGAIN", 0.0)
    index = tmp_path / "index"
    with closing(watch(corpus, index)) as runs:
        assert changes(runs) == (4, 0, 0, 0)
        catalogue = index / "catalogue.sqlite"
        catalogue.rename(tmp_path / "aside")
        (corpus / "zebra.txt").write_text("A zebra.\n")
        assert next(runs).kind == "failed"
        (tmp_path / "aside").rename(catalogue)
        assert changes(runs) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        (lambda corpus, index: watch(corpus / "nowhere", index), "there is no corpus"),
        (lambda corpus, index: watch(corpus, index, options=IndexOptions(fuse="sum")), "sum"),
        (lambda corpus, index: watch(corpus, index, options=IndexOptions(exclude=("!",))), "pattern"),
    ],
)
def test_what_makes_no_sense_is_refused_at_the_beginning(
    corpus: Path, tmp_path: Path, start: Callable[[Path, Path], Iterator[Run]], said: str
) -> None:
    with pytest.raises(UsageError, match=said) as raised:
        next(start(corpus, tmp_path / "index"))
    assert not isinstance(raised.value, QueryError)
