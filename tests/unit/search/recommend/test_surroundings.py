"""Recommendations ranked anew by what they are like themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mmsearch.search.calibration.background import Background
from mmsearch.search.recommend.hits import Recommended
from mmsearch.search.recommend.space import Space
from mmsearch.search.recommend.surroundings import SHARE, by_surroundings

BACKGROUNDS = {("image", "image"): Background(0.0, 0.2)}


class Vectors:
    """As much of a vector index as is asked for: item n has row n."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows = rows

    def vectors(self, ids: np.ndarray) -> np.ndarray:
        return self.rows[ids]


def space(rows: np.ndarray) -> dict[Any, Space]:
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return {"image": Space("image", Vectors(rows), np.zeros(rows.shape[1], dtype=np.float32))}  # type: ignore[arg-type]


def scored(*scores: float) -> list[Recommended]:
    """Items 0, 1, … with these scores."""
    one = np.ones(1)
    return [
        Recommended(item, item, item, "image", score, one, np.array([score]), one, 1.0, (), (), "toy")
        for item, score in enumerate(scores)
    ]


def kind_and_stranger() -> np.ndarray:
    """Items 1 to 6 are of one kind, 0 and 7 to 13 of another."""
    rows = np.random.default_rng(5).standard_normal((14, 20)) * 0.2
    rows[[0, *range(7, 14)], 0] += 2.0
    rows[1:7, 1] += 2.0
    return rows


def test_a_stranger_among_the_best_makes_way_for_what_is_of_one_kind() -> None:
    best = scored(2.0, *([1.9] * 6), *([1.5] * 7))
    found = by_surroundings(best, [], space(kind_and_stranger()), BACKGROUNDS)  # type: ignore[arg-type]
    assert {one.item_id for one in found} == set(range(14))
    assert {one.item_id for one in found[:6]} == set(range(1, 7))
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_a_score_is_a_third_its_own_and_two_thirds_of_the_neighbors() -> None:
    rows = np.array([[1.0, 0.0], [1.0, 0.1]])
    first, second = by_surroundings(scored(3.0, 1.0), [], space(rows), BACKGROUNDS)  # type: ignore[arg-type]
    # each is the other's only neighbor
    assert second.score == pytest.approx((1 - SHARE) * 3.0 + SHARE * 1.0, abs=1e-5)
    assert first.score == pytest.approx((1 - SHARE) * 1.0 + SHARE * 3.0, abs=1e-5)
    for one in (first, second):
        assert one.around is not None
        assert float(one.parts.sum()) + one.around[2] == one.score


def test_liked_examples_are_neighbors_too() -> None:
    rows = kind_and_stranger()
    best = scored(2.0, *([1.9] * 6), *([1.5] * 7))
    spaces = space(rows)
    liked = [("image", spaces["image"].index.vectors(np.array([0])), np.array([30.0]))]
    found = by_surroundings(best, liked, spaces, BACKGROUNDS)  # type: ignore[arg-type]
    assert {one.item_id for one in found[:8]} == {0, *range(7, 14)}


def test_one_item_stays_as_it_is() -> None:
    (only,) = scored(2.0)
    assert by_surroundings([only], [], space(np.ones((1, 3))), BACKGROUNDS) == [only]  # type: ignore[arg-type]
