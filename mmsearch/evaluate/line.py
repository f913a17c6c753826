"""What the line between matches and guesses does to a ranking: what `--strict` leaves of it, and how right that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mmsearch.datasets.trec import Qrels, Run


@dataclass(frozen=True, slots=True)
class LineFigures:
    """Shares (0 to 1) over all queries and the hits that were looked at.

    ``precision``: of the hits above the line those that are right; ``recall``: of the right hits those above it;
    ``nothing``: of the queries those that are told that nothing matches. 1 where there is nothing to count.
    """

    precision: float
    recall: float
    nothing: float


def strict(run: Run, above: Mapping[str, int]) -> Run:
    """What of each query's ranking stands ``above`` the line: so many of the first hits."""
    return {query: ranked[: above[query]] for query, ranked in run.items()}


def line_figures(qrels: Qrels, run: Run, above: Mapping[str, int]) -> LineFigures:
    """How right the line is that stands after the first ``above`` hits of each query of ``run``."""
    right, right_above, shown = 0, 0, 0
    for query, ranked in run.items():
        judged = qrels.get(query, {})
        for place, (name, _) in enumerate(ranked):
            is_right, is_above = judged.get(name, 0) > 0, place < above[query]
            right += is_right
            right_above += is_right and is_above
            shown += is_above
    return LineFigures(
        right_above / shown if shown else 1.0,
        right_above / right if right else 1.0,
        sum(above[query] == 0 for query in run) / len(run) if run else 0.0,
    )
