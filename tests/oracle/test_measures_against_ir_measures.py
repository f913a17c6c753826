"""Our own recall and success against ir-measures."""

from __future__ import annotations

import random

import pytest

from mmsearch.evaluate.measures import per_query

ir_measures = pytest.importorskip("ir_measures", reason="comes with the evaluate extra")


@pytest.mark.parametrize("seed", range(20))
def test_recall_and_success_are_those_of_ir_measures(seed: int) -> None:
    draw = random.Random(seed)
    names = [f"d{i}" for i in range(30)]
    qrels = {f"q{i}": {name: draw.choice([0, 1, 1, 2]) for name in draw.sample(names, 6)} for i in range(25)}
    qrels = {query: judged | {"always": 1} for query, judged in qrels.items()}
    run = {
        query: [(name, float(-rank)) for rank, name in enumerate(draw.sample([*names, "always"], 20))]
        for query in qrels
    }
    wanted = ["R@1", "R@5", "R@10", "Success@1", "Success@5", "Success@10"]
    ours = per_query(wanted, qrels, run)
    theirs = ir_measures.iter_calc(
        [ir_measures.parse_measure(name) for name in wanted], qrels, {q: dict(r) for q, r in run.items()}
    )
    compared = 0
    for metric in theirs:
        assert ours[str(metric.measure)][metric.query_id] == pytest.approx(metric.value)
        compared += 1
    assert compared == len(wanted) * len(qrels)


def test_ties_of_scores_keep_our_order_in_ir_measures() -> None:
    # by name, "b" would come before "a" in ir-measures when the scores are equal
    qrels = {"q": {"a": 1}}
    for names, reciprocal in ((["a", "b"], 1.0), (["b", "a"], 1 / 2)):
        found = per_query(["RR@10"], qrels, {"q": [(name, 0.5) for name in names]})
        assert found["RR@10"] == {"q": reciprocal}


def test_a_query_without_answers_counts_with_zero_in_every_measure() -> None:
    found = per_query(["nDCG@10", "RR@10", "AP@100"], {"q1": {"a": 1}, "q2": {"b": 1}}, {"q1": [("a", 1.0)]})
    assert found == {name: {"q1": 1.0, "q2": 0.0} for name in ("nDCG@10", "RR@10", "AP@100")}
