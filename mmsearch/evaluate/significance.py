"""Whether one system is better than another, query by query: the paired randomization test.

If the two were equally good, each query's difference could as well have the other sign. The p value is the
share of all choices of signs whose sum is at least as far from 0 as the one that was seen. (Smucker, Allan,
Carterette, CIKM 2007, doi:10.1145/1321440.1321528: it agrees with the t test and assumes less.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# Choices of signs that are tried when there are too many for all: p values down to 0.0001.
ROUNDS = 20_000
# Up to so many queries that differ, all 2**n choices are tried and the p value is exact.
EXACT_QUERIES = 14
# Signs made at a time; bounds the memory at 8 MB.
BLOCK_SIGNS = 1_000_000
# Sums that differ by rounding only must count as equal.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Comparison:
    """``second`` against ``first`` on the same queries; ``p`` is two-sided.

    ``better``, ``equal`` and ``worse`` count the queries by how the second did.
    """

    measure: str
    first: float
    second: float
    better: int
    equal: int
    worse: int
    p: float

    @property
    def queries(self) -> int:
        """How many queries were compared."""
        return self.better + self.equal + self.worse

    @property
    def difference(self) -> float:
        """Mean of the second minus mean of the first."""
        return self.second - self.first


def compare(
    measure: str,
    first: Mapping[str, float],
    second: Mapping[str, float],
    *,
    rounds: int = ROUNDS,
    seed: int = 0,
) -> Comparison:
    """Compare per-query values of one measure; a query that only one has counts with 0 for the other.

    ValueError when there is no query at all.
    """
    queries = sorted(first.keys() | second.keys())
    if not queries:
        raise ValueError("no query to compare")
    a = np.array([first.get(query, 0.0) for query in queries])
    b = np.array([second.get(query, 0.0) for query in queries])
    differences = b - a
    return Comparison(
        measure=measure,
        first=float(a.mean()),
        second=float(b.mean()),
        better=int((differences > 0).sum()),
        equal=int((differences == 0).sum()),
        worse=int((differences < 0).sum()),
        p=randomization_p(differences[differences != 0], rounds=rounds, seed=seed),
    )


def randomization_p(differences: NDArray[np.float64], *, rounds: int = ROUNDS, seed: int = 0) -> float:
    """Two-sided p value of the sum of ``differences`` (n,); 1 when there is none."""
    if not differences.size:
        return 1.0
    observed = abs(differences.sum()) - ROUNDING * np.abs(differences).sum()
    if differences.size <= EXACT_QUERIES:
        choices = np.arange(2**differences.size)[:, None] >> np.arange(differences.size) & 1
        return float((np.abs((2.0 * choices - 1.0) @ differences) >= observed).mean())
    random = np.random.default_rng(seed)
    as_far = tried = 0
    while tried < rounds:
        count = min(rounds - tried, max(1, BLOCK_SIGNS // differences.size))
        signs = random.integers(0, 2, (count, differences.size)) * 2.0 - 1.0
        as_far += int((np.abs(signs @ differences) >= observed).sum())
        tried += count
    return (as_far + 1) / (rounds + 1)  # the choice that was seen is one of them
