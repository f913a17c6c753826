"""From a ranking to the page of it that is shown: copies fall behind the first of them, then the page is cut out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.ranking.distinct import distinct

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
    """The documents ``shown`` and how many ``copies`` (n,) of each are not.

    ``found`` is the ranking that they come from, copies included; ``total`` documents are in the whole of it without
    copies, exactly or about.
    """

    shown: Scoring
    copies: Ids
    found: Scoring
    total: int
    exact: bool


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
        places, copies = np.arange(listed), np.zeros(listed, dtype=np.int64)
        if collapse:
            kept = distinct(found.documents, _suspects(found, task, index), index)
            places, copies = kept.places, kept.copies
        if complete or places.size >= wanted:
            break
        top *= 2
    shown = slice(first, wanted)
    return Page(
        found[places[shown]],
        copies[shown],
        found,
        int(places.size) if complete else max(total - int(copies.sum()), int(places.size)),
        complete,
    )


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
