"""Where chance begins in a ranking: one place, the same whatever page of it is looked at.

What ranks a document is its score, what tells it from chance its expected count. In a channel the two fall together,
but channels may disagree, so that a hit that chance would find as good stands before one that it would not. The order
is that of the scores alone, and the line stands where it leaves the fewest hits on the wrong side, those within the
cutoff below it and the others above; the lowest such place, where there are several.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.ranking.pages import EVERY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mmsearch.search.ranking.pages import Page
    from mmsearch.search.ranking.scoring import Scoring
    from mmsearch.search.ranking.threshold import Ranker
    from mmsearch.types import Scores


@dataclass(frozen=True, slots=True)
class Line:
    """So many of the documents that were looked at, copies included, stand ``above`` the line.

    ``total`` documents without copies do in all, exactly or about: about, when it stands below what was looked at.
    """

    above: int
    total: int
    exact: bool


def split(evalues: Scores, cutoff: float) -> int:
    """How many of n hits stand above the line, by their expected counts (n,), best first, as far as they tell."""
    return _split(evalues <= cutoff)[0]


def _split(within: NDArray[np.bool_]) -> tuple[int, int, int]:
    """The same; how many more of those above are within than not; and by how many they would be of all n."""
    sums = np.concatenate([[0], np.cumsum(np.where(within, 1, -1))])
    most = int(sums.max())
    return int(np.flatnonzero(sums == most)[-1]), most, int(sums[-1])


def line_through(page: Page, ranker: Ranker, searched: int, cutoff: float | None) -> Line:
    """The line through the ranking that ``page`` is of; below everything without a ``cutoff``."""
    if cutoff is None:
        return Line(page.found.documents.size, page.total, page.exact)
    found, complete = page.found, page.exact
    end = int(page.places[page.window][-1]) + 1 if page.places[page.window].size else found.documents.size
    while True:
        within = found.evalues(searched) <= cutoff
        above, most, last = _split(within)
        if complete:
            break
        # What comes later can only move the line down.
        inside = int(within.sum())
        further, count = ranker.best(inside + 1, cutoff)
        if above >= end and further.documents.size > inside:
            copies = page.found.documents.size - page.places.size
            return Line(page.found.documents.size, max(count - copies, page.places.size + 1), exact=False)
        if further.documents.size <= inside or last + count - inside < most:
            break
        deeper, _ = ranker.best(2 * within.size)
        found, complete = deeper, deeper.documents.size < 2 * within.size
    if above > page.found.documents.size:
        return Line(above, max(above, page.places.size), exact=False)
    return Line(above, int((page.places < above).sum()), exact=True)


def all_above(ranker: Ranker, searched: int, cutoff: float | None) -> Scoring:
    """Every document above the line, best first."""
    if cutoff is None:
        return ranker.best(EVERY)[0]
    within, _ = ranker.best(EVERY, cutoff)
    if not within.documents.size:
        return within
    found, _ = ranker.best(EVERY, floor=float(within.scores.min()))
    return found[: split(found.evalues(searched), cutoff)]
