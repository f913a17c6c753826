"""What counts as a difference between two recordings of answers."""

from __future__ import annotations

import math
from typing import Any

import pytest

from benchmarks.recording import requests
from benchmarks.recording.answers import plain
from benchmarks.recording.comparison import close, compare
from benchmarks.shared.processes import REPOSITORY


def _hit(item: int, rank: int, score: float, **more: Any) -> dict[str, Any]:
    return {"item_id": item, "rank": rank, "score": score, **more}


def _recording(*hits: dict[str, Any]) -> dict[str, Any]:
    return {"a cat": {"hits": list(hits), "total": len(hits)}}


def test_a_recording_is_the_same_as_itself() -> None:
    recorded = _recording(_hit(3, 1, 0.5, cosine=None, fields={"keep": True}), _hit(1, 2, math.nan))
    found = compare(recorded, recorded)
    assert found.equal
    assert (found.requests, found.same, found.differences) == (1, 1, {})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (2.0, 2.0 + 5e-10, True),
        (2.0, 2.0 + 4e-9, False),
        (3e-7, 3e-7 + 1e-13, False),  # in proportion it is far away
        (3e5, 3e5 + 1e-5, False),  # in proportion it is not
        (0.0, 1e-17, True),
        (0, 0.0, True),
        (math.nan, math.nan, True),
        (math.nan, 1.0, False),
    ],
)
def test_numbers_are_the_same_within_rounding(one: float, other: float, same: bool) -> None:
    assert close(one, other) is close(other, one) is same


def test_each_number_that_differs_is_told_with_its_place() -> None:
    found = compare(
        _recording(_hit(3, 1, 0.5), _hit(1, 2, 0.25)), _recording(_hit(3, 1, 0.5), _hit(1, 2, 0.3))
    )
    assert found.differences == {"a cat": ["answer.hits[1].score: 0.25 → 0.3"]}
    assert not found.equal


def test_another_order_is_one_difference_and_not_one_for_each_field() -> None:
    hits = [_hit(3, 1, 0.5), _hit(1, 2, 0.5)]
    turned = [_hit(1, 1, 0.5), _hit(3, 2, 0.5)]
    assert compare(_recording(*hits), _recording(*turned)).differences == {
        "a cat": ["answer.hits: items [3, 1] → [1, 3]"]
    }


def test_a_hit_that_is_gone_and_a_value_of_another_kind_are_differences() -> None:
    before, after = _recording(_hit(3, 1, 1), _hit(1, 2, 1)), _recording(_hit(3, 1, True))
    [lines] = compare(before, after).differences.values()
    assert lines == [
        "answer.hits: items [3, 1] → [3]",
        "answer.hits[0].score: 1 → true",
        "answer.total: 2 → 1",
    ]
    assert compare({"x": ["a", "b"]}, {"x": ["a"]}).differences == {
        "x": ['answer: 2 entries ["a", "b"] → 1 ["a"]']
    }


def test_fields_of_one_recording_only_are_counted_by_name_unless_they_are_passed_over() -> None:
    before, after = (
        _recording(_hit(3, 1, 1.0, old=1)),
        _recording(_hit(3, 1, 1.0, new=1), _hit(4, 2, 1.0, new=2)),
    )
    before["a cat"]["total"] = 2
    found = compare(before, after)
    assert (found.only_before, found.only_after) == ({"old": 1}, {"new": 1})
    assert not found.equal
    same_hits = compare(_recording(_hit(3, 1, 1.0)), _recording(_hit(3, 1, 1.0, new=1)))
    assert not same_hits.equal
    assert compare(
        _recording(_hit(3, 1, 1.0)), _recording(_hit(3, 1, 7.0, new=1)), but=["new", "score"]
    ).equal


def test_a_field_under_its_earlier_name_is_the_same_field() -> None:
    before, after = {"x": {"calibrated": 1.5}}, {"x": {"scales": 1.5}}
    assert compare(before, after).equal
    assert not compare(before, after, renamed={}).equal
    assert compare(before, {"x": {"scales": 1.6}}).differences == {"x": ["answer.scales: 1.5 → 1.6"]}


def test_a_request_that_one_recording_lacks_is_a_difference() -> None:
    found = compare({"x": 1, "y": 2}, {"y": 2, "z": 3})
    assert (found.requests, found.same) == (3, 1)
    assert set(found.differences) == {"x", "z"}


def test_requests_have_names_of_their_own() -> None:
    names = [request.name for request in requests()]
    assert len(names) == len(set(names)) >= 300


def test_what_has_no_plain_form_is_refused_rather_than_recorded_as_something() -> None:
    assert plain({("pocket", "image"): (1, None), "seconds": 3}) == {"pocket image": [1, None]}
    with pytest.raises(TypeError, match="how is"):
        plain(object())


def test_commands_run_in_this_checkout() -> None:
    assert (REPOSITORY / "mmsearch" / "__main__.py").is_file()
