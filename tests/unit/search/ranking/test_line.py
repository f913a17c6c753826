from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.search.ranking.line import split


def wrong(evalues: list[float], above: int, cutoff: float) -> int:
    """Hits on the wrong side of a line below the first ``above``."""
    return sum(e > cutoff for e in evalues[:above]) + sum(e <= cutoff for e in evalues[above:])


@given(st.lists(st.floats(0, 3), max_size=30))
def test_the_line_leaves_the_fewest_hits_on_the_wrong_side(evalues: list[float]) -> None:
    above = split(np.array(evalues), 0.6)
    least = min(wrong(evalues, place, 0.6) for place in range(len(evalues) + 1))
    assert wrong(evalues, above, 0.6) == least


def test_where_score_and_chance_agree_it_stands_at_the_cutoff() -> None:
    assert split(np.array([0.001, 0.1, 0.6, 0.61, 5.0]), 0.6) == 3
    assert split(np.array([2.0, 3.0]), 0.6) == 0
    assert split(np.array([]), 0.6) == 0
