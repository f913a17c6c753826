from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mmsearch.search.ranking import threshold
from mmsearch.search.recommend.recommend import recommend
from mmsearch.search.recommend.request import RecommendRequest
from mmsearch.search.request import SearchRequest
from mmsearch.search.search import search

Build = Callable[[Sequence[Any]], Any]
SAME = 40


@pytest.fixture
def both(doc: type[Any], build: Build, tmp_path: Path) -> tuple[Any, Any]:
    """The same documents, most of them equal, in an index in one order and in another in the reverse."""
    documents = [doc(f"{n:02}.jpg", "a red dog", ["a red dog"], content="same") for n in range(SAME)]
    documents += [doc(f"x{n}.jpg", "a blue boat", ["a boat"], fields={"year": n % 2}) for n in range(4)]
    index = build(documents)
    (tmp_path / "other").mkdir()
    return index, type(index)(tmp_path / "other", documents[::-1])


@pytest.mark.parametrize(
    "options",
    [
        {"text": "dog"},
        {"text": "dog", "group": "item"},
        {"text": "dog", "fusion": "rrf"},
        {"text": "dog", "minus": "boat"},
        {"where": "year >= 0"},
        {"path": "*.jpg"},
        {"text": "boat", "sort": "year", "facets": ["year"]},
        {"text": "do"},
        {"text": "bluedog"},
    ],
)
@pytest.mark.parametrize("depth", [5, 256])
def test_answers_do_not_depend_on_when_documents_came(
    both: tuple[Any, Any], options: dict[str, Any], depth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threshold, "FIRST_DEPTH", depth)
    one, other = (
        search(SearchRequest(**options, k=20, cutoff=None, duplicates="show"), index) for index in both
    )
    assert [(hit.path, hit.locator, hit.score) for hit in one] == [
        (hit.path, hit.locator, hit.score) for hit in other
    ]
    assert (one.total, one.searched, one.facets) == (other.total, other.searched, other.facets)
    if options.keys() == {"path"}:
        assert [hit.path for hit in one] == [f"{n:02}.jpg" for n in range(20)]


def test_recommendations_do_not_depend_on_when_documents_came(both: tuple[Any, Any]) -> None:
    one, other = (
        recommend(RecommendRequest("x0.jpg", k=30, duplicates="show"), index).hits for index in both
    )
    assert [(hit.path, hit.score) for hit in one] == [(hit.path, hit.score) for hit in other]
