"""Fusion and ranking against slow or exhaustive versions of themselves."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmsearch.search.calibration.curve import Curve
from mmsearch.search.channels.signals import Signals
from mmsearch.search.ranking.fusion import FUSIONS, GRID, Fusion, contributions
from mmsearch.types import Ranking

finite = st.floats(-20, 20).map(lambda value: round(value, 3))
rankings = st.dictionaries(st.integers(1, 12), finite, max_size=8).map(
    lambda scores: Ranking(
        np.array([i for i, _ in best_first(scores)], dtype=np.int64),
        np.array([score for _, score in best_first(scores)], dtype=np.float64),
    )
)
channels = st.lists(rankings, min_size=1, max_size=4).map(
    lambda found: {str(n): r for n, r in enumerate(found)}
)
names = st.sampled_from(FUSIONS)


def best_first(scores: dict[int, float]) -> list[tuple[int, float]]:
    return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))


class Table:
    """Rankings by evidence, one channel each: their surprise is the Gaussian's, their unit score the logistic."""

    def __init__(self, rankings: dict[str, Ranking]) -> None:
        self.ids = np.array(
            sorted({int(i) for ranking in rankings.values() for i in ranking.ids}), dtype=np.int64
        )
        self.ranks = np.full((self.ids.size, len(rankings)), np.nan)
        evidence = self.ranks.copy()
        for column, ranking in enumerate(rankings.values()):
            rows = np.searchsorted(self.ids, ranking.ids)
            evidence[rows, column] = ranking.scores
            self.ranks[rows, column] = np.arange(1, len(ranking) + 1)
        surprise = Curve().log_survival(evidence) / -np.log(10.0)
        self.signals = Signals(evidence, surprise, 1.0 / (1.0 + np.exp(-evidence)))

    def parts(self, weights: list[float], fusion: Fusion) -> np.ndarray:
        return contributions(self.signals, weights, fusion, self.ranks)

    def fused(
        self, weights: list[float], fusion: Fusion, top: int = 100
    ) -> tuple[list[int], list[float], list[list[float]]]:
        """Ids, scores and contributions, best first, ties by id."""
        parts = self.parts(weights, fusion)
        order = np.lexsort((self.ids, -parts.sum(axis=1)))[:top]
        return self.ids[order].tolist(), parts.sum(axis=1)[order].tolist(), parts[order].tolist()


def slow(rankings: dict[str, Ranking], weights: list[float], fusion: Fusion) -> list[tuple[float, int]]:
    """(-score, id) of every item, by the formulas, one item at a time."""
    places = [{int(i): n for n, i in enumerate(r.ids, 1)} for r in rankings.values()]
    scores = [dict(zip(r.ids.tolist(), r.scores.tolist(), strict=True)) for r in rankings.values()]
    table = Table(rankings)
    fused = []
    for item in set().union(*scores):
        row = int(np.searchsorted(table.ids, item))
        found = [n for n, known in enumerate(scores) if item in known]
        parts = []
        for n in found:
            z = scores[n][item]
            unit = 1 / (1 + math.exp(-z))
            match fusion.name:
                case "calibrated":
                    told = [weights[other] * max(0.0, scores[other][item]) for other in found]
                    norm = sum(value**2 for value in told) ** 0.5
                    part = (weights[n] * max(0.0, z)) ** 2 / norm if norm else 0.0
                case "logodds":
                    part = weights[n] * float(table.signals.surprise[row, n])
                case "rrf":
                    part = weights[n] / (fusion.rrf_k + places[n][item])
                case "combsum":
                    part = weights[n] * unit
                case "combmnz":
                    part = weights[n] * unit * sum(weights[other] > 0 for other in found)
            parts.append(part)
        fused.append((-round(sum(parts) / GRID) * GRID, item))
    return sorted(fused)


@settings(max_examples=300, deadline=None)
@given(channels, names, st.data())
def test_every_fusion_does_what_its_formula_says(
    found: dict[str, Ranking], name: str, data: st.DataObject
) -> None:
    weights = data.draw(st.lists(st.floats(0, 4), min_size=len(found), max_size=len(found)))
    fusion = Fusion(name)

    ids, scores, _ = Table(found).fused(weights, fusion)

    expected = slow(found, weights, fusion)
    np.testing.assert_allclose(scores, [-score for score, _ in expected], atol=2 * GRID)
    assert sorted(ids) == sorted(item for _, item in expected)


@settings(max_examples=200, deadline=None)
@given(channels, names)
def test_contributions_add_up_to_the_score_in_any_order(found: dict[str, Ranking], name: str) -> None:
    _, scores, contributed = Table(found).fused([0.7] * len(found), Fusion(name))
    for score, parts in zip(scores, contributed, strict=True):
        for order in itertools.islice(itertools.permutations(parts), 24):
            assert sum(order) == score
        assert math.fsum(parts) == score


