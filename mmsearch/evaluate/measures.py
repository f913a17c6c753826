"""Measures of rankings by their written form: ``R@10``, ``Success@1``, ``nDCG@10``, ``RR@10``, ``AP@100``.

Recall and success are counted here. All others are computed by ir-measures (the ``evaluate`` extra), which
understands the same written forms and many more. A query that found nothing counts with 0.

* ``R@k``: the share of a query's relevant documents that are among its first k.
* ``Success@k``: whether any of them is.
* ``RR@k``: 1 / the rank of the first of them, 0 beyond k; its mean is the MRR.
* ``nDCG@k``: discounted gain of the first k by the graded judgements, over that of the best order.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from math import ceil
from typing import TYPE_CHECKING, Any

from mmsearch.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.datasets.trec import Qrels, Run

    PerQuery = Mapping[str, Mapping[str, float]]  # measure -> query -> value from 0 to 1

_COUNTED = re.compile(r"(R|Success)@([1-9]\d*)")


def available(measures: Sequence[str]) -> tuple[str, ...]:
    """Those of ``measures`` that can be computed with the packages that are installed."""
    if find_spec("ir_measures") is not None:
        return tuple(measures)
    return tuple(name for name in measures if _COUNTED.fullmatch(name))


def require(measures: Sequence[str]) -> None:
    """Complain about a measure now that would fail after a long run: UsageError, MissingExtraError."""
    for name in measures:
        if _COUNTED.fullmatch(name) is None:
            _parsed(name)


def per_query(measures: Sequence[str], qrels: Qrels, run: Run) -> dict[str, dict[str, float]]:
    """Each of ``measures`` for each query of ``qrels``; queries of ``run`` that nobody judged are left out.

    Raises UsageError for a measure that nobody knows, MissingExtraError for one that needs ir-measures.
    """
    found: dict[str, dict[str, float]] = {}
    for name in dict.fromkeys(measures):
        counted = _COUNTED.fullmatch(name)
        if counted is None:
            found[name] = _computed(name, qrels, run)
            continue
        share, depth = counted[1] == "R", int(counted[2])
        found[name] = {
            query: _recall(judged, run.get(query, ()), depth, share=share) for query, judged in qrels.items()
        }
    return found


def mean(values: Mapping[str, float]) -> float:
    """The mean over queries; 0 when there is none."""
    return sum(values.values()) / len(values) if values else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of ``values`` (n >= 1) that at least ``share`` (0 to 1) of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, ceil(share * len(ordered) - 1e-9) - 1)]


def _recall(
    judged: Mapping[str, int], ranked: Sequence[tuple[str, float]], depth: int, *, share: bool
) -> float:
    relevant = {document for document, relevance in judged.items() if relevance > 0}
    found = sum(document in relevant for document, _ in ranked[:depth])
    return found / max(1, len(relevant)) if share else float(found > 0)


def _computed(name: str, qrels: Qrels, run: Run) -> dict[str, float]:
    measure = _parsed(name)
    import ir_measures

    # Ranks, not scores: ir-measures breaks ties of scores by document name.
    ranked = {
        query: {document: -float(rank) for rank, (document, _) in enumerate(run.get(query, ()))}
        for query in qrels
    }
    values = dict.fromkeys(qrels, 0.0)
    for metric in ir_measures.iter_calc([measure], {q: dict(judged) for q, judged in qrels.items()}, ranked):
        values[metric.query_id] = float(metric.value)
    return values


def _parsed(name: str) -> Any:
    try:
        import ir_measures
    except ImportError as error:
        raise MissingExtraError(f"The measure {name}", "evaluate") from error
    try:
        return ir_measures.parse_measure(name)
    except (NameError, ValueError, SyntaxError, TypeError) as error:
        raise UsageError(f"no measure {name!r}: R@10, Success@1, nDCG@10, RR@10, AP@100 are some") from error
