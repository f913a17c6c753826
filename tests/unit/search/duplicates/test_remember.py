"""Remembered groups of copies outlive that some of their pictures are away."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

import mmsearch
from mmsearch.ingest.options import IndexOptions
from mmsearch.search.duplicates.remember import with_absent


def groups(*written: str) -> list[frozenset[str]]:
    return [frozenset(one) for one in written]


@pytest.mark.parametrize(
    ("found", "earlier", "there", "kept"),
    [
        (["ab"], ["ab"], "abcd", ["ab"]),
        ([], ["ab"], "abcd", []),  # both are there, and were found to differ
        ([], ["ab"], "bcd", ["ab"]),  # one is away: nobody has compared them
        ([], ["ab"], "cd", ["ab"]),
        (["cd"], ["abc"], "bcd", ["acd"]),  # b and c were found to differ
        (["bc"], ["abc"], "bcd", ["abc"]),
        ([], ["abcd"], "cd", ["ab"]),
    ],
)
def test_what_is_away_stays_with_its_company(
    found: list[str], earlier: list[str], there: str, kept: list[str]
) -> None:
    result = with_absent(groups(*found), groups(*earlier), frozenset(there))  # type: ignore[arg-type]
    assert sorted("".join(sorted(one)) for one in result if len(one) > 1) == kept  # type: ignore[arg-type,type-var]


def test_copies_are_shown_once_again_when_they_come_back(small_corpus: Path, tmp_path: Path) -> None:
    pytest.importorskip("pdqhash", reason="near-duplicates come with the extra duplicates")
    with Image.open(small_corpus / "chelsea.png") as picture:
        picture.convert("RGB").resize((300, 200)).save(small_corpus / "smaller.jpg", quality=80)
    with mmsearch.index(small_corpus, tmp_path / "index") as library:
        library.duplicates(remember=True)
        assert [hit.copies for hit in library.search("a cat", modality="image", k=1, cutoff=None)] == [1]
    away = shutil.move(small_corpus / "smaller.jpg", tmp_path / "away.jpg")
    with mmsearch.index(
        small_corpus, tmp_path / "index", options=IndexOptions(allow_removal=True)
    ) as library:
        library.duplicates(remember=True)
        assert [hit.copies for hit in library.search("a cat", modality="image", k=1, cutoff=None)] == [0]
    shutil.move(away, small_corpus / "smaller.jpg")
    with mmsearch.index(small_corpus, tmp_path / "index") as library:
        assert [hit.copies for hit in library.search("a cat", modality="image", k=1, cutoff=None)] == [1]
