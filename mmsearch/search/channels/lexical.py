"""The lexical channel: what the words of a query find in titles, captions, names, fields and passages.

BM25 has no ceiling and its scale changes with every query. Where all words are found its scores are set against what
the query's words could bring, s / (s + c Σ idf): 0 for no word, about 2/3 for all of them, whatever else is in the
list. Where some of them are, a share counts of how far these surpass what strangers share.
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.ann.placement import contains
from mmsearch.ann.terms import Term, all_of, any_of, phrase, terms
from mmsearch.search.channels.pieces import look_within, plan
from mmsearch.search.channels.signals import Signals
from mmsearch.search.index.documents import common

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.search.channels.pieces import Plan, Within
    from mmsearch.search.channels.signals import Said
    from mmsearch.search.index.documents import Documents
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.values import StoredItem
    from mmsearch.types import Ids, Scores

# What a word counts in a column: a name is given on purpose, a passage says much by the way.
COLUMN_WEIGHTS = {"title": 3.0, "caption": 1.5, "name": 2.0, "fields": 1.5, "text": 1.0, "grams": 1.0}
# c in s / (s + c Σ idf): BM25 gives about its idf for each word that occurs once in a text of usual length.
SATURATION = 0.5
# What s / (s + c Σ idf) = 1 tells, in decades. All words found tell as much as a likeness that 1 in 1,000 has.
SCALE = 4.5
# Items that the channel finds at most.
DEPTH = 1_000
# Scoring an item costs 2 µs. Rare words are looked up one by one until so many items have them; the more
# frequent ones count only where all words are found.
MOST_POSTINGS = 600
# A word in more items than this says too little for the time that it takes.
MOST_COMMON = 20_000
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
# What a text that says the same as a query has of all that the query's words could tell: texts that describe one
# thing share a third to a half of their words' weight, other texts that are as like a tenth to a fifth.
EXPECTED = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """What the words found: items ``ids`` (n,), ascending, and what that says of them (``signals``).

    ``raw`` (n,) are their BM25 scores, and ``ceiling`` the c Σ idf that these are set against. ``whole`` are the items
    with all of the words, ascending; ``searched`` is the number of items; ``expected`` is what the words would tell, in
    decades, of a text that says the same, by those of them of which every item was found; ``pieces`` were looked for
    within words.
    """

    ids: Ids
    signals: Signals
    raw: Scores
    ceiling: float
    whole: Ids
    searched: int
    expected: float = 0.0
    pieces: tuple[str, ...] = ()


def match(catalogue: Catalogue, documents: Documents, text: str, among: Ids | None, searched: int) -> Matches:
    """What the words of ``text`` find among ``searched`` items (``among``, or all)."""
    found = terms(text)
    counts = [documents.count(catalogue, term.expression) for term in found]
    rows = max(catalogue.word_statistics().items, 1)
    ceiling = SATURATION * max(sum(_idf(count, rows) for count in counts), 1e-9)
    complete = _match_all(catalogue, found, counts, among)
    rare = _rare(found, counts)
    partial = _match_any(catalogue, list(rare), among) if len(found) > 1 else complete
    best: dict[int, float] = dict(zip(partial[0].tolist(), partial[1].tolist(), strict=True))
    best.update(zip(complete[0].tolist(), complete[1].tolist(), strict=True))
    planned = plan(text, found, counts)
    within = None if planned is None else _within(catalogue, planned, among, rows)
    if within is not None:
        for item, score in zip(within.ids.tolist(), within.scores.tolist(), strict=True):
            best[item] = best.get(item, 0.0) + score
    ids = np.array(sorted(best), dtype=np.int64)
    scores = np.array([best[item] for item in ids.tolist()], dtype=np.float64)
    surprise = DECADES * scores
    if within is not None:
        told = np.searchsorted(ids, within.ids[within.whole])
        surprise[told] = np.maximum(surprise[told], within.surprise[within.whole])
    whole = np.isin(ids, complete[0], assume_unique=True)
    partly = PARTIAL * surprise
    surprise[whole] = np.maximum(surprise[whole], surprise_of(ALL_WORDS_EVALUE, searched))
    unit = scores / (scores + ceiling)
    pieces = () if planned is None else planned.pieces
    evidence = np.where(whole, np.maximum(SCALE * unit, partly), partly)
    could = sum(_idf(count, rows) for count in rare.values() if count <= DEPTH)
    expected = PARTIAL * EXPECTED * DECADES * could
    signals = Signals(evidence, surprise, unit)
    return Matches(ids, signals, scores, ceiling, ids[whole], searched, expected, pieces)


def _within(catalogue: Catalogue, planned: Plan, among: Ids | None, rows: int) -> Within:
    """What the planned pieces of words found; ``whole`` are the items that have the other words too."""
    found = look_within(catalogue, planned.pieces, among, DEPTH, lambda count: _idf(count, max(rows, count)))
    if planned.words is None:
        return replace(found, whole=np.zeros_like(found.whole))
    if not planned.words or not found.whole.any():
        return found
    having = _matched(catalogue, all_of(planned.words), found.ids[found.whole])[0]
    return replace(found, whole=found.whole & np.isin(found.ids, having))


def surprise_of(evalue: float, searched: int) -> float:
    """-log10 of the probability that gives this expected count among ``searched`` items."""
    return max(0.0, math.log10(max(searched, 1) / evalue))


def name_matches(catalogue: Catalogue, text: str, matches: Matches) -> Said:
    """Those of ``matches`` whose document has ``text`` as its very name, title, caption, or a field's value."""
    wanted = _plain(text)
    order = np.lexsort((matches.ids, -matches.raw))[:NAMES_READ]
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
    count = catalogue.count_matches(expression)
    return (
        np.sort(catalogue.match_words(expression, depth=count)[0]) if count else np.empty(0, dtype=np.int64)
    )


