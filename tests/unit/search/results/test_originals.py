"""Of several copies the original is shown, whichever of them is found first."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

import mmsearch


@pytest.fixture
def library(small_corpus: Path, tmp_path: Path) -> mmsearch.Library:
    """The cat in its own size, smaller, and recompressed, which a report knows to be the same picture."""
    pytest.importorskip("pdqhash", reason="near-duplicates come with the extra duplicates")
    with Image.open(small_corpus / "chelsea.png") as picture:
        cat = picture.convert("RGB")
    cat.resize((300, 200)).save(small_corpus / "a-small.jpg", quality=90)
    cat.resize((200, 133)).save(small_corpus / "z-small.jpg", quality=90)
    cat.save(small_corpus / "again.jpg", quality=60)
    opened = mmsearch.index(small_corpus, tmp_path / "i")
    opened.duplicates(remember=True)
    return opened


def test_a_search_shows_the_original(library: mmsearch.Library) -> None:
    with library:
        for text in ("a cat", "a tabby cat looking at the camera", "fur", "an animal"):
            results = library.search(text, modality="image", cutoff=None)
            assert [hit.path for hit in results if hit.copies] == ["chelsea.png"]
            [cat] = [hit for hit in results if hit.copies]
            assert (cat.fields["width"], cat.copies) == (451, 3)
            assert len(results) == 3
        everything = library.search("a cat", modality="image", cutoff=None, duplicates="show")
        assert len(everything) == 6
        assert sorted(hit.rank for hit in results) == [1, 2, 3]


def test_pages_show_it_as_well(library: mmsearch.Library) -> None:
    with library:
        whole = library.search("a cat", modality="image", cutoff=None)
        pages = [library.search("a cat", modality="image", cutoff=None, k=1, offset=n)[0] for n in range(3)]
        assert [hit.path for hit in pages] == [hit.path for hit in whole]


def test_what_a_filter_leaves_out_is_not_shown(library: mmsearch.Library) -> None:
    with library:
        results = library.search("a cat", modality="image", cutoff=None, where="width < 400")
        assert [hit.path for hit in results if hit.copies] == ["a-small.jpg"]


def test_a_recommendation_shows_the_original(library: mmsearch.Library) -> None:
    with library:
        found = library.recommend("rocket.jpg", modality="image")
        assert {hit.path for hit in found} == {"chelsea.png", "coffee.png"}
        assert {hit.path for hit in library.recommend("a-small.jpg", modality="image")} == {
            "coffee.png",
            "rocket.jpg",
        }


def test_the_report_names_the_original_first(library: mmsearch.Library, small_corpus: Path) -> None:
    with library:
        [group] = library.duplicates().groups
        assert group.members[0].path == "chelsea.png"
        assert [one.path for one in group.members[2:]] == ["a-small.jpg", "z-small.jpg"]
    shutil.rmtree(small_corpus)
