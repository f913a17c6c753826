from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.errors import QueryError, UsageError
from mmsearch.search.query.filters import parse_filter
from mmsearch.search.query.notation import plain, written
from mmsearch.search.query.parse import parse
from mmsearch.search.query.value import Item, Part, Picture, Query, Text
from mmsearch.store.catalogue.conditions import (
    And,
    Comparison,
    Condition,
    ModalityIs,
    Not,
    OneOf,
    Or,
    PathGlob,
    conjunction,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNS = list("\"'()\\:=<>~!@#+-*`., \t\n/|&%$[]{}0129abABNOTRandorwithué北")
anything = st.one_of(st.text(max_size=25), st.text(st.sampled_from(SIGNS), max_size=25))
words = st.one_of(
    anything,
    st.sampled_from(
        [
            "a red bicycle",
            "NOT",
            "AND dog",
            "cat OR",
            "beach without people",
            "with no hat",
            "2:red",
            "year>1990",
            "(year>1990",
            "NOT year>1990",
            "https://x.org/a.jpg",
            "@home",
            "#12",
            "-5",
            "12:30",
            "photo*",
        ]
    ),
).filter(str.strip)


@st.composite
def texts(draw: st.DrawFn) -> Text:
    pieces = draw(st.lists(st.tuples(words, st.booleans()), min_size=1, max_size=3))
    return Text(" ".join(word for word, _ in pieces), tuple(word for word, phrase in pieces if phrase))


contents = st.one_of(
    texts(),
    st.builds(Picture, anything.filter(bool) | st.sampled_from(["https://x.org/a.jpg", "http://x/(b)"])),
    st.builds(Item, st.integers(0, 10**17)),
)
weights = st.one_of(st.just(1.0), st.floats(1e-6, 1e9), st.integers(1, 9))
parts = st.one_of(
    st.builds(Part, contents, st.sampled_from(["plus", "minus"]), weights),
    st.builds(Part, contents, st.just("not")),
)
names = st.one_of(
    st.sampled_from(["year", "creator", "date-taken", "a.b"]), anything.filter(str.strip)
).filter(lambda name: name not in ("path", "modality"))
values = st.one_of(
    anything,
    st.booleans(),
    st.integers(-(10**17), 10**17),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["true", "1990", "1..2", "..", "O'Brien", "a b", "-"]),
)
comparisons = st.one_of(
    st.builds(Comparison, names, st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "~"]), values),
    st.builds(OneOf, names, st.lists(values, min_size=1, max_size=3).map(tuple)),
    st.builds(PathGlob, anything.filter(bool)),
    st.builds(ModalityIs, st.sampled_from(["image", "text", "audio"])),
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)
queries = st.builds(Query, st.lists(parts, max_size=4).map(tuple), st.none() | conditions).filter(
    lambda query: query.parts or query.condition is not None
)


@pytest.mark.fuzz
@given(queries)
def test_the_written_form_reads_as_the_same_query(query: Query) -> None:
    assert parse(str(query)) == query


@pytest.mark.fuzz
@given(conditions)
def test_a_filter_in_the_compact_form_reads_as_the_same_in_the_full_form(condition: Condition) -> None:
    assert parse_filter(written(condition)) == conjunction([condition])


@pytest.mark.fuzz
@given(st.one_of(anything, st.lists(words, max_size=5).map(" ".join)))
def test_any_text_is_a_query_or_an_error_with_position_and_reason(text: str) -> None:
    for read in (parse, parse_filter):
        error = refusal(read, text)
        assert error is None or (error.reason and 0 <= error.position <= len(text))


@pytest.mark.fuzz
@given(queries, st.data())
def test_a_damaged_query_is_a_query_or_an_error_with_position_and_reason(
    query: Query, data: st.DataObject
) -> None:
    """Most of it can be read, so that the error lies deep inside."""
    text = str(query)
    at = data.draw(st.integers(0, len(text)))
    text = text[:at] + data.draw(anything) + text[at + data.draw(st.integers(0, 3)) :]
    error = refusal(parse, text)
    assert error is None or (error.reason and 0 <= error.position <= len(text) and error.reason in str(error))


