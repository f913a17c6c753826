from __future__ import annotations

from pathlib import Path

import pytest

from mmsearch.watch.concerns import Concern


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    (folder / "a.b").mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    ("what", "name", "matters"),
    [
        ("added", "a.jpg", True),
        ("modified", "deep/er/a.HEIC", True),
        ("deleted", "a.txt", True),
        ("modified", "a.jpg.json", True),  # beside a picture
        ("modified", "records.jsonl", True),
        ("modified", ".mmsearchignore", True),
        ("modified", "deep/.mmsearchignore", True),
        ("added", "folder", True),  # moved here with what is in it
        ("added", "a.b", True),
        ("deleted", "a.c", True),  # nobody knows any more what it was
        ("modified", "folder", False),
        ("added", "a.log", False),
        ("modified", "a.log", False),
        ("modified", "a.jpg.partial", False),
        ("added", ".hidden.jpg", False),
        ("added", ".git/a.txt", False),
        ("added", "@eaDir/a.jpg", False),
        ("added", "drafts/a.txt", False),  # excluded
        ("added", "drafts", False),
        ("deleted", "drafts/folder", False),
    ],
)
def test_what_a_run_would_not_look_at_does_not_matter(
    corpus: Path, tmp_path: Path, what: str, name: str, matters: bool
) -> None:
    concern = Concern.of(corpus, tmp_path / "index", ["drafts/"])
    assert concern.concerns(what, f"{corpus}/{name}") is matters  # type: ignore[arg-type]


def test_an_index_within_its_corpus_is_no_change_of_it(corpus: Path) -> None:
    index = corpus / "indexes" / "default"
    concern = Concern.of(corpus, index)
    for what in ("added", "modified", "deleted"):
        assert not concern.concerns(what, f"{index}/manifest.json")  # type: ignore[arg-type]
        assert not concern.concerns(what, f"{index}/thumbnails/ab/c-240.webp")  # type: ignore[arg-type]
    assert not concern.concerns("added", str(index))
    assert not concern.concerns("added", str(index.parent))
    assert concern.concerns("added", f"{index.parent}/a.txt")
    assert concern.concerns("added", f"{index}-2/a.txt")


def test_of_one_file_only_that_file_matters_of_a_manifest_all_around_it(corpus: Path, tmp_path: Path) -> None:
    for name in ("a.txt", "records.jsonl"):
        (corpus / name).write_text("{}")
    one = Concern.of(corpus / "a.txt", tmp_path / "index")
    assert one.root == corpus
    assert one.concerns("modified", f"{corpus}/a.txt")
    assert not one.concerns("modified", f"{corpus}/b.txt")
    manifest = Concern.of(corpus / "records.jsonl", tmp_path / "index")
    assert manifest.concerns("modified", f"{corpus}/records.jsonl")
    assert manifest.concerns("added", f"{corpus}/pictures/a.jpg")


def test_nothing_outside_matters(corpus: Path, tmp_path: Path) -> None:
    concern = Concern.of(corpus, tmp_path / "index")
    assert not concern.concerns("added", f"{corpus}-2/a.txt")
    assert concern.concerns("deleted", str(corpus))
    assert not concern.concerns("modified", str(corpus))
