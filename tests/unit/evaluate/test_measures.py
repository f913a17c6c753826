from __future__ import annotations

import sys

import pytest

from mmsearch.errors import MissingExtraError, UsageError
from mmsearch.evaluate.measures import available, mean, per_query, percentile, require

QRELS = {"q1": {"a": 1, "b": 2, "c": 0}, "q2": {"d": 1}}
RUN = {"q1": [("c", 3.0), ("b", 2.0), ("x", 1.0), ("a", 0.5)], "unjudged": [("d", 1.0)]}


def test_recall_is_the_share_of_the_relevant_among_the_first() -> None:
    values = per_query(["R@1", "R@2", "R@4"], QRELS, RUN)
    assert [values[name]["q1"] for name in values] == [0.0, 1 / 2, 2 / 2]


def test_success_is_whether_any_relevant_is_among_the_first() -> None:
    values = per_query(["Success@1", "Success@2"], QRELS, RUN)
    assert [values[name]["q1"] for name in values] == [0.0, 1.0]


def test_a_judgement_of_zero_is_not_relevant() -> None:
    assert per_query(["Success@1"], {"q": {"a": 0, "b": 1}}, {"q": [("a", 1.0)]})["Success@1"] == {"q": 0.0}


def test_a_query_that_found_nothing_counts_with_zero_and_an_unjudged_one_not_at_all() -> None:
    assert per_query(["R@4"], QRELS, RUN)["R@4"] == {"q1": 1.0, "q2": 0.0}


def test_the_mean_is_over_all_judged_queries() -> None:
    assert mean(per_query(["R@4"], QRELS, RUN)["R@4"]) == (1 + 0) / 2
    assert mean({}) == 0.0


def test_recall_and_success_need_no_further_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ir_measures", None)
    assert per_query(["R@4", "Success@2"], QRELS, RUN)
    with pytest.raises(MissingExtraError, match=r"nDCG@10.*mmsearch\[evaluate\]"):
        per_query(["nDCG@10"], QRELS, RUN)
    with pytest.raises(MissingExtraError):
        require(["R@1", "nDCG@10"])


def test_available_leaves_out_what_cannot_be_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mmsearch.evaluate.measures.find_spec", lambda name: None)
    assert available(["R@1", "nDCG@10", "Success@5"]) == ("R@1", "Success@5")


def test_an_unknown_measure_is_refused_before_anything_is_run() -> None:
    pytest.importorskip("ir_measures", reason="comes with the evaluate extra")
    for name in ("goodness@10", "R@", "nDCG@@", ""):
        with pytest.raises(UsageError, match="no measure"):
            require([name])


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 20), (0.75, 30), (0.76, 40), (1.0, 40), (0.0, 10), (0.25, 10)]
)
def test_a_percentile_is_a_time_that_was_measured(share: float, expected: float) -> None:
    assert percentile([30, 10, 40, 20], share) == expected


def test_the_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7.0], 0.95) == 7.0


def test_rounding_does_not_move_a_percentile() -> None:
    assert percentile(list(range(1, 101)), 0.07) == 7  # 0.07 * 100 is above 7 in floating point
