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


def test_the_written_forms_are_those_of_the_documentation() -> None:
    assert str(Locator()) == "whole"
    assert str(Locator("caption", 2)) == "caption:2"
    assert str(Locator("characters", 120, 480)) == "characters:120-480"
    assert str(Locator("seconds", 3.5, 8)) == "seconds:3.5-8"


@pytest.mark.parametrize("text", ["", "caption:", "place:3", "caption:2 ", "characters:1-2-3"])
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
