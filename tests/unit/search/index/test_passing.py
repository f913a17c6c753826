"""What nothing passes is said, by every verb that takes a filter."""

from __future__ import annotations

from pathlib import Path

import pytest

import mmsearch
from mmsearch.search.index.passing import why_nothing_passes
from mmsearch.search.query.filters import parse_filter


@pytest.mark.parametrize(
    ("written", "notes"),
    [
        ("path: nowhere/**", ["path:nowhere/**"]),
        ("modality = audio", ["modality:audio"]),
        ("modality = audio and path: nowhere/**", ["modality:audio", "path:nowhere/**"]),
        ("modality = image and path: texts/**", ["modality:image and path:texts/** together"]),
        ("modality = image and path: photos/**", []),
    ],
)
def test_the_parts_that_nothing_passes_are_named(
    library: mmsearch.Library, written: str, notes: list[str]
) -> None:
    found = why_nothing_passes(parse_filter(written), library)
    assert list(found) == [f"nothing in this index passes {note}" for note in notes]


def test_every_verb_says_so(library: mmsearch.Library) -> None:
    said = ("nothing in this index passes path:nowhere/**",)
    assert library.search("a cat", path="nowhere/**").notes == said
    assert library.search("a cat", path="nowhere/**", cutoff=None).notes == said
    assert library.recommend("photos/photo-04.png", path="nowhere/**").notes == said
    assert library.ask("what do bees eat?", path="nowhere/**").notes == said
    assert library.tag(["cat"], path="nowhere/**", dry_run=True).notes == said
    assert library.duplicates(path="nowhere/**", exact_only=True).notes == said
    assert library.tag(["cat"], modality="image", path="texts/**", dry_run=True).notes == (
        "nothing in this index passes modality:image and path:texts/** together",
    )
    assert library.search("a cat", path="photos/**").notes == ()


def test_an_empty_index_is_not_the_filters_fault(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with mmsearch.index(tmp_path / "empty", tmp_path / "i") as library:
        assert library.search("a cat", modality="image").notes == ()
