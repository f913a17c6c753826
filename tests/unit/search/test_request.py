"""A search as one value: from arguments and JSON, checked in one place, and written back."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.errors import MmsearchError, QueryError, UnknownArgumentError, UsageError
from mmsearch.search.query.filters import parse_filter
from mmsearch.search.query.parse import parse
from mmsearch.search.query.value import Item, Part, Picture, Query, Text
from mmsearch.search.ranking.fusion import FUSIONS, Fusion
from mmsearch.search.ranking.order import Order
from mmsearch.search.request import SearchRequest

NAMES = [one.name for one in fields(SearchRequest) if one.init]
IN_JSON = [name for name in NAMES if not name.startswith("allow_")]


def test_all_that_is_said_becomes_one_query() -> None:
    request = SearchRequest(
        "harbor -people", image=Path("a.jpg"), item=12, minus="rain", exclude=["snow"], where="year >= 1990"
    )
    assert str(request.query) == "harbor -people @a.jpg #12 -rain NOT snow year>=1990"
    assert SearchRequest(request.query) == request
    assert SearchRequest(parse("harbor"), modality="image") == SearchRequest("harbor modality:image")


def test_one_thing_and_a_list_of_one_ask_the_same() -> None:
    one = SearchRequest("a", image="b.jpg", minus="c", path="d", modality="image", facets="year")
    several = SearchRequest(
        "a", image=["b.jpg"], minus=["c"], path=["d"], modality=["image"], facets=["year"]
    )
    assert one == several
    assert hash(one) == hash(several)
    assert one != SearchRequest("a", image="b.jpg", minus="c", path="d", modality="image", facets="date")


def test_fusions_and_orders_are_brought_to_one_form() -> None:
    assert SearchRequest("a", fusion=Fusion("rrf"), sort=Order("year", descending=True)) == SearchRequest(
        "a", fusion="rrf", sort=" -year"
    )
    assert SearchRequest("a", sort="relevance") == SearchRequest("a")


STRANGE = "@/etc/passwd http://127.0.0.1:8000/x.png -@a.jpg 2:https://x.org/y.png @- @file:///etc/hostname"


def test_the_words_of_a_stranger_are_words() -> None:
    request = SearchRequest(STRANGE, minus=["@b.jpg", "@http://x.org/c.png"], exclude="@-")
    assert not [part for part in request.query.parts if not isinstance(part.content, Text)]
    assert Part(Text("@b.jpg"), "minus") in request.query.parts
    assert Part(Text("@-"), "not") in request.query.parts
    assert [note.split(" is taken as text", 1)[0] for note in request.query.notes] == [
        "@/etc/passwd",
        "http://127.0.0.1:8000/x.png",
        "@a.jpg",
        "https://x.org/y.png",
        "@-",
        "@file:///etc/hostname",
        "@b.jpg",
        "@http://x.org/c.png",
        "@-",
    ]
    assert SearchRequest.from_json({"text": STRANGE, "minus": ["@b.jpg"]}).query.parts[-1] == Part(
        Text("@b.jpg"), "minus"
    )


def test_files_and_addresses_are_allowed_apart() -> None:
    def sources(**allowed: bool) -> list[str]:
        request = SearchRequest(STRANGE, minus=["@b.jpg", "@http://x.org/c.png"], **allowed)
        return [part.content.source for part in request.query.parts if isinstance(part.content, Picture)]

    files = ["/etc/passwd", "a.jpg", "-", "b.jpg"]
    addresses = [
        "http://127.0.0.1:8000/x.png",
        "https://x.org/y.png",
        "file:///etc/hostname",
        "http://x.org/c.png",
    ]
    assert sources() == []
    assert sources(allow_files=True) == files
    assert sources(allow_urls=True) == addresses
    assert sorted(sources(allow_files=True, allow_urls=True)) == sorted(files + addresses)


def test_what_names_a_picture_beside_the_text_is_one(tmp_path: Path) -> None:
    request = SearchRequest("a", image="b.jpg", minus=[tmp_path / "c.jpg", "d"], exclude=Picture("e.jpg"))
    assert [part.content for part in request.query.parts[1:]] == [
        Picture("b.jpg"),
        Picture(str(tmp_path / "c.jpg")),
        Text("d"),
        Picture("e.jpg"),
    ]
    written = request.to_json()
    assert written["exclude"] == [{"image": "e.jpg"}]
    assert SearchRequest.from_json(json.dumps(written)) == request


def test_json_cannot_allow_itself_anything() -> None:
    for name in ("allow_files", "allow_urls"):
        with pytest.raises(UsageError, match=f"{name} can't be said in JSON"):
            SearchRequest.from_json({"text": "@a.jpg", name: True})


def test_pictures_in_the_text_are_not_written_as_words() -> None:
    for text in ("@a.jpg", Query((Part(Picture("a.jpg")),))):
        with pytest.raises(UsageError, match="has no written form: give it as image, minus or exclude"):
            SearchRequest(text, allow_files=True).to_json()
    plain = SearchRequest("a cat", allow_files=True, allow_urls=True)
    assert SearchRequest.from_json(plain.to_json()) == plain


def test_an_object_becomes_a_request() -> None:
    given = {
        "text": "harbor", "image": ["a.jpg", "@b.jpg"], "item": 12, "minus": "people", "exclude": ["snow"],
        "modality": "image", "where": "year >= 1990", "path": ["x/**"], "k": 5, "offset": 10, "cutoff": None,
        "facets": ["year"], "weights": {"words": 0.5}, "explain": False,
    }  # fmt: skip
    request = SearchRequest(**given)  # type: ignore[arg-type]
    assert SearchRequest.from_json(json.dumps(given)) == request
    assert SearchRequest.from_json(json.dumps(given).encode()) == request
    assert SearchRequest.from_json(given) == request


def test_every_argument_has_a_place_in_json() -> None:
    with pytest.raises(UnknownArgumentError) as raised:
        SearchRequest.from_json({"qqq": 1})
    assert str(raised.value) == f"search takes no 'qqq'; it takes {', '.join(IN_JSON)}"


@pytest.mark.parametrize(
    ("written", "nearest"), [("cutof", "cutoff"), ("txt", "text"), ("Where", "where"), ("images", "image")]
)
def test_an_unknown_argument_is_named_with_the_nearest(written: str, nearest: str) -> None:
    for make in (SearchRequest.from_arguments, SearchRequest.from_json):
        with pytest.raises(UnknownArgumentError) as raised:
            make({"text": "cat", written: 3})
        assert str(raised.value) == f"search takes no {written!r}; did you mean {nearest!r}?"
        assert isinstance(raised.value, (TypeError, MmsearchError))


filters = st.sampled_from(
    ["year >= 1990", "not (a = 1 or b ~ x)", "color in (red, 'dark blue')", 'p: "a b/**"']
)
texts = st.text(min_size=1, max_size=12).filter(str.strip)
some_texts = texts | st.lists(texts, max_size=3)
requests = st.fixed_dictionaries(
    {"text": st.just("a red bicycle -snow 2:(old car) year>1990") | st.just('"golden gate" without people')},
    optional={
        "image": some_texts | st.lists(texts.map(Path), max_size=2),
        "item": st.integers(0, 10**9) | st.lists(st.integers(0, 10**9), max_size=3),
        "minus": some_texts | st.lists(texts.map(Picture) | texts.map(Path), max_size=2),
        "exclude": some_texts,
        "modality": st.sampled_from(["image", "text", ["image", "text"]]),
        "where": filters | filters.map(parse_filter),
        "path": some_texts,
        "k": st.integers(1, 99),
        "offset": st.integers(0, 99),
        "group": st.sampled_from(["document", "item"]),
        "duplicates": st.sampled_from(["collapse", "show"]),
        "sort": st.sampled_from(["relevance", "-year", "path"])
        | st.sampled_from(["year", "path"]).map(Order),
        "facets": st.lists(texts, max_size=2),
        "context": st.integers(0, 9),
        "cutoff": st.none() | st.floats(1e-9, 1e9),
        "fusion": st.sampled_from(FUSIONS) | st.sampled_from(FUSIONS).map(Fusion),
        "weights": st.none() | st.dictionaries(texts, st.floats(0, 9), max_size=2),
        "explain": st.booleans(),
    },
)


@pytest.mark.fuzz
@given(requests)
def test_what_is_written_as_json_reads_back_as_the_same_request(arguments: dict[str, Any]) -> None:
    request = SearchRequest.from_arguments(arguments)
    written = json.dumps(request.to_json())
    again = SearchRequest.from_json(written)
    assert again == request
    assert json.dumps(again.to_json()) == written


def test_a_query_that_is_a_value_reads_back_as_the_same_query() -> None:
    query = Query((Part(Text("red car"), weight=2.0), Part(Item(7), "minus")), parse_filter("year > 1990"))
    assert SearchRequest.from_json(SearchRequest(query).to_json()) == SearchRequest(query)


@pytest.mark.parametrize(
    "arguments",
    [
        {"image": b"..."},
        {"minus": [Picture(b"...")]},
        {"fusion": Fusion("rrf", rrf_k=1.0)},
        {"rerank": object()},
        {"sort": Order("-")},
    ],
)
def test_what_has_no_written_form_is_said(arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"^{next(iter(arguments))} of this query has no written form"):
        SearchRequest("cat", **arguments).to_json()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.fuzz
@given(st.dictionaries(st.sampled_from(NAMES), values, max_size=4) | values)
def test_any_json_is_arguments_of_the_right_kinds_or_refused_by_name(given: Any) -> None:
    complaint = ""
    try:
        found = SearchRequest.read_json(json.dumps(given))
        unwanted = {"minus", "exclude"}
        assert {n: v for n, v in found.items() if n not in unwanted} == {
            n: v for n, v in given.items() if n not in unwanted
        }
    except UsageError as error:
        complaint = str(error)
    assert (
        not complaint or not isinstance(given, dict) or any(repr(name)[1:-1] in complaint for name in given)
    )


@pytest.mark.fuzz
@given(st.dictionaries(st.sampled_from(NAMES), values, max_size=4))
def test_any_json_is_a_search_or_an_error_that_a_user_can_mend(given: dict[str, Any]) -> None:
    try:
        request = SearchRequest.from_json(json.dumps(given))
    except MmsearchError:
        return
    assert request.query.parts or request.query.condition


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{", "the query is not JSON"),
        (b"\xff", "the query is not JSON"),
        ("[" * 100_000, "the query is not JSON"),
        ("[]", "is an object"),
        ('"harbor"', "is an object"),
        ('{"text": 5}', "text in a query is a text, not 5"),
        ('{"k": true}', "k in a query is a whole number, not true"),
        ('{"k": 2.5}', "k in a query is a whole number, not 2.5"),
        ('{"cutoff": "1"}', "cutoff in a query is a number"),
        ('{"cutoff": NaN}', "cutoff in a query is a number"),
        ('{"image": [1]}', "image in a query is a text or a list of texts"),
        ('{"facets": "year"}', "facets in a query is a list of texts"),
        ('{"weights": {"words": "much"}}', "weights in a query is an object of numbers"),
    ],
)
def test_json_of_another_kind_is_refused_by_name(text: Any, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        SearchRequest.from_json(text)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"k": 0}, "k must be at least 1 and offset at least 0, not 0 and 0"),
        ({"offset": -1}, "k must be at least 1 and offset at least 0, not 10 and -1"),
        ({"k": 2.5}, r"k is a whole number, not 2\.5"),
        ({"k": "5"}, "k is a whole number, not '5'"),
        ({"context": -1}, "how many passages around a hit"),
        ({"cutoff": 0}, "a cutoff is a number above 0, not 0"),
        ({"cutoff": float("nan")}, "a cutoff is a number above 0, not nan"),
        ({"cutoff": "much"}, "a cutoff is a number above 0, not much"),
        ({"modality": "smell"}, "no modality 'smell'"),
        ({"group": "page"}, "by document or item, not by 'page'"),
        ({"duplicates": "hide"}, "collapse or show, not 'hide'"),
        ({"sort": ""}, "sort by what"),
        ({"fusion": "best"}, "no fusion 'best'"),
        ({"weights": {"words": -1}}, "the weight of words must be at least 0"),
        ({"rerank": "magic"}, "reranking is written exact, or cross-encoder:MODEL"),
        ({"rerank": "exact", "rerank_depth": 0}, "looks at 1 hit or more, not at 0"),
        ({"rerank": "exact", "sort": "path"}, "either sorted by path or reranked, not both"),
        ({"minus": " "}, "a part of the query is empty"),
    ],
)
def test_an_argument_that_makes_no_sense_is_refused_before_anything_is_done(
    arguments: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(UsageError, match=complaint):
        SearchRequest("a cat", **arguments)


def test_nothing_to_look_for_is_refused() -> None:
    for text in (None, "", "  "):
        with pytest.raises(UsageError, match="the query is empty"):
            SearchRequest(text)
    with pytest.raises(QueryError):
        SearchRequest("(a cat")
    with pytest.raises(QueryError):
        SearchRequest("a cat", where="year >")
    with pytest.raises(TypeError, match="a text or a Query, not int"):
        SearchRequest(5)  # type: ignore[arg-type]
