"""How strong a match is, 0 to 100: its score, and nothing but its score, on a scale that a person can read.

So a list that is sorted by relevance falls in strength as it falls in score, whatever was taken off a score (minus
parts, NOT, a dislike) or scored it anew. What the expected count says, that strangers would be found as well, is
another thing: it decides which hits are shown, not their order.

- Scores in decades (`calibrated`, the default, and `logodds`): 50 for 2 decades, as rare as 1 in 100, and half as far
  from 100 with every further 2. Weights count by their ratios: the heaviest channel's is taken for 1.
- Other fusions have no unit: the score as a share of the highest that their formula can give with these weights.
- Recommendations, in scales: 50 where a Gaussian has 1 in 100 strangers, and half as far from 100 with as much again.

0 where nothing is left of a score, 100 where a filter alone decides.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mmsearch.search.ranking.task import Task
    from mmsearch.search.results.hit import Hit
    from mmsearch.types import Scores

# What strengths of 50 stand for: decades of evidence, and scales above a background.
HALF_DECADES = 2.0
HALF_SCALES = 2.3263478740


def strengths(scores: Scores, task: Task) -> Scores:
    """The strengths (n,) of documents with ``scores`` (n,) by ``task``: higher for a higher score, or equal."""
    if not task.columns:
        return np.full(scores.size, 100.0)
    heaviest = max(task.weights)
    if not heaviest > 0.0:
        return np.zeros(scores.size)
    match task.fusion.name:
        case "calibrated" | "logodds":
            return _saturating(scores / heaviest, HALF_DECADES)
        case "rrf":
            most = sum(task.weights) / (task.fusion.rrf_k + 1.0)
        case "combsum":
            most = sum(task.weights)
        case "combmnz":
            most = sum(task.weights) * sum(weight > 0.0 for weight in task.weights)
    return np.asarray(100.0 * np.clip(scores / most, 0.0, 1.0))


def strengths_of_scales(scores: Scores) -> Scores:
    """The strengths (n,) of likenesses (n,) in scales above a background."""
    return _saturating(scores, HALF_SCALES)


def falling(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """``hits``, none of them stronger than one before it.

    For lists whose first hits were scored anew: what comes behind them keeps its place, though not all of it has a
    lower score.
    """
    found: list[Hit] = []
    for hit in hits:
        least = min(hit.strength, found[-1].strength) if found else hit.strength
        found.append(hit if least == hit.strength else replace(hit, strength=least))
    return tuple(found)


def _saturating(scores: Scores, half: float) -> Scores:
    return np.asarray(100.0 * (1.0 - 2.0 ** (-np.maximum(scores, 0.0) / half)))