def refusal(read: Callable[[str], object], text: str) -> QueryError | None:
    try:
        read(text)
    except QueryError as error:
        return error
    return None


@pytest.mark.fuzz
@given(st.one_of(anything, st.lists(words, max_size=5).map(" ".join)))
def test_what_was_understood_of_any_text_can_be_written_and_read_again(text: str) -> None:
    try:
        query = parse(text)
    except QueryError:
        return
    assert parse(str(query)) == query


def test_a_backquote_in_a_text_does_not_reach_for_another_one_behind_it() -> None:
    query = Query((Part(Text("`a b")), Part(Text("c`>2"))), Comparison("year", ">", "1`"))
    assert parse(str(query)) == query


def plus(text: str, *phrases: str, weight: float = 1.0) -> Part:
    return Part(Text(text, phrases), "plus", weight)


def minus(text: str, weight: float = 1.0) -> Part:
    return Part(Text(text), "minus", weight)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a red bicycle", [plus("a red bicycle")]),
        ("  red \n bicycle ", [plus("red bicycle")]),
        ('"golden gate" at night', [plus("golden gate at night", "golden gate")]),
        ("2:red car", [plus("red car", weight=2)]),
        (".5:red car -snow", [plus("red car", weight=0.5), minus("snow")]),
        ("red -snow car", [plus("red car"), minus("snow")]),
        ("red -(deep snow) car", [plus("red car"), minus("deep snow")]),
        ("-0.5:deep snow", [minus("deep snow", 0.5)]),
        ("cat +red ball", [plus("cat"), plus("red ball")]),
        ("cat NOT dog", [plus("cat"), Part(Text("dog"), "not")]),
        ("@ref.jpg sunset", [Part(Picture("ref.jpg")), plus("sunset")]),
        ('@"my photos/a b.jpg"', [Part(Picture("my photos/a b.jpg"))]),
        ("https://x.org/a.jpg?b=c", [Part(Picture("https://x.org/a.jpg?b=c"))]),
        ("cat NOT https://x.org/a.jpg", [plus("cat"), Part(Picture("https://x.org/a.jpg"), "not")]),
        ("(https://x.org is down)", [plus("https://x.org is down")]),
        ("-@ref.jpg cat", [Part(Picture("ref.jpg"), "minus"), plus("cat")]),
        ("@- cat", [Part(Picture("-")), plus("cat")]),
        ("#12 -2:#13", [Part(Item(12)), Part(Item(13), "minus", 2)]),
        ("(red car) (blue sky)", [plus("red car"), plus("blue sky")]),
        ("the 12:30 train", [plus("the 12:30 train")]),
        ("well-known - or not", [plus("well-known - or not")]),
        (r"\-5 degrees \NOT cold", [plus("-5 degrees NOT cold")]),
        ("cats OR dogs AND birds", [plus("cats OR dogs AND birds")]),
        ("#holiday", [plus("#holiday")]),
        ('a 5" screen', [plus('a 5" screen')]),
        ("photo* of Ada", [plus("photo* of Ada")]),
    ],
)
def test_a_text_is_read_as_these_parts(text: str, parts: list[Part]) -> None:
    assert parse(text) == Query(tuple(parts))


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("year>=1990", Comparison("year", ">=", 1990)),
        ('creator:"Ada Lovelace"', Comparison("creator", "=", "Ada Lovelace")),
        ("path:scans/**", PathGlob("scans/**")),
        ("modality:image", ModalityIs("image")),
        ("-modality:image", Not(ModalityIs("image"))),
        ("NOT modality:image", Not(ModalityIs("image"))),
        ("year:1990..1999", And((Comparison("year", ">=", 1990), Comparison("year", "<=", 1999)))),
        ("year:..1999", Comparison("year", "<=", 1999)),
        ("date:2019-07-01..", Comparison("date", ">=", "2019-07-01")),
        ('color:(red, "dark blue")', OneOf("color", ("red", "dark blue"))),
        ("year<1950 OR year>2000", Or((Comparison("year", "<", 1950), Comparison("year", ">", 2000)))),
        (
            "(a=1 OR b=2) c=3",
            And((Or((Comparison("a", "=", 1), Comparison("b", "=", 2))), Comparison("c", "=", 3))),
        ),
        (
            "a=1 OR b=2 AND c=3",
            Or((Comparison("a", "=", 1), And((Comparison("b", "=", 2), Comparison("c", "=", 3))))),
        ),
        ("`date taken`>2000", Comparison("date taken", ">", 2000)),
        ("name~smith", Comparison("name", "~", "smith")),
        ("done:true", Comparison("done", "=", True)),
    ],
)
def test_a_filter_beside_words_is_read_as_this_condition(text: str, condition: Condition) -> None:
    assert parse(text) == Query((), condition)
    assert parse(f"cat {text}") == Query((plus("cat"),), condition)
    assert parse(f"{text} cat") == Query((plus("cat"),), condition)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('year >= 1990 and creator = "Ada"', "year>=1990 creator:Ada"),
        ("year between 1990 and 1999", "year:1990..1999"),
        ("color in (red, blue)", "color:(red,blue)"),
        ("color not in ('red')", "NOT color:(red)"),
        ("not (year < 1950 or path : old/**)", "NOT (year<1950 OR path:old/**)"),
        ("YEAR == 3 AND a <> b", "YEAR=3 a!=b"),
    ],
)
def test_the_full_form_of_a_filter_means_the_same_as_the_compact_one(text: str, same: str) -> None:
    assert parse_filter(text) == parse(same).condition


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a beach without people", [plus("a beach"), minus("people")]),
        ("a beach without any people at night", [plus("a beach at night"), minus("people")]),
        ("street with no parked cars", [plus("street"), minus("parked cars")]),
        ("a street without cars and people", [plus("a street"), minus("cars"), minus("people")]),
        ("a dog without a collar and a cat", [plus("a dog and a cat"), minus("collar")]),
        ("Without people, a beach", [plus("a beach"), minus("people")]),
        ("没有人的海滩", [plus("海滩"), minus("人")]),
        ("海滩没有人", [plus("海滩"), minus("人")]),
        ("海滩，但没有狗。", [plus("海滩"), minus("狗")]),
        ("海滩 不要人", [plus("海滩"), minus("人")]),
        ("不要人 海滩", [plus("海滩"), minus("人")]),
    ],
)
def test_without_is_understood_as_an_exclusion_and_said_so(text: str, parts: list[Part]) -> None:
    query = parse(text)
    assert query == Query(tuple(parts))
    assert query.notes
    assert "understood" in query.notes[0]


