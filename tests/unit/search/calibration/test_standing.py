"""Where a query stands in a channel, and what its scores tell from there."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.search.calibration.background import Background
from mmsearch.search.calibration.estimation import estimate
from mmsearch.search.calibration.standing import OWN_ITEMS, Standing


def usual_scores(n: int = 20_000, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(n)


@given(st.floats(-3, 3), st.floats(-5, 5))
def test_what_is_added_to_all_scores_of_a_query_tells_nothing(offset: float, score: float) -> None:
    scores = usual_scores(2_000)
    plain, moved = Standing.of(scores, 1.0), Standing.of(scores + offset, 1.0)
    pull = OWN_ITEMS / (2_000 + OWN_ITEMS)  # of a sample, which leaves so much of the offset
    [before], [after] = plain.corrected(np.array([score])), moved.corrected(np.array([score + offset]))
    assert after == pytest.approx(before, abs=1.1 * pull * abs(offset) + 1e-9)


def test_a_usual_query_keeps_its_scores() -> None:
    standing = Standing.of(usual_scores(), 1.0)
    np.testing.assert_allclose(standing.corrected(np.array([-1.0, 0.0, 3.0])), [-1.0, 0.0, 3.0], atol=0.05)


def test_a_wide_query_is_brought_half_way_to_the_usual_scale() -> None:
    standing = Standing.of(4.0 * usual_scores(), 1.0)
    low, high = standing.corrected(np.array([0.0, 4.0]))
    assert high - low == pytest.approx(4.0 / (4.0 * 1.0) ** 0.5, rel=0.02)


def test_many_answers_hardly_move_where_a_query_stands() -> None:
    scores = usual_scores()
    answered = scores.copy()
    answered[: scores.size // 10] = 8.0
    assert answered.mean() - scores.mean() > 0.7
    assert Standing.of(answered, 1.0).level - Standing.of(scores, 1.0).level < 0.2


def test_of_few_items_it_is_hardly_known() -> None:
    nothing, one = Standing.of(np.empty(0), 0.8), Standing.of(np.array([10.0]), 0.8)
    assert (nothing.level, nothing.deviation) == (0.0, 0.8)
    assert one.level < 10.4 / (1 + OWN_ITEMS) + 1e-9
    assert one.deviation == pytest.approx(0.8 * OWN_ITEMS / (1 + OWN_ITEMS))


@given(st.lists(st.floats(-10, 30), min_size=2, max_size=20).map(sorted))
def test_a_higher_score_never_tells_less(scores: list[float]) -> None:
    told = Background(0.1, 0.05, own=0.7).evidence(Standing(0.4, 1.3, 0.7).corrected(np.array(scores)))
    assert (np.diff(told) >= 0).all()


def test_a_constant_in_one_tower_changes_little_of_what_its_scores_tell() -> None:
    rng = np.random.default_rng(3)

    def vectors(n: int, offset: np.ndarray) -> np.ndarray:
        found = rng.standard_normal((n, 128)) / 128**0.5 + offset
        return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)

    nowhere, gap = np.zeros(128), np.eye(128)[0]
    bank, asked = vectors(300, nowhere), vectors(50, nowhere)
    told = []
    for offset in (nowhere, gap):
        rng = np.random.default_rng(4)  # the same items but for the offset
        items = vectors(2_000, offset)
        background = estimate(bank, items)
        scores = background.scales((asked @ items.T).astype(np.float64))
        told.append([background.evidence(Standing.of(row, background.own).corrected(row)) for row in scores])
    plain, moved = np.array(told)
    best = plain.argmax(axis=1)
    difference = np.abs(plain - moved)[np.arange(50), best]
    assert np.median(difference) < 0.35
    assert plain[np.arange(50), best].mean() > 2.5


def test_a_background_that_was_written_before_own_deviations_were_measured_can_be_read() -> None:
    record = json.loads(Background(0.1, 0.05).to_json())
    del record["own"]
    assert Background.from_json(json.dumps(record)).own == 1.0
    with pytest.raises(ValueError, match="must be positive"):
        Background.from_json(json.dumps(record | {"own": 0.0}))
