"""From a ranking to the page of it that is shown: copies fall behind the first of them, then the page is cut out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.ranking.distinct import Distinct, distinct

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.ranking.scoring import Scoring
    from mmsearch.search.ranking.task import Task
    from mmsearch.types import Ids

# More documents than there are in any index.
EVERY = 2**40
# Documents that are ranked beyond those that are asked for, in case there are copies among these.
SPARE = 2


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """The part of a ranking, without copies, that ``window`` cuts out.

    ``found`` is the ranking as far as it was looked at, copies included; the first of each are at ``places`` (m,) in it
    and have so many ``copies`` (m,). ``total`` documents are in the whole ranking without copies, exactly or about.
    """

    found: Scoring
    places: Ids
    copies: Ids
    window: slice
    total: int
    exact: bool

    @property
    def shown(self) -> Scoring:
        """The documents of the page."""
        return self.found[self.places[self.window]]


def page(
    ranked: Callable[[int], tuple[Scoring, int]],
    task: Task,
    index: SearchIndex,
    *,
    first: int,
    count: int,
    everything: bool,
    collapse: bool,
) -> Page:
    """The ``count`` documents after the ``first`` ones of a ranking.

    ``ranked`` gives the best documents, up to a number, and how many there are in all, exactly if it gives them
    all; the first of a larger number must be the same. ``everything``: ask for all of them at once.
    """
    wanted = first + count
    top = EVERY if everything else wanted + SPARE * collapse
    while True:
        found, total = ranked(top)
        listed = found.documents.size
        # without anything to rank by the filter decides, and its count is exact
        complete = listed < top or (not task.columns and listed == total)
        kept = without_copies(found, task, index, collapse=collapse)
        if complete or kept.places.size >= wanted:
            break
        top *= 2
    places, copies = kept.places, kept.copies
    return Page(
        found,
        places,
        copies,
        slice(first, wanted),
        int(places.size) if complete else max(total - int(copies.sum()), int(places.size)),
        complete,
    )


def without_copies(found: Scoring, task: Task, index: SearchIndex, *, collapse: bool) -> Distinct:
    """The first of each set of copies in ``found``, best first; each for itself unless they ``collapse``."""
    if not collapse:
        size = found.documents.size
        return Distinct(np.arange(size), np.zeros(size, dtype=np.int64))
    return distinct(found.documents, _suspects(found, task, index), index)


def _suspects(found: Scoring, task: Task, index: SearchIndex) -> NDArray[np.bool_]:
    """Which documents may have a copy among them: equal content has an equal vector, and that an equal score.

    What a report has found has other vectors, so that all must be looked at where there is one.
    """
    dense = [place for place, column in enumerate(task.columns) if column.dense is not None]
    if not dense or index.copy_groups:
        return np.ones(found.documents.size, dtype=bool)
    same = np.zeros(found.documents.size, dtype=bool)
    for place in dense:
        scores = found.signals.evidence[:, place]
        _, rows, counts = np.unique(scores, return_inverse=True, return_counts=True)
        same |= ~np.isnan(scores) & (counts[rows] > 1)
    return same