@settings(max_examples=200, deadline=None)
@given(channels, names, st.data())
def test_a_higher_score_in_a_channel_never_lowers_the_fused_one(
    found: dict[str, Ranking], name: str, data: st.DataObject
) -> None:
    table = Table(found)
    if not table.ids.size:
        return
    row = data.draw(st.integers(0, table.ids.size - 1))
    column = data.draw(st.integers(0, len(found) - 1))
    if np.isnan(table.signals.evidence[row, column]):
        return
    lift = data.draw(st.floats(0, 10))
    scores = dict(
        zip(*(a.tolist() for a in (found[str(column)].ids, found[str(column)].scores)), strict=True)
    )
    scores[int(table.ids[row])] += lift
    pairs = best_first(scores)
    lifted = found | {
        str(column): Ranking(np.array([i for i, _ in pairs]), np.array([s for _, s in pairs], dtype=float))
    }
    weights = [1.0] * len(found)
    before = table.parts(weights, Fusion(name)).sum(axis=1)[row]
    after = Table(lifted).parts(weights, Fusion(name)).sum(axis=1)[row]
    assert after >= before


@settings(max_examples=200, deadline=None)
@given(channels, names, st.integers(0, 12))
def test_fewer_asked_for_are_the_first_of_more(found: dict[str, Ranking], name: str, top: int) -> None:
    table, weights = Table(found), [1.0] * len(found)
    few, many = (table.fused(weights, Fusion(name), n)[0] for n in (top, 100))
    assert few == many[:top]


@pytest.mark.parametrize("name", FUSIONS)
def test_nothing_found_is_nothing_fused(name: str) -> None:
    empty = Ranking(np.empty(0, dtype=np.int64), np.empty(0))
    assert Table({"a": empty, "b": empty}).fused([1, 1], Fusion(name)) == ([], [], [])


@pytest.mark.parametrize("name", FUSIONS)
def test_one_hit_of_one_channel_is_found(name: str) -> None:
    empty = Ranking(np.empty(0, dtype=np.int64), np.empty(0))
    one = Ranking(np.array([7]), np.array([3.0]))
    ids, scores, _ = Table({"a": one, "b": empty}).fused([1, 1], Fusion(name))
    assert ids == [7]
    assert scores[0] > 0


@pytest.mark.parametrize("name", FUSIONS)
def test_all_ties_are_ordered_by_id(name: str) -> None:
    three = np.array([9, 4, 6])
    tied = Ranking(three, np.zeros(3))
    other = Ranking(three[::-1].copy(), np.zeros(3))
    ids, _, _ = Table({"a": tied, "b": other}).fused([1, 1], Fusion(name))
    if name != "rrf":  # which knows places only
        assert ids == [4, 6, 9]


def test_a_score_does_not_change_with_what_else_is_in_the_list() -> None:
    full = Table({"a": Ranking(np.array([1, 2, 3]), np.array([5.0, 4.0, 1.0]))})
    for name in FUSIONS:
        alone = contributions(full.signals[1:2], [1.0], Fusion(name), full.ranks[1:2])
        assert alone[0].tolist() == full.parts([1.0], Fusion(name))[1].tolist()


@settings(max_examples=200, deadline=None)
@given(channels, names, st.integers(0, 4))
def test_a_side_that_found_nothing_changes_nothing(found: dict[str, Ranking], name: str, place: int) -> None:
    empty = Ranking(np.empty(0, dtype=np.int64), np.empty(0))
    sides = list(found.values())
    more = [*sides[:place], empty, *sides[place:]]
    before = Table(found).fused([1.0] * len(sides), Fusion(name))
    after = Table({str(n): side for n, side in enumerate(more)}).fused([1.0] * len(more), Fusion(name))
    assert after[:2] == before[:2]


@settings(max_examples=200, deadline=None)
@given(channels, rankings, names)
def test_a_channel_that_weighs_nothing_is_as_if_it_were_not_there(
    found: dict[str, Ranking], silent: Ranking, name: str
) -> None:
    weights = [1.0] * len(found)
    before = Table(found).fused(weights, Fusion(name))
    after = Table(found | {"silent": silent}).fused([*weights, 0.0], Fusion(name))
    scores = dict(zip(*after[:2], strict=True))
    for item, score in zip(*before[:2], strict=True):
        assert scores.pop(item) == pytest.approx(score, abs=2 * GRID)
    assert all(score == 0 for score in scores.values())


@settings(max_examples=200, deadline=None)
@given(channels, names, st.data())
def test_a_higher_weight_never_lowers_a_score(
    found: dict[str, Ranking], name: str, data: st.DataObject
) -> None:
    weights = data.draw(st.lists(st.floats(0, 4), min_size=len(found), max_size=len(found)))
    column = data.draw(st.integers(0, len(found) - 1))
    table = Table(found)
    before = table.parts(weights, Fusion(name)).sum(axis=1)
    weights[column] += data.draw(st.floats(0, 4))
    assert (table.parts(weights, Fusion(name)).sum(axis=1) >= before - 2 * GRID).all()


@pytest.mark.parametrize("name", FUSIONS)
def test_what_both_sides_found_is_worth_more_than_what_one_found(name: str) -> None:
    one = Ranking(np.array([3, 7]), np.array([2.0, 2.0]))
    other = Ranking(np.array([7]), np.array([2.0]))
    ids, scores, _ = Table({"a": one, "b": other}).fused([1, 1], Fusion(name))
    assert ids == [7, 3]
    assert scores[0] > scores[1]


def test_places_that_make_up_for_each_other_tie_and_are_ordered_by_id() -> None:
    one = Ranking(np.array([8, 5]), np.array([2.0, 1.0]))
    other = Ranking(np.array([5, 8]), np.array([9.0, 1.0]))
    ids, scores, _ = Table({"a": one, "b": other}).fused([1, 1], Fusion("rrf"))
    assert ids == [5, 8]
    assert scores[0] == scores[1]
