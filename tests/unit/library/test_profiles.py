"""Profiles through the library: kept, added to, and forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

import mmsearch
from mmsearch.errors import UsageError


@pytest.fixture
def indexed(small_corpus: Path, tmp_path: Path) -> mmsearch.Library:
    return mmsearch.index(small_corpus, tmp_path / "i")


def test_what_is_given_is_kept_and_added_to_what_was(indexed: mmsearch.Library) -> None:
    with indexed as library:
        first = library.recommend("coffee.png", profile="ada")
        assert first.hits == library.recommend("coffee.png").hits
        both = library.recommend(dislike="rocket.jpg", profile="ada")
        assert both.hits == library.recommend("coffee.png", "rocket.jpg").hits
        assert library.recommend(profile="ada").hits == both.hits
        profile = library.profile("ada")
        assert [place["path"] for place in profile.likes] == ["coffee.png"]
        assert [place["path"] for place in profile.dislikes] == ["rocket.jpg"]


def test_a_forgotten_profile_is_gone(indexed: mmsearch.Library) -> None:
    with indexed as library:
        library.recommend("coffee.png", profile="ada")
        library.forget_profile("ada")
        assert library.profile("ada").likes == ()
        with pytest.raises(UsageError, match="there is no profile 'ada' in this index; there are: none"):
            library.forget_profile("ada")
        with pytest.raises(UsageError, match="nothing is liked in the profile 'ada'"):
            library.recommend(profile="ada")