def _names(item: StoredItem) -> set[str]:
    """What an item is called: file name, title, caption, and the texts of its document's fields."""
    names = [PurePosixPath(item.path).stem, PurePosixPath(item.path).name, item.title or ""]
    if item.locator.kind in ("title", "caption"):
        names.append(item.text or "")
    for value in item.fields.values():
        if isinstance(value, str):
            names += [value, *value.split(";")]
    return set(map(_plain, names))


def _plain(text: str) -> str:
    """``text`` as names are compared: letters and digits, without case."""
    return " ".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).casefold()))


def _match_all(
    catalogue: Catalogue, found: Sequence[Term], counts: Sequence[int], among: Ids | None
) -> tuple[Ids, Scores]:
    if not found or min(counts) == 0 or min(counts) > MOST_COMMON:
        return _nothing()
    return _matched(catalogue, all_of(found), among)


def _rare(found: Sequence[Term], counts: Sequence[int]) -> dict[Term, int]:
    """The rarest terms that any item has, as many as there is time to look up, and how many items have each."""
    rare: dict[Term, int] = {}
    postings = 0
    for count, term in sorted(zip(counts, found, strict=True), key=lambda pair: pair[0]):
        if count == 0:
            continue
        postings += count
        if postings > (MOST_POSTINGS if rare else MOST_COMMON):
            break
        rare[term] = count
    return rare


def _match_any(catalogue: Catalogue, rare: Sequence[Term], among: Ids | None) -> tuple[Ids, Scores]:
    """Items with at least one of the terms."""
    return _matched(catalogue, any_of(rare), among) if rare else _nothing()


def _matched(catalogue: Catalogue, expression: str, among: Ids | None) -> tuple[Ids, Scores]:
    """The ``DEPTH`` best items for ``expression`` among ``among`` with their scores.

    Handing over many ids takes longer than matching without them, which is as good while nothing is cut off.
    """
    if among is not None and among.size > DEPTH:
        ids, scores = catalogue.match_words(expression, depth=2 * DEPTH, weights=COLUMN_WEIGHTS)
        if ids.size < 2 * DEPTH:
            allowed = contains(among, ids)
            return ids[allowed][:DEPTH], scores[allowed][:DEPTH]
    return catalogue.match_words(expression, depth=DEPTH, weights=COLUMN_WEIGHTS, among=among)


def _idf(count: int, rows: int) -> float:
    return max(math.log((rows - count + 0.5) / (count + 0.5)), 0.0)


def _nothing() -> tuple[Ids, Scores]:
    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64)
