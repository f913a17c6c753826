"""BM25 of whole documents, from term counts and from statistics that are handed in.

Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, doi:10.1561/1500000019. With the
counts weighted by column before they are saturated it is what SQLite's FTS5 reckons, here for documents instead of
rows. The statistics are values: those of several machines can be added up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mmsearch.types import Ids, Scores

    Counts: TypeAlias = NDArray[np.floating[Any]]

# A word in more than half of all documents tells next to nothing, but no less than this.
LEAST_IDF = 1e-6


@dataclass(frozen=True, slots=True)
class Parameters:
    """``k1``: how soon repetitions stop to count; ``b``: how far a document's length does, 0 to 1.

    FTS5 has 1.2 and 0.75. Of 0.9 and 0.4, 1.2 and 0.5, 1.2 and 0.75, 1.5 and 0.75 the second is best or within 0.2 of
    it on the dev queries of five judged collections.
    """

    k1: float = 1.2
    b: float = 0.5


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of a collection: its number of ``documents``, and of ``tokens`` in all of them."""

    documents: int
    tokens: int

    def __add__(self, other: Statistics) -> Statistics:
        """Of both collections together."""
        return Statistics(self.documents + other.documents, self.tokens + other.tokens)

    @property
    def mean_length(self) -> float:
        """Tokens of a usual document; 1 where there are none at all."""
        return self.tokens / max(self.documents, 1) or 1.0


def idf(frequency: int, documents: int) -> float:
    """What a word tells that n = ``frequency`` of N = ``documents`` have: log((N - n + 1/2) / (n + 1/2)), above 0."""
    return max(math.log((documents - frequency + 0.5) / (frequency + 0.5)), LEAST_IDF)


def resistance(lengths: Ids, statistics: Statistics, parameters: Parameters) -> Scores:
    """What counts are set against in documents of ``lengths`` (n,) tokens: k1 (1 - b + b length / mean)."""
    k1, b = parameters.k1, parameters.b
    return k1 * (1.0 - b + b * (lengths / statistics.mean_length))


def gains(counts: Counts, resistances: Scores, idf: float, parameters: Parameters) -> Scores:
    """What one word adds to the scores of documents (n,) that have it ``counts`` (n,) times."""
    exact = counts.astype(np.float64)
    return np.asarray(idf * (exact * (parameters.k1 + 1.0)) / (exact + resistances))