def test_the_note_says_what_a_chinese_query_looks_for_and_excludes() -> None:
    (note,) = parse("没有人的海滩").notes
    assert "understood as 海滩 -人;" in note


@pytest.mark.parametrize(
    "text",
    [
        '"without people"',
        r"a house \without windows",
        "(a house without windows)",
        "without people",
        "no smoking",
        '"没有人的海滩"',
        "(没有人的海滩)",
        "没有人",
        "有没有狗",
        "没有红色的车的街道",
    ],
)
def test_words_that_are_quoted_or_alone_are_no_exclusion(text: str) -> None:
    query = parse(text)
    assert not query.notes
    assert [part.kind for part in query.parts] == ["plus"]


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", 0, "empty"),
        ("   ", 0, "empty"),
        ('a "b', 2, "never closed"),
        ("a (b", 2, "never closed"),
        ("a )b", 2, "closes nothing"),
        ("a ()", 2, "nothing between"),
        ('a ""', 2, "nothing between"),
        ("0:red", 0, "above 0"),
        ("2:year>1990", 2, "no weight"),
        ("NOT 2:red", 4, "no weight"),
        ("2:-red", 2, "sign stands before"),
        ("year>=1990 OR cat", 11, "two filters"),
        ("(year>=1990 OR cat)", 12, "expected here"),
        ("modality:smell", 0, "a modality is one of"),
        ("modality<image", 0, "equal or not"),
        ("@<Image>", 0, "written form"),
        ("year>=", 6, "value is expected"),
        ("color:(red", 6, "never closed"),
        ("color:(red blue)", 11, "comma"),
    ],
)
def test_an_error_names_position_and_reason(text: str, position: int, reason: str) -> None:
    with pytest.raises(QueryError, match=reason) as caught:
        parse(text)
    assert caught.value.position == position


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", 0, "a field"),
        ("year", 4, "one of"),
        ("year >", 6, "a value"),
        ("year = 1 color = red", 9, "AND or OR"),
        ("year between 1 or 2", 14, "between A and B"),
        ("(year = 1", 0, "never closed"),
        ("not " * 60 + "a = 1", 203, "levels"),
    ],
)
def test_a_bad_filter_is_refused_with_position_and_reason(text: str, position: int, reason: str) -> None:
    with pytest.raises(QueryError, match=reason) as caught:
        parse_filter(text)
    assert caught.value.position == position


