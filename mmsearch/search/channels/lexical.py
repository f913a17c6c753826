"""The lexical channel: what the words of a query find in titles, captions, names, fields and passages.

BM25 has no ceiling and its scale changes with every query. Where all words are found its scores are set against what
the query's words could bring, s / (s + c Σ idf): 0 for no word, about 2/3 for all of them, whatever else is in the
list. Where some of them are, a share counts of how far these surpass what strangers share.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.ann.bm25 import idf
from mmsearch.ann.placement import contains
from mmsearch.ann.terms import all_of, phrase, terms
from mmsearch.search.channels.lexical_ranking import ranked
from mmsearch.search.channels.pieces import look_within, plan
from mmsearch.search.channels.signals import Signals
from mmsearch.search.index.documents import common
from mmsearch.store.catalogue.words.grams import WORD
from mmsearch.store.folding import folded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mmsearch.search.channels.lexical_ranking import Ranked
    from mmsearch.search.channels.pieces import Plan, Within
    from mmsearch.search.channels.signals import Said
    from mmsearch.search.index.documents import Documents
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.values import StoredItem
    from mmsearch.types import Ids, Scores

# c in s / (s + c Σ idf): BM25 gives about its idf for each word that occurs once in a text of usual length.
SATURATION = 0.5
# What s / (s + c Σ idf) = 1 tells, in decades. All words found tell as much as a likeness that 1 in 1,000 has.
SCALE = 4.5
# Documents that the channel finds at most.
DEPTH = 1_000
# The expected count of an item with all of the words: it is what was asked for, by the user's own words.
ALL_WORDS_EVALUE = 0.01
# An item with the query as its name, title, caption or tag: what that tells, its expected count, and how many of
# the best matches are read to see whether they are such.
NAME_SCALE = 6.0
NAME_EVALUE = 0.001
NAMES_READ = 40
# Words are not independent: captions of one kind share many. Measured on 100,000 captions, an unrelated caption's
# best score s has n exp(-0.45 s) near 1.
DEPENDENCE = 0.45
DECADES = DEPENDENCE / math.log(10.0)
# What some of the words tell, as a share of how far they surpass what strangers share: a text that has a few common
# words of a long query must not win over a picture that shows all of it. Of 0.3 to 2, on the dev collections.
PARTIAL = 0.6
# A word that is repeated tells more than its idf; no text is said to have more than this of the query's words.
MOST_SAID = 1.2
# What a text that says the same as a query has of all that the query's words could tell: texts that describe one
# thing share a third to a half of their words' weight, other texts that are as like a tenth to a fifth.
EXPECTED = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """What the words found: for each document its most telling item, ``ids`` (n,), ascending, and what that says of it
    (``signals``).

    ``raw`` (n,) are the documents' BM25 scores, and ``ceiling`` the c Σ idf that these are set against. ``whole`` are
    those whose document has all of the words in one of its items, ascending; ``searched`` is the number of items;
    ``expected`` is what the words would tell, in decades, of a text that says the same; ``said``, how far the words by
    themselves say which document is meant, from 0 to about 1: what share of all that they could tell the best one has,
    by how far it stands above the others. ``pieces`` were looked for within words.
    """

    ids: Ids
    signals: Signals
    raw: Scores
    ceiling: float
    whole: Ids
    searched: int
    expected: float = 0.0
    said: float = 0.0
    pieces: tuple[str, ...] = ()


def match(catalogue: Catalogue, documents: Documents, text: str, among: Ids | None, searched: int) -> Matches:
    """What the words of ``text`` find in ``documents``, by their items ``among`` (or all), ``searched`` of them."""
    found = terms(text)
    lexicon = documents.lexicon(catalogue)
    looked_up = list(zip(found, lexicon.places(catalogue, found), strict=True))
    counts = [places.owners.size for _, places in looked_up]
    size = max(lexicon.statistics.documents, 1)
    telling = [
        term.weight * idf(count, size) if 2 * count <= size else 0.0
        for term, count in zip(found, counts, strict=True)
    ]
    could = max(sum(telling), 1e-9)
    known = sum(told for told, count in zip(telling, counts, strict=True) if count)
    ceiling = SATURATION * could
    best = ranked(lexicon, looked_up, among, DEPTH)
    ids, scores, whole = best.items, best.scores, best.whole
    planned = plan(text, found, counts)
    surprise = DECADES * scores
    if planned is not None:
        ids, scores, whole, surprise = _with_pieces(catalogue, documents, planned, among, best, size)
    partly = PARTIAL * surprise
    surprise[whole] = np.maximum(surprise[whole], surprise_of(ALL_WORDS_EVALUE, searched))
    unit = scores / (scores + ceiling)
    evidence = np.where(whole, np.maximum(SCALE * unit, partly), partly)
    expected = PARTIAL * EXPECTED * DECADES * known
    said = min(best.highest / could, MOST_SAID) * best.singled_out
    order = np.argsort(ids)
    ids, signals = ids[order], Signals(evidence, surprise, unit)[order]
    pieces = () if planned is None else planned.pieces
    return Matches(ids, signals, scores[order], ceiling, ids[whole[order]], searched, expected, said, pieces)


def _with_pieces(
    catalogue: Catalogue, documents: Documents, planned: Plan, among: Ids | None, best: Ranked, size: int
) -> tuple[Ids, Scores, NDArray[np.bool_], Scores]:
    """Items, scores, which have all words, and surprise of ``best`` and of what has pieces of words, by document."""
    within = _within(catalogue, planned, among, size)
    owners, places = documents.of(within.ids), documents.place_of(within.ids)
    order = np.lexsort((places, -within.scores, owners))
    first = order[np.unique(owners[order], return_index=True)[1]]  # each document's best piece
    first = first[np.lexsort((places[first], -within.scores[first]))[:DEPTH]]
    items: dict[int, int] = dict(zip(documents.of(best.items).tolist(), best.items.tolist(), strict=True))
    score = dict(zip(items, best.scores.tolist(), strict=True))
    whole = dict(zip(items, best.whole.tolist(), strict=True))
    told = dict(zip(items, (DECADES * best.scores).tolist(), strict=True))
    for document, row in zip(owners[first].tolist(), first.tolist(), strict=True):
        items.setdefault(document, int(within.ids[row]))
        score[document] = score.get(document, 0.0) + float(within.scores[row])
        told[document] = DECADES * score[document]
        whole.setdefault(document, False)
        if within.whole[row]:
            told[document] = max(told[document], float(within.surprise[row]))
    listed = list(items)
    return (
        np.array([items[document] for document in listed], dtype=np.int64),
        np.array([score[document] for document in listed], dtype=np.float64),
        np.array([whole[document] for document in listed], dtype=bool),
        np.array([told[document] for document in listed], dtype=np.float64),
    )


def _within(catalogue: Catalogue, planned: Plan, among: Ids | None, size: int) -> Within:
    """What the planned pieces of words found; ``whole`` are the items that have the other words too."""
    found = look_within(catalogue, planned.pieces, among, lambda count: idf(count, max(size, count)))
    if planned.words is None:
        return replace(found, whole=np.zeros_like(found.whole))
    if not planned.words or not found.whole.any():
        return found
    having = catalogue.matching_items(all_of(planned.words))
    return replace(found, whole=found.whole & contains(having, found.ids))


def surprise_of(evalue: float, searched: int) -> float:
    """-log10 of the probability that gives this expected count among ``searched`` items."""
    return max(0.0, math.log10(max(searched, 1) / evalue))


def name_matches(catalogue: Catalogue, documents: Documents, text: str, matches: Matches) -> Said:
    """Those of ``matches`` whose document has ``text`` as its very name, title, caption, or a field's value."""
    wanted = _plain(text)
    order = np.lexsort((documents.place_of(matches.ids), -matches.raw))[:NAMES_READ]
    likely = common(matches.ids[order], matches.whole)
    named = [item.item_id for item in catalogue.items(likely.tolist()) if wanted in _names(item)]
    ids = np.array(sorted(named), dtype=np.int64)
    sure = np.ones(ids.size)
    return ids, Signals(NAME_SCALE * sure, surprise_of(NAME_EVALUE, matches.searched) * sure, sure)


def items_with(catalogue: Catalogue, text: str, *, exact: bool = False) -> Ids:
    """The items whose words include all those of ``text``, or the very phrase; ascending."""
    expression = phrase(text) if exact else (all_of(found) if (found := terms(text)) else None)
    if expression is None:
        return np.empty(0, dtype=np.int64)
    return catalogue.matching_items(expression)


def _names(item: StoredItem) -> set[str]:
    """What an item is called: file name, title, caption, and the texts of its document's fields."""
    names = [PurePosixPath(item.path).stem, PurePosixPath(item.path).name, item.title or ""]
    if item.locator.innermost.kind in ("title", "caption"):
        names.append(item.text or "")
    for value in item.fields.values():
        if isinstance(value, str):
            names += [value, *value.split(";")]
    return set(map(_plain, names))


def _plain(text: str) -> str:
    """``text`` as names are compared: folded letters and digits."""
    return " ".join(WORD.findall(folded(text)))
