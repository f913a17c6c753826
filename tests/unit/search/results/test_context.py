from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mmsearch.errors import UsageError
from mmsearch.search.request import SearchRequest
from mmsearch.search.results.context import neighbors, passages_around, with_context
from mmsearch.search.search import search

if TYPE_CHECKING:
    from collections.abc import Callable

    from mmsearch.search.index.protocol import SearchIndex

PASSAGES = ["Rain fell.", "The dog barked.", "A boat came in.", "Night fell."]


@pytest.fixture
def index(build: Callable[[list[Any]], SearchIndex], doc: Any) -> SearchIndex:
    return build(
        [
            doc("before.txt", passages=["Another text."]),
            doc("story.txt", title="Harbor", passages=PASSAGES),
            doc("dog.jpg", shows="a dog", captions=["dog"]),
        ]
    )


def around(index: SearchIndex, text: str, count: int) -> tuple[list[str | None], list[str | None]]:
    [hit] = search(SearchRequest(f"{text} path:story.txt", k=1, cutoff=None), index)
    before, after = neighbors(index, hit, count)
    return [one.text for one in before], [one.text for one in after]


def test_document_order_is_not_that_of_the_items_numbers(index: SearchIndex) -> None:
    """A passage that is written into a document later has a higher number than what comes after it."""
    items = index.catalogue.document_items(index.catalogue.find("story.txt")[0])
    renumbered = [replace(item, item_id=-item.item_id) for item in items]
    before, after = passages_around(renumbered, renumbered[2].item_id, 9)
    assert [one.text for one in before] == PASSAGES[:1]
    assert [one.text for one in after] == PASSAGES[2:]
    title = next(item for item in renumbered if item.locator.kind == "title")
    assert passages_around(renumbered, title.item_id, 1) == ((), ())


@pytest.mark.parametrize(
    ("text", "count", "expected"),
    [
        ("dog barked", 1, (PASSAGES[:1], PASSAGES[2:3])),
        ("dog barked", 9, (PASSAGES[:1], PASSAGES[2:])),
        ("rain fell", 2, ([], PASSAGES[1:3])),
        ("night", 2, (PASSAGES[1:3], [])),
        ("dog barked", 0, ([], [])),
    ],
)
def test_the_passages_around_one_are_those_of_its_document(
    index: SearchIndex, text: str, count: int, expected: tuple[list[str], list[str]]
) -> None:
    assert around(index, text, count) == expected


def test_nothing_lies_around_a_picture_a_title_or_a_caption(index: SearchIndex) -> None:
    for hit in search(SearchRequest("dog harbor", k=50, cutoff=None, group="item"), index):
        if hit.locator.kind != "characters":
            assert neighbors(index, hit, 3) == ((), ())


def test_matches_and_guesses_get_their_context(index: SearchIndex) -> None:
    results = with_context(
        index, search(SearchRequest("dog barked path:story.txt", k=1, cutoff=None), index), 1
    )
    assert [one.text for one in results[0].before] == PASSAGES[:1]
    none = search(SearchRequest("purple zeppelins path:story.txt", k=9, cutoff=1e-9, group="item"), index)
    guesses = with_context(index, none, 1)
    assert guesses.nothing_matches
    assert any(hit.before or hit.after for hit in guesses.guesses)


def test_a_negative_number_of_passages_is_refused(index: SearchIndex) -> None:
    [hit] = search(SearchRequest("dog barked path:story.txt", k=1, cutoff=None), index)
    with pytest.raises(UsageError, match="at least 0"):
        neighbors(index, hit, -1)
