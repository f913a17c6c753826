"""A recording into segments that sound alike: where the vectors change, a new one begins.

Neighbors are merged, the most alike first, as long as that hardly moves the vectors from their means (Ward,
"Hierarchical Grouping to Optimize an Objective Function", JASA 1963, of neighbors only). A steady sound stays one
segment however long it is. What is behind is not seen again, so that a day of recording needs no memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.types import Vector

# What merging may cost: the windows of the smaller one times the squared distance of the means, about. With it pairs of
# different sounds of 4 seconds are two segments, and a minute of rain is one (docs/log.md).
MOST_MOVED = 2.0
# A segment of fewer windows is no segment of its own where it has a neighbor.
LEAST_WINDOWS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """Seconds ``start`` to ``end``, the ``total`` (d,) of its ``count`` windows' unit vectors, and their digests."""

    start: float
    end: float
    total: Vector
    count: int
    digests: bytes

    @property
    def vector(self) -> Vector:
        """The unit vector (d,) of the whole."""
        length = float(np.linalg.norm(self.total))
        return np.asarray(self.total / max(length, 1e-12), dtype=np.float32)

    def joined(self, other: Segment) -> Segment:
        """With the ``other`` that follows."""
        return Segment(
            self.start,
            other.end,
            self.total + other.total,
            self.count + other.count,
            self.digests + other.digests,
        )

    def cost(self, other: Segment) -> float:
        """How far the windows of both are moved when they become one, in squared distances."""
        apart = self.total / self.count - other.total / other.count
        return float(self.count * other.count / (self.count + other.count) * (apart @ apart))


class Segmenter:
    """Takes windows, one segment each, in order; gives segments as soon as they are settled."""

    def __init__(self) -> None:
        self._open: list[Segment] = []

    def add(self, windows: Sequence[Segment]) -> list[Segment]:
        """What can't change any more, after windows that follow those before without a gap."""
        self._open = merge([*self._open, *windows], ended=False)
        # a short one at the end may grow, or be joined to the one before
        kept = 2 if self._open and self._open[-1].count < LEAST_WINDOWS else 1
        settled, self._open = self._open[:-kept], self._open[-kept:]
        return settled

    def end(self) -> list[Segment]:
        """What was open: silence follows, or nothing."""
        settled, self._open = merge(self._open), []
        return settled


def merge(segments: Sequence[Segment], *, ended: bool = True) -> list[Segment]:
    """Neighbors merged until every further step would cost more than ``MOST_MOVED``; short ones in any case.

    Unless the sound has ``ended`` there, the last one may still be short.
    """
    left = list(segments)
    costs = [one.cost(other) for one, other in pairwise(left)]
    while costs:
        at = int(np.argmin(costs))
        if costs[at] > MOST_MOVED:
            looked_at = left if ended else left[:-1]
            short = [n for n, one in enumerate(looked_at) if one.count < LEAST_WINDOWS]
            if not short:
                break
            places = [place for n in short for place in (n - 1, n) if 0 <= place < len(costs)]
            at = min(places, key=costs.__getitem__)
        left[at : at + 2] = [left[at].joined(left[at + 1])]
        del costs[at]
        for place in (at - 1, at):
            if 0 <= place < len(costs):
                costs[place] = left[place].cost(left[place + 1])
    return left
