"""What a run was decoding when it ended is known to the next."""

from __future__ import annotations

from pathlib import Path

from mmsearch.ingest.decoding.journal import Journal


def test_what_was_not_ended_is_left_and_settled_once(tmp_path: Path) -> None:
    first = Journal(tmp_path / "decoding", "/corpus")
    ended = first.begin(["a", "b"])
    first.begin(["c", "d"])
    first.end(ended)
    second = Journal(tmp_path / "decoding", "/corpus")
    assert second.left == {"c", "d"}
    entry = second.begin(["e"])
    assert Journal(tmp_path / "decoding", "/corpus").left == {"c", "d", "e"}
    second.settle()
    second.end(entry)
    assert Journal(tmp_path / "decoding", "/corpus").left == set()


def test_another_corpus_keeps_its_journal(tmp_path: Path) -> None:
    Journal(tmp_path / "decoding", "/one").begin(["a"])
    other = Journal(tmp_path / "decoding", "/two")
    assert other.left == set()
    other.end(other.begin(["b"]))
    other.settle()
    assert Journal(tmp_path / "decoding", "/one").left == {"a"}


def test_an_entry_that_was_cut_off_is_none(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "decoding", "/corpus")
    for number, text in enumerate(("", '{"root": "/corp', "[" * 100_000, "[]", '{"root": "/corpus"}')):
        (journal.folder / f"{number}.json").write_text(text)
    again = Journal(tmp_path / "decoding", "/corpus")
    assert again.left == set()
    again.settle()
    assert list(journal.folder.iterdir()) == []
