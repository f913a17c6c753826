from __future__ import annotations

import numpy as np
import pytest

from mmsearch.evaluate.significance import compare, randomization_p


def test_p_of_few_queries_is_exact() -> None:
    # all 2**5 choices of signs; as far from 0 as the sum of all are only "all +" and "all -"
    assert randomization_p(np.ones(5)) == 2 / 2**5


def test_p_counts_choices_that_are_as_far_from_zero() -> None:
    # sums of +-1 +-2 +-3: 6, 4, 2, 0, 0, -2, -4, -6; seen is 1 + 2 - 3 = 0, and every sum is as far as 0
    assert randomization_p(np.array([1.0, 2.0, -3.0])) == 1.0
    # seen is 3 + 2 - 1 = 4: four of the eight are as far
    assert randomization_p(np.array([-1.0, 2.0, 3.0])) == 4 / 8


def test_the_sampled_p_is_near_the_exact_one(monkeypatch: pytest.MonkeyPatch) -> None:
    differences = np.array([0.5, 0.25, -0.1, 0.3, 0.2, -0.4, 0.6, 0.1, 0.2, -0.3, 0.15, 0.05])
    exact = randomization_p(differences)
    monkeypatch.setattr("mmsearch.evaluate.significance.EXACT_QUERIES", 0)
    assert randomization_p(differences, rounds=40_000) == pytest.approx(exact, abs=0.01)


def test_a_sampled_p_is_never_zero() -> None:
    assert randomization_p(np.ones(500), rounds=1000) == 1 / 1001


def test_equal_systems_do_not_differ() -> None:
    found = compare("R@1", {"a": 1.0, "b": 0.0}, {"a": 1.0, "b": 0.0})
    assert (found.p, found.better, found.equal, found.worse) == (1.0, 0, 2, 0)


def test_p_is_uniform_when_there_is_no_difference() -> None:
    random = np.random.default_rng(5)
    ps = [randomization_p(random.normal(size=30), rounds=500, seed=i) for i in range(400)]
    # 400 trials at 5 %: 20 are expected, standard deviation 4.4
    assert 20 - 3 * 4.4 <= sum(p <= 0.05 for p in ps) <= 20 + 3 * 4.4


def test_a_comparison_says_who_won_where() -> None:
    first = {"a": 0.5, "b": 0.5, "c": 0.5, "d": 0.0}
    second = {"a": 1.0, "b": 0.0, "c": 0.5, "d": 1.0}
    found = compare("nDCG@10", first, second)
    assert (found.better, found.equal, found.worse, found.queries) == (2, 1, 1, 4)
    assert found.first == pytest.approx((0.5 + 0.5 + 0.5) / 4)
    assert found.difference == pytest.approx((0.5 - 0.5 + 0.0 + 1.0) / 4)


def test_a_query_that_only_one_answered_counts_as_zero_for_the_other() -> None:
    assert compare("R@1", {"a": 1.0}, {"b": 1.0}).difference == 0.0


def test_the_same_seed_gives_the_same_p() -> None:
    differences = np.random.default_rng(1).normal(0.1, 1.0, 100)
    assert randomization_p(differences, seed=3) == randomization_p(differences, seed=3)


def test_nothing_to_compare_is_a_callers_bug() -> None:
    with pytest.raises(ValueError, match="no query"):
        compare("R@1", {}, {})
