"""The documents that the words of a query find best, and the passage of each that has most of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.ann.bm25 import Statistics, gains, idf, resistance
from mmsearch.ann.placement import contains

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mmsearch.ann.terms import Term
    from mmsearch.search.index.lexicon import Lexicon, Places
    from mmsearch.types import Ids, Scores

# A score below this is made of words that most documents have.
SMALLEST = 1e-4
# The crowd begins behind so many documents beside the best one, but one of so many at most.
CROWD, OF_SO_MANY = 9, 8


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """n documents best first, by the one of their ``items`` (n,) that has most of the words; their BM25 ``scores``
    (n,), and which are ``whole`` (n,): that item's document has all words, in one item, by its titles or in it.

    ``highest`` is the best score in the whole index, whatever is among, and ``singled_out`` how far it stands above
    the tenth, 0 to 1.
    """

    items: Ids
    scores: Scores
    whole: NDArray[np.bool_]
    highest: float
    singled_out: float


def ranked(lexicon: Lexicon, found: Sequence[tuple[Term, Places]], among: Ids | None, depth: int) -> Ranked:
    """The ``depth`` documents with the highest scores, by (-score, place); of their items those ``among`` count.

    What a word tells is reckoned from all documents, whatever is among.
    """

    told = [term.weight * idf(places.owners.size, lexicon.statistics.documents) for term, places in found]
    counts = [(places.owners, places.gains) for _, places in found]
    chosen, best = _highest(lexicon, counts, told, depth)
    highest, singled_out = _standing_out(best, lexicon.documents.size)
    allowed = None if among is None else contains(among, lexicon.items)
    if allowed is not None:
        counts = [_allowed(lexicon, places, allowed) for _, places in found]
        chosen, best = _highest(lexicon, counts, told, depth)
    entries = _best_entries(lexicon, found, allowed, chosen)
    whole = _whole(lexicon, found, counts, allowed, chosen)
    return Ranked(lexicon.items[entries], best, whole, highest, singled_out)


def _standing_out(best: Scores, documents: int) -> tuple[float, float]:
    """The first of ``best`` scores, which fall, of so many ``documents``, and how far it is above the crowd, 0 to 1."""
    if not best.size:
        return 0.0, 0.0
    place = min(max(1, documents // OF_SO_MANY), CROWD, documents - 1)
    crowd = float(best[place]) if place < best.size else 0.0
    return float(best[0]), 1.0 - crowd / float(best[0])


def _allowed(lexicon: Lexicon, places: Places, allowed: NDArray[np.bool_]) -> tuple[Ids, Scores]:
    """The documents that have a word in entries that are allowed, each once, and what that gains them."""
    kept = allowed[places.rows]
    owners, rows = np.unique(lexicon.owner[places.rows[kept]], return_inverse=True)
    return owners, lexicon.gained(
        owners, np.bincount(rows, places.counts[kept], owners.size).astype(np.float64)
    )


def _highest(
    lexicon: Lexicon, counts: Sequence[tuple[Ids, Scores]], told: Sequence[float], depth: int
) -> tuple[Ids, Scores]:
    """The rows of the ``depth`` documents with the highest scores above 0, by (-score, row), and these scores."""
    every = np.zeros(lexicon.documents.size)
    for (owners, gained), weight in zip(counts, told, strict=True):
        every[owners] += weight * gained
    least = float(every.max(initial=0.0))
    kept = 0
    while kept < depth and least > 0.0:  # a few looks take less than a selection among all
        least = least / 2.0 if least > SMALLEST else 0.0
        kept = int(np.count_nonzero(every > least))
    places = np.flatnonzero(every > least)
    return _first(places, every[places], depth)


def _first(places: Ids, values: Scores, depth: int) -> tuple[Ids, Scores]:
    """The ``depth`` of ``places``, ascending, with the highest ``values``, by (-value, place), and their values."""
    if places.size > depth:
        least = np.partition(values, places.size - depth)[places.size - depth]
        places, values = places[values >= least], values[values >= least]
    order = np.argsort(-values, kind="stable")[:depth]
    return places[order], values[order]


def _best_entries(
    lexicon: Lexicon, found: Sequence[tuple[Term, Places]], allowed: NDArray[np.bool_] | None, chosen: Ids
) -> Ids:
    """The entry of each of the documents ``chosen`` that has the highest score by itself; the first of equal ones."""
    if lexicon.one_each:
        return lexicon.only[chosen]
    wanted = np.zeros(lexicon.documents.size, dtype=bool)
    wanted[chosen] = True
    sums = np.zeros(lexicon.items.size)
    statistics = Statistics(lexicon.items.size, lexicon.statistics.tokens)
    for term, places in found:
        of_wanted = wanted[lexicon.owner[places.rows]]
        if allowed is not None:
            of_wanted &= allowed[places.rows]
        rows = places.rows[of_wanted]
        against = resistance(lexicon.tokens[rows], statistics, lexicon.parameters)
        told = term.weight * idf(places.owners.size, lexicon.statistics.documents)
        sums[rows] += gains(places.counts[of_wanted], against, told, lexicon.parameters)
    found_rows = np.flatnonzero(sums > 0)
    ordered = found_rows[
        np.lexsort((-lexicon.order[found_rows], sums[found_rows], lexicon.owner[found_rows]))
    ]
    last = np.searchsorted(lexicon.owner[ordered], chosen, side="right") - 1
    return np.asarray(ordered[last])


def _whole(
    lexicon: Lexicon,
    found: Sequence[tuple[Term, Places]],
    counts: Sequence[tuple[Ids, Scores]],
    allowed: NDArray[np.bool_] | None,
    chosen: Ids,
) -> NDArray[np.bool_]:
    """Which of the documents ``chosen`` have an entry with all words that are not optional, titles taken along."""
    needed = [place for place, (term, _) in enumerate(found) if not term.optional]
    complete = np.sort(chosen) if needed else chosen[:0]
    for place in sorted(needed, key=lambda place: counts[place][0].size):
        complete = complete[contains(counts[place][0], complete)]
    whole = contains(complete, chosen)
    if lexicon.one_each or len(needed) < 2 or not complete.size:
        return whole
    candidates = np.zeros(lexicon.documents.size, dtype=bool)
    candidates[complete] = True
    own = np.zeros(lexicon.items.size, dtype=np.int16)
    for place in needed:
        places = found[place][1]
        here = candidates[lexicon.owner[places.rows]]
        if allowed is not None:
            here &= allowed[places.rows]
        own[places.rows[here]] += 1
    entries = np.flatnonzero(own)
    together = np.zeros(entries.size, dtype=np.int16)
    for place in needed:
        places = found[place][1]
        has = np.zeros(lexicon.items.size, dtype=bool)
        has[places.rows] = True
        for_all = np.zeros(lexicon.documents.size, dtype=bool)
        for_all[lexicon.owner[places.rows[places.for_all]]] = True
        together += has[entries] | for_all[lexicon.owner[entries]]
    in_one = np.zeros(lexicon.documents.size, dtype=bool)
    in_one[lexicon.owner[entries[together == len(needed)]]] = True
    return np.asarray(whole & in_one[chosen])
