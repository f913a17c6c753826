"""An index that is written is told of in lines."""

from __future__ import annotations

from pathlib import Path

import pytest

import mmsearch
from mmsearch.cli.output import changes
from mmsearch.errors import IndexDirectoryError


def test_each_change_is_one_state_and_what_did_not_change_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.txt").write_text("Green tea.")
    mmsearch.index(corpus, tmp_path / "i").close()
    looks = 0

    def meanwhile(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            (corpus / "b.txt").write_text("A red bicycle.")
            (corpus / "c.txt").write_text("An old map.")
            mmsearch.index(corpus, tmp_path / "i").close()

    monkeypatch.setattr(changes.time, "sleep", meanwhile)
    states = changes.states(tmp_path / "i")
    first, second = next(states), next(states)
    assert looks >= 3
    assert changes.line(first, None).endswith("  1 documents, 1 texts")
    assert changes.line(second, first).endswith("  3 documents (+2), 3 texts (+2)")
    assert changes.line(first, second).endswith("  1 documents (-2), 1 texts (-2)")
    told = changes.as_dict(second)
    assert (told["documents"], told["items"], told["generation"]) == (3, {"text": 3}, second.generation)


def test_no_index_is_said(tmp_path: Path) -> None:
    with pytest.raises(IndexDirectoryError):
        changes.follow(tmp_path / "nowhere", as_json=False)
