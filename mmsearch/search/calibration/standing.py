"""How one query stands in a channel: where its scores lie among those of all items."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mmsearch.types import Scores

# This share of a channel's items, those with the lowest scores, have nothing to do with a query, and their mean says
# where it stands: that of all would hold it against a query that many items answer it. Chosen on the dev collections.
UNRELATED = 0.7
# So many deviations the mean of such a share of a Gaussian's values lies below the mean of all.
BELOW = 0.4967
# One query's own location and scale among n items count as much as those of all queries do with so many.
OWN_ITEMS = 20


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one query's scales lie in a channel: ``level``, by the unrelated ones, and ``deviation``.

    ``usual`` is the deviation of a usual query. A sentence of the kind that captions are is near to every caption, and
    to no picture in particular: judged by the channel alone its ranking would be full of captions. Judged by its own
    scores alone (z-scores of each query) it would lose by what is true of a whole collection, where all items are of
    one kind. So the level is the query's, and the scale half way between the query's and the usual one.
    """

    level: float = 0.0
    deviation: float = 1.0
    usual: float = 1.0

    @classmethod
    def of(cls, scales: Scores, usual: float) -> Standing:
        """From the query's scores (n,) of a sample of items; of few items it is hardly known."""
        if not scales.size:
            return cls(0.0, usual, usual)
        own = scales.size / (scales.size + OWN_ITEMS)
        deviation = own * float(scales.std()) + (1.0 - own) * usual
        lowest = np.sort(scales)[: ceil(UNRELATED * scales.size)]
        return cls(own * (float(lowest.mean()) + BELOW * usual), deviation, usual)

    @property
    def unit(self) -> float:
        """The scales of one corrected deviation: half way between this query's and the usual one, as ratios."""
        return float((self.deviation * self.usual) ** 0.5)

    def corrected(self, scales: Scores) -> Scores:
        """``scales`` as so many of its ``unit`` above this query's level."""
        return np.asarray((scales - self.level) / self.unit)
