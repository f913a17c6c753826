from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mmsearch.ann.terms import terms
from mmsearch.search.channels.lexical import match
from mmsearch.search.channels.pieces import Plan, plan
from mmsearch.search.request import SearchRequest
from mmsearch.search.search import search

if TYPE_CHECKING:
    from collections.abc import Callable

    from mmsearch.search.index.protocol import SearchIndex


@pytest.fixture
def index(build: Callable[[list[Any]], SearchIndex], doc: Any) -> SearchIndex:
    return build(
        [
            doc("IMG_20180704.jpg", shows="a tree"),
            doc("IMG_20190101.jpg", shows="a lamp"),
            doc("garage/motorbike.jpg", shows="a wall"),
            doc("b.jpg", shows="a street", title="Fahrradweg", fields={"creator": "Lovelace"}),
            doc("c.txt", passages=["Two velocipedes stood there."]),
            doc("d.jpg", shows="a red wall", title="A red motorcycle"),
        ]
    )


def found(index: SearchIndex, text: str, among: np.ndarray | None = None) -> list[str]:
    ids = match(index.catalogue, index.documents, text, among, index.documents.ids.size).ids
    return [item.path for item in index.catalogue.items(ids)]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("otorbik", ["garage/motorbike.jpg"]),
        ("motorb", ["garage/motorbike.jpg"]),
        ("motor", ["garage/motorbike.jpg", "d.jpg"]),
        ("IMG_20", ["IMG_20180704.jpg", "IMG_20190101.jpg"]),
        ("rradweg", ["b.jpg"]),
        ("ovelac", ["b.jpg"]),
        ("veloci", ["c.txt"]),
        ("elocipede", []),  # not the beginning of a word, and texts have no index of trigrams
        ("bik", []),  # too short to mean anything
        ("xylophone", []),
    ],
)
def test_pieces_of_words_find_what_has_them(index: SearchIndex, text: str, paths: list[str]) -> None:
    assert found(index, text) == paths


def test_the_answer_shows_what_a_piece_found(index: SearchIndex) -> None:
    results = search(SearchRequest("motorbik garag", k=3), index)
    assert [hit.path for hit in results][:1] == ["garage/motorbike.jpg"]
    assert set(results.pieces) <= {"motorbik", "garag"}
    assert "words" in {reason.channel for reason in results[0].explanation}
    [text] = search(SearchRequest("veloci", k=1), index)
    assert text.snippet is not None
    assert text.snippet.marked("[", "]") == "Two [veloci]pedes stood there."


def test_a_filter_holds_for_pieces(index: SearchIndex) -> None:
    among = np.array([2], dtype=np.int64)
    assert found(index, "IMG_20", among) == ["IMG_20190101.jpg"]
    assert found(index, "IMG_20", among[:0]) == []


def test_what_has_the_whole_of_a_name_goes_before_what_has_a_word_of_it(index: SearchIndex) -> None:
    matches = match(index.catalogue, index.documents, "img_2018", None, 100)
    [first, second] = [
        item.path for item in index.catalogue.items(matches.ids[np.argsort(-matches.signals.evidence)])
    ]
    assert (first, second) == ("IMG_20180704.jpg", "IMG_20190101.jpg")
    assert matches.signals.surprise.max() > 5 * matches.signals.surprise.min()


def test_a_longer_piece_is_less_by_chance(index: SearchIndex) -> None:
    def surprise(text: str) -> float:
        return float(match(index.catalogue, index.documents, text, None, 10_000).signals.surprise[0])

    assert surprise("torb") < surprise("otorb") < surprise("otorbik")
    assert surprise("otorb") < surprise("motor")  # where a word begins
    # four letters somewhere in a name are found by chance in an index of 10,000
    assert 10_000 * 10 ** -surprise("torb") > 1 > 10_000 * 10 ** -surprise("motorbik")


def test_all_words_of_the_query_must_be_there_to_be_what_was_asked_for(index: SearchIndex) -> None:
    def surprises(text: str) -> dict[str, float]:
        matches = match(index.catalogue, index.documents, text, None, 100)
        paths = [item.path for item in index.catalogue.items(matches.ids)]
        return dict(zip(paths, matches.signals.surprise.tolist(), strict=True))

    both = surprises("red otorcycl")
    assert both["d.jpg"] > 2
    assert surprises("red otorbik")["garage/motorbike.jpg"] < 2
    assert surprises("red otorcycl zzz")["d.jpg"] < 2


def test_known_words_are_looked_up_nowhere_else(index: SearchIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("the trigram index was asked")

    monkeypatch.setattr(index.catalogue, "matching_pieces", fail)
    assert found(index, "red motorcycle") == ["d.jpg"]
    assert found(index, "a long sentence with otorbik and many unknownwords besides xyzzy") == []


@pytest.mark.parametrize(
    ("text", "counts", "expected"),
    [
        ("otorbik", [0], Plan(("otorbik",), ())),
        ("red otorbik", [3, 0], Plan(("otorbik",), None)),
        ("IMG_20", [4, 0], Plan(("img_20",), ())),
        ("red car", [3, 1], None),
        ("photo*", [0], None),
        ("图书馆", [0, 0, 0, 1, 1, 1], None),
        ("red otorbik zz", [3, 0, 0], Plan(("otorbik",), None)),
    ],
)
def test_what_is_looked_for_within_words(text: str, counts: list[int], expected: Plan | None) -> None:
    found_terms = terms(text)
    planned = plan(text, found_terms, counts)
    if text == "red otorbik":
        expected = Plan(("otorbik",), found_terms[:1])
    assert planned == expected


@pytest.mark.parametrize("text", ["\0abc", "a\0bcd", "''''", "%%%%x.y", "a_b", "é́́́́.é", "\ud800abc.d"])
def test_no_signs_break_the_look(index: SearchIndex, text: str) -> None:
    found(index, text)
