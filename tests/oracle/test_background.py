"""Backgrounds against made-up spaces whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmsearch.search.calibration.background import Background
from mmsearch.search.calibration.cohort import Asked
from mmsearch.search.calibration.curve import BULK
from mmsearch.search.calibration.estimation import estimate
from mmsearch.search.calibration.familiarity import Familiarity

DIMENSION = 256


def space(rng: np.random.Generator, n: int, gap: float) -> np.ndarray:
    """Unit vectors (n, d) of uneven spread, all moved by ``gap`` in one direction, as one tower's are."""
    vectors = rng.standard_normal((n, DIMENSION)) * np.linspace(0.7, 1.3, DIMENSION)
    vectors[:, 0] += gap
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def found_by_chance(background: Background, queries: np.ndarray, items: np.ndarray) -> float:
    """Items with an expected count of at most 1, for each query on average: 1 if the background is right."""
    count = 0
    for start in range(0, len(items), 5_000):
        scores = (queries @ items[start : start + 5_000].T).ravel().astype(np.float64)
        count += int((len(items) * background.survival(scores) <= 1).sum())
    return count / len(queries)


@pytest.mark.parametrize("size", [100, 1_000, 10_000, 100_000])
@pytest.mark.parametrize("gap", [0.0, 3.0])
def test_an_unrelated_query_finds_about_one_item_by_chance_whatever_the_size(size: int, gap: float) -> None:
    rng = np.random.default_rng(size)
    items = np.concatenate([space(rng, min(size, 5_000), gap) for _ in range(max(1, size // 5_000))])
    prior = estimate(space(rng, 300, 0), space(rng, 2_000, gap))
    sample = items[rng.choice(size, min(size, 2_000), replace=False)]

    background = estimate(space(rng, 300, 0), sample, prior=prior)

    found = found_by_chance(background, space(rng, 300, 0), items)
    assert 0.5 <= found <= 2


def levelled(rng: np.random.Generator, n: int) -> np.ndarray:
    """Unit vectors (n, d) that have more or less of one direction in common."""
    vectors = rng.standard_normal((n, DIMENSION))
    vectors[:, 0] += rng.uniform(0, 12, n)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def known_bank(rng: np.random.Generator) -> tuple[np.ndarray, Familiarity]:
    bank = levelled(rng, 400)
    return bank, Familiarity.of(bank, ["two words"] * len(bank))


def no_words(familiarity: np.ndarray) -> Asked:
    """Queries of which only their familiarity is known."""
    return Asked(familiarity, np.zeros(len(familiarity)))


@pytest.mark.parametrize("size", [100, 1_000, 20_000])
def test_with_familiarity_an_unrelated_query_finds_about_one_item_by_chance(size: int) -> None:
    rng = np.random.default_rng(size)
    bank, known = known_bank(rng)
    items = levelled(rng, size)
    prior = estimate(bank, levelled(rng, 2_000), asked=no_words(known.own))
    sample = items[rng.choice(size, min(size, 2_000), replace=False)]

    background = estimate(bank, sample, prior=prior, asked=no_words(known.own))

    queries = levelled(rng, 200)
    familiarity = known.among(queries, ["two words"] * len(queries))
    evalues = size * background.survival((queries @ items.T).astype(np.float64), familiarity[:, None])
    assert 0.5 <= (evalues <= 1).sum() / len(queries) <= 2


def test_familiarity_tells_strangers_that_lie_near_to_everything_from_what_stands_out() -> None:
    rng = np.random.default_rng(7)
    bank, known = known_bank(rng)
    items, strangers = levelled(rng, 2_000), levelled(rng, 300)
    asked = 0.35 * items[:300] + levelled(rng, 300)  # each has one item that it is a little like
    asked[:, 0] = 0.1 * asked[:, 0]  # and lies apart from the bank
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)

    def area(familiarity: Familiarity | None) -> float:
        background = estimate(bank, items, asked=None if familiarity is None else no_words(familiarity.own))
        best = []
        for queries in (asked, strangers):
            known = 0.0 if familiarity is None else familiarity.among(queries, ["two words"] * 300)
            best.append(background.survival((queries @ items.T).max(axis=1).astype(np.float64), known))
        return float((best[0][:, None] < best[1][None, :]).mean())

    assert area(known) > area(None) + 0.02


def test_what_usually_happens_can_be_known_from_elsewhere() -> None:
    rng = np.random.default_rng(8)
    items = space(rng, 1_000, 0)
    strangers, usual = estimate(space(rng, 300, 3.0), items), estimate(items[:300], items)

    both = strangers.usual_as(usual)

    at = np.linspace(-0.5, 0.9, 50)
    np.testing.assert_array_equal(both.log_survival(at), strangers.log_survival(at))
    corrected = np.linspace(-2, 6, 50)
    np.testing.assert_array_equal(both.evidence(corrected), usual.evidence(corrected))
    assert both.own * both.scale == pytest.approx(usual.own * usual.scale)


@pytest.mark.parametrize("share", [0.0002, 0.0005])
def test_the_few_pairs_that_belong_together_hardly_move_the_background(share: float) -> None:
    rng = np.random.default_rng(1)
    queries, items = space(rng, 300, 0), space(rng, 2_000, 0)
    clean = estimate(queries, items)
    related = rng.choice(300 * 2_000, int(share * 300 * 2_000), replace=False)
    for pair in related[:100]:  # items that are nearly the query
        items[pair % 2_000] = 0.8 * queries[pair // 2_000] + 0.6 * items[pair % 2_000]
    items /= np.linalg.norm(items, axis=1, keepdims=True)

    soiled = estimate(queries, items)

    assert soiled.location == pytest.approx(clean.location, abs=0.05 * clean.scale)
    assert soiled.scale == pytest.approx(clean.scale, rel=0.05)
    at = clean.location + clean.scale * np.array([4.0])
    assert 0.4 <= soiled.survival(at)[0] / clean.survival(at)[0] <= 4


def test_pairs_of_one_group_are_left_out() -> None:
    rng = np.random.default_rng(2)
    items = space(rng, 300, 0)
    groups = np.arange(300)

    with_itself = estimate(items, items)
    without = estimate(items, items, query_groups=groups, item_groups=groups)

    assert with_itself.pairs - without.pairs == 300
    fresh = estimate(space(rng, 300, 0), items)
    at = np.array([fresh.location + 3 * fresh.scale])
    assert without.survival(at)[0] == pytest.approx(fresh.survival(at)[0], rel=2.0)


def test_few_items_lean_on_what_was_known_before() -> None:
    rng = np.random.default_rng(3)
    prior = Background(0.2, 0.05)
    queries = space(rng, 300, 0)

    few = estimate(queries, space(rng, 3, 0), prior=prior)
    many = estimate(queries, space(rng, 3_000, 0), prior=prior)
    none = estimate(queries, space(rng, 0, 0), prior=prior)

    assert none == prior
    assert abs(few.location - prior.location) < 0.2 * abs(many.location - prior.location)
    assert many.location == pytest.approx(0.0, abs=0.02)


def test_without_items_and_without_prior_unit_vectors_are_taken_to_spread_evenly() -> None:
    background = estimate(space(np.random.default_rng(4), 10, 0), space(np.random.default_rng(5), 0, 0))
    assert (background.location, background.scale) == (0.0, DIMENSION**-0.5)


def test_equal_scores_are_no_reason_to_fail() -> None:
    one = np.tile(space(np.random.default_rng(6), 1, 0), (50, 1))
    background = estimate(one, one)
    assert 0 <= background.survival(np.array([1.0]))[0] <= 1


def test_the_gaussian_default_is_a_gaussian() -> None:
    tail = {0.0: 0.5, 1.0: 0.15866, 2.0: 0.02275, 3.0: 1.35e-3, 4.0: 3.167e-5}
    background = Background(0.0, 1.0)
    for score, probability in tail.items():
        assert background.survival(np.array([score]))[0] == pytest.approx(probability, rel=0.15)


backgrounds = st.builds(
    Background,
    st.floats(-0.5, 0.5),
    st.floats(0.01, 0.3),
    st.just(Background(0, 1).bulk),
    st.floats(0.5, 4),
    st.floats(-0.1, 0.6),
    st.integers(0, 10**6),
)


@settings(max_examples=200, deadline=None)
@given(backgrounds, st.lists(st.floats(-2, 2), min_size=2, max_size=30))
def test_a_higher_score_is_never_more_probable(background: Background, scores: list[float]) -> None:
    ordered = np.sort(np.array(scores))
    survival, logs = background.survival(ordered), background.log_survival(ordered)
    assert ((survival >= 0) & (survival <= 1)).all()
    assert (np.diff(logs) <= 0).all()
    assert np.isfinite(logs).all()


@settings(max_examples=100, deadline=None)
@given(backgrounds)
def test_bulk_and_tail_meet(background: Background) -> None:
    start = background.location + background.scale * background.bulk[-1]
    beside = background.survival(np.array([start - 1e-9, start + 1e-9]))
    assert beside[0] == pytest.approx(beside[1], rel=1e-5)
    assert beside[0] == pytest.approx(BULK[-1], rel=1e-5)


@settings(max_examples=100, deadline=None)
@given(backgrounds)
def test_a_background_reads_back_as_it_was_written(background: Background) -> None:
    assert Background.from_json(background.to_json()) == background


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"location": 1}', '{"location": 0, "scale": -1, "bulk": []}']
)
def test_what_is_no_background_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Background.from_json(text)
