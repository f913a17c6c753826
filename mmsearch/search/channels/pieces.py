"""Pieces of words: what a query has that is no word of the index is looked for as a part of one.

``bicyc`` finds what is called a bicycle, ``cycle`` too, ``IMG_20`` all files that begin so: the beginnings of words
wherever they stand, other parts in names, titles and fields. Only what the word index does not know is looked up,
so that queries made of known words take no longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.ann.placement import contains, each_once
from mmsearch.ann.terms import all_of, substring, terms
from mmsearch.store.catalogue.words.grams import unspaced_runs
from mmsearch.store.folding import folded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mmsearch.ann.terms import Term
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.types import Ids, Scores

# The trigram index finds no shorter ones, and three letters stand in one name of a hundred by chance.
SHORTEST = 4
# A longer query is a sentence, and a word that it has by the way is no piece of a name.
MOST_WORDS = 4
# A piece counts so much of a whole word: where a word begins with it, and elsewhere.
BEGINNING_SHARE, SHARE = 0.9, 0.6
# How much a piece tells, in decades for each letter up to so many, and more where a word begins with it. Measured
# with the words of everyday sentences that are no words of an index, on 1,500 products, 3,500 textbook titles and
# 10,000 file paths: those of 4 letters stand within 1 name of 500, of 5 in 1 of 4,000, of 6 in 1 of 10,000, of 8 in 1
# of 100,000; a word begins with one of 4 letters in 1 of 2,000, of 5 in 1 of 8,000, of 6 in 1 of 30,000.
DECADES_PER_LETTER, DECADES_OF_BEGINNING = 0.6, 0.9
MOST_LETTERS = 9


@dataclass(frozen=True, slots=True)
class Plan:
    """What of a query to look for within words: ``pieces``. ``words`` are its other terms, which an item must have
    too in order to have all of the query; None when it has a word that is found neither way."""

    pieces: tuple[str, ...]
    words: tuple[Term, ...] | None


@dataclass(frozen=True, slots=True, eq=False)
class Within:
    """What pieces found: items ``ids`` (n,), ascending, with ``scores`` (n,) on the scale of BM25.

    ``whole`` (n,) says which of them have all pieces, and ``surprise`` (n,) how much that tells, in decades.
    """

    ids: Ids
    scores: Scores
    whole: NDArray[np.bool_]
    surprise: Scores


def plan(text: str, found: Sequence[Term], counts: Sequence[int]) -> Plan | None:
    """What of a query ``text`` with the terms ``found``, which ``counts`` items have, to look for within words."""
    token = folded(text).strip()
    if len(found) > 1 and " " not in token and len(token) >= SHORTEST and not unspaced_runs(token):
        return Plan((token,), ())  # "IMG_20": its parts may be words, but it is one thing
    unknown = [
        term.written for term, count in zip(found, counts, strict=True) if not count and not term.optional
    ]
    pieces = tuple(
        word
        for word in unknown
        if len(word) >= SHORTEST and not word.endswith("*") and not unspaced_runs(word)
    )
    if not pieces or len(found) > MOST_WORDS:
        return None
    known = tuple(term for term, count in zip(found, counts, strict=True) if count)
    return Plan(pieces, known if len(pieces) == len(unknown) else None)


def look_within(
    catalogue: Catalogue, pieces: Sequence[str], among: Ids | None, idf: Callable[[int], float]
) -> Within:
    """The items that the ``pieces`` (one or more) stand in; ``idf`` says what a word tells that so many items have."""
    found = _items(catalogue, pieces, among)
    ids = each_once(np.concatenate([items for pair in found for items in pair]))
    scores, surprise, whole = np.zeros(ids.size), np.zeros(ids.size), np.ones(ids.size, dtype=bool)
    for piece, (beginning, anywhere) in zip(pieces, found, strict=True):
        begins, stands = contains(beginning, ids), contains(anywhere, ids)
        scores += np.where(begins, BEGINNING_SHARE * idf(beginning.size), stands * SHARE * idf(anywhere.size))
        letters = DECADES_PER_LETTER * min(len(piece), MOST_LETTERS)
        surprise += letters + DECADES_OF_BEGINNING * begins
        whole &= begins | stands
    return Within(ids, scores, whole, surprise)


def _items(catalogue: Catalogue, pieces: Sequence[str], among: Ids | None) -> list[tuple[Ids, Ids]]:
    """Of each piece the items in which a word begins with it, and those in which it stands anywhere in a name;
    ascending."""
    asked = []
    for piece in pieces:
        parts, within = terms(f"{piece}*"), substring(piece)
        # of signs no index knows anything
        asked.append((all_of(parts), within) if parts and within is not None else None)
    answers = iter(catalogue.matching_pieces([one for one in asked if one is not None]))
    nothing = np.empty(0, dtype=np.int64)
    found = [(nothing, nothing) if one is None else next(answers) for one in asked]
    if among is None:
        return found
    return [(begin[contains(among, begin)], stand[contains(among, stand)]) for begin, stand in found]