def test_a_picture_in_memory_is_equal_to_itself_only() -> None:
    data = b"\xff\xd8"
    assert Query((Part(Picture(data)),)) == Query((Part(Picture(data)),))
    assert Picture(data) != Picture(bytearray(data))
    with pytest.raises(QueryError, match="written form"):
        parse(str(Query((Part(Picture(data)),))))


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf")])
def test_a_weight_that_is_not_positive_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        Part(Text("red"), "plus", weight)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("word " * 2001, r"a query of 10,005 characters; at most 10,000 are read \(at character 10001 of "),
        ("-a " * 201, r"a query of 201 parts; at most 200 are read"),
        ("a>1 " * 201, r"201 comparisons, more than 200: values of one field are a set"),
        ("NOT (a>1 OR b:2) " * 101, r"202 comparisons, more than 200"),
    ],
)
def test_a_query_beyond_its_limits_is_refused_with_its_size(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason) as caught:
        parse(text)
    assert len(str(caught.value)) < 400


def test_a_filter_may_have_a_set_of_thousands_but_not_as_many_comparisons() -> None:
    assert parse_filter(f"year in ({', '.join(map(str, range(5000)))})") == OneOf("year", tuple(range(5000)))
    with pytest.raises(QueryError, match="5000 comparisons, more than 200"):
        parse_filter(" or ".join(f"year = {year}" for year in range(5000)))
    with pytest.raises(QueryError, match="a filter of 100,001 characters"):
        parse_filter("a" * 100_001)


def test_texts_that_are_given_as_such_may_be_longer_but_not_without_end() -> None:
    assert Query((Part(Text("word " * 10_000)),)).text.startswith("word word")
    with pytest.raises(UsageError, match="a query of 119,998 characters; at most 100,000 are read"):
        Query((Part(Text("word " * 12_000)), Part(Text("word " * 12_000), "minus")))


@given(words)
def test_plain_text_names_no_files_and_has_no_filters(text: str) -> None:
    query = parse(plain(text))
    assert query.condition is None
    assert all(isinstance(part.content, Text) and not part.content.phrases for part in query.parts)


def test_plain_text_is_what_it_says_and_still_takes_away() -> None:
    for said in (
        "three women, outside.",
        "year<1950",
        "a - b",
        'say "hello" @home',
        "NOT -5 2:red",
        "\\a\\b",
    ):
        [part] = parse(plain(said)).parts
        assert isinstance(part.content, Text)
        assert (part.content.text, part.kind) == (said, "plus")
    assert [part.kind for part in parse(plain("a beach without people")).parts] == ["plus", "minus"]
