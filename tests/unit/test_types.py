from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.types import Locator, Ranking


@given(
    st.sampled_from(["caption", "characters", "seconds", "page"]),
    st.integers(0, 10**9),
    st.none() | st.integers(0, 10**9),
)
def test_a_locator_round_trips_through_its_written_form(kind: str, start: int, end: int | None) -> None:
    locator = Locator(kind, float(start), None if end is None else float(end))  # type: ignore[arg-type]
    assert Locator.parse(str(locator)) == locator


PLACES = st.builds(
    Locator,
    st.sampled_from(["page", "slide", "sheet", "chapter", "attachment", "seconds", "frame"]),
    st.integers(0, 999),
)
FRACTIONS = st.floats(0, 1).map(lambda x: round(x, 6))
BOXES = st.builds(
    lambda x, y: Locator("box", box=(min(x), min(y), max(x), max(y))),
    st.tuples(FRACTIONS, FRACTIONS),
    st.tuples(FRACTIONS, FRACTIONS),
)


@given(st.lists(PLACES, min_size=1, max_size=3), BOXES | st.just(Locator("title")) | st.just(Locator()))
def test_places_nest_to_any_depth(outer: list[Locator], inner: Locator) -> None:
    locator = inner
    for place in reversed(outer):
        locator = locator.within(place)
    assert Locator.parse(str(locator)) == locator
    assert locator.outermost == outer[0]
    assert locator.innermost == (outer[-1] if inner.kind == "whole" else inner)


@pytest.mark.parametrize(
    "written",
    [
        "page:4/characters:120-480",
        "page:4/box:0.12,0.40,0.55,0.46",
        "seconds:61-64.5",
        "frame:61.2",
        "attachment:1/page:2",
    ],
)
def test_a_written_place_is_read_and_written_the_same(written: str) -> None:
    assert str(Locator.parse(written)) == written


@pytest.mark.parametrize(
    "box", [None, (0.5, 0.0, 0.4, 1.0), (0.0, 0.0, 1.0, 1.5), (float("nan"), 0.0, 1.0, 1.0)]
)
def test_a_box_lies_within_its_picture(box: tuple[float, float, float, float] | None) -> None:
    with pytest.raises(ValueError, match="box"):
        Locator("box", box=box)


def test_the_written_forms_are_those_of_the_documentation() -> None:
    assert str(Locator()) == "whole"
    assert str(Locator("caption", 2)) == "caption:2"
    assert str(Locator("characters", 120, 480)) == "characters:120-480"
    assert str(Locator("seconds", 3.5, 8)) == "seconds:3.5-8"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "caption:",
        "place:3",
        "caption:2 ",
        "characters:1-2-3",
        "page:4/",
        "/page:4",
        "page:4/whole",
        "box:0.1,0.2",
    ],
)
def test_anything_else_is_no_locator(text: str) -> None:
    with pytest.raises(ValueError, match="not a locator"):
        Locator.parse(text)


@pytest.mark.parametrize(
    ("ids", "scores", "complaint"),
    [
        ([1, 2], [1.0], "must be"),
        ([1, 1], [1.0, 1.0], "twice"),
        ([1, 2], [1.0, 2.0], "best first"),
        ([1], [np.nan], "finite"),
    ],
)
def test_a_malformed_ranking_is_refused(ids: list[int], scores: list[float], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Ranking(np.array(ids), np.array(scores))
