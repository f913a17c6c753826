"""The words of an open index: which documents have a word, and how often, decoded once and remembered."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mmsearch.ann.bm25 import Parameters, Statistics, gains, resistance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mmsearch.ann.terms import Term
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.words.postings import Entries, Posting
    from mmsearch.types import Ids, Scores

    Rows: TypeAlias = NDArray[np.int32]
    Counts: TypeAlias = NDArray[np.float32]

# What a word counts in a column: a name is given on purpose, a passage says much by the way.
COLUMN_WEIGHTS = {"title": 3.0, "caption": 1.5, "name": 2.0, "fields": 1.5, "text": 1.0, "grams": 1.0}
# Columns of a document, which its first entry has for all.
OF_DOCUMENTS = ("title", "name", "fields")
# Places that are remembered, 29 bytes each.
MOST_REMEMBERED = 1_500_000


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where a word stands: ``rows`` (n,) of entries, ascending, each once, the weighted ``counts`` (n,) there, and
    which of them have it on behalf of their whole document, ``for_all`` (n,).

    ``owners`` (m,) are the rows of the documents, ascending, each once, ``sums`` (m,) their weighted counts, and
    ``gains`` (m,) what BM25 makes of these for a word of idf 1.
    """

    rows: Rows
    counts: Counts
    for_all: NDArray[np.bool_]
    owners: Ids
    sums: Counts
    gains: Scores


class Lexicon:
    """The entries of the word index in their groups: rows of n entries, and rows of m documents.

    ``items`` (n,) are the items of entries, ``tokens`` (n,) their lengths, ``owner`` (n,) the row of the document of
    each; ``documents`` (m,) their numbers, ascending, and ``lengths`` (m,) their tokens. Ties go to the lower number,
    and within a document to the lower of the ``order`` (n,) of entries. Where each document has one entry
    (``one_each``), ``only`` (m,) are the rows of these.
    """

    def __init__(
        self,
        entries: Entries,
        documents: Ids,
        order: Ids | None = None,
        parameters: Parameters = Parameters(),  # noqa: B008
    ) -> None:
        """``documents`` (n,): the number of that of each entry; an entry of a negative one is passed over."""
        known = np.flatnonzero(documents >= 0)
        self.items, self.tokens = entries.items[known], entries.tokens[known]
        self.order = self.items if order is None else order[known]
        self.documents, owner = np.unique(documents[known], return_inverse=True)
        self.owner: Ids = owner.astype(np.int64)
        self.lengths: Ids = np.bincount(owner, self.tokens, self.documents.size).astype(np.int64)
        self.statistics = Statistics(int(self.documents.size), int(self.tokens.sum()))
        self.parameters = parameters
        self._against = resistance(self.lengths, self.statistics, parameters)
        self.one_each = self.documents.size == self.items.size
        self.only: Ids = np.argsort(owner, kind="stable") if self.one_each else owner[:0]
        self._numbers = entries.ids[known]
        self._remembered: dict[str, Places] = {}
        self._size = 0
        self._lock = threading.Lock()

    def places(self, catalogue: Catalogue, terms: Sequence[Term]) -> list[Places]:
        """Where each of ``terms`` stands."""
        with self._lock:
            known = {term.expression: self._used(term) for term in terms}
        unknown = {term.expression: term for term in terms if known[term.expression] is None}
        looked_up = catalogue.postings([(term.tokens, term.expression) for term in unknown.values()])
        for expression, found in zip(unknown, looked_up, strict=True):
            known[expression] = self._placed(found)
        with self._lock:
            for expression in unknown:
                self._remember(expression, known[expression])
        return [places for term in terms if (places := known[term.expression]) is not None]

    def _used(self, term: Term) -> Places | None:
        places = self._remembered.pop(term.expression, None)
        if places is not None:
            self._remembered[term.expression] = places  # the last one used stays longest
        return places

    def _remember(self, expression: str, places: Places | None) -> None:
        if places is None or expression in self._remembered:
            return
        self._remembered[expression] = places
        self._size += places.rows.size
        while self._size > MOST_REMEMBERED and len(self._remembered) > 1:
            oldest = self._remembered.pop(next(iter(self._remembered)))
            self._size -= oldest.rows.size

    def _placed(self, found: Sequence[Posting]) -> Places:
        rows, counts = self._rows(found, COLUMN_WEIGHTS)
        whole, _ = self._rows([one for one in found if one.column in OF_DOCUMENTS], COLUMN_WEIGHTS)
        for_all = np.zeros(rows.size, dtype=bool) if not whole.size else np.isin(rows, whole)
        owners = self.owner[rows]
        if owners.size < 2 or bool((owners[1:] > owners[:-1]).all()):
            return Places(rows, counts, for_all, owners, counts, self.gained(owners, counts))
        every = np.bincount(owners, counts, self.documents.size)
        unique = np.flatnonzero(np.bincount(owners, minlength=self.documents.size))
        sums: Counts = every[unique].astype(np.float32)
        return Places(rows, counts, for_all, unique, sums, self.gained(unique, sums))

    def gained(self, owners: Ids, sums: Counts | Scores) -> Scores:
        """What documents in the rows ``owners`` (m,) gain by a word of idf 1 that they have ``sums`` (m,) times."""
        return gains(sums, self._against[owners], 1.0, self.parameters)

    def _rows(self, found: Sequence[Posting], weights: dict[str, float]) -> tuple[Rows, Counts]:
        """The rows of living entries, ascending, each once, and what they have in all columns together."""
        rows: list[Rows] = []
        counts: list[Counts] = []
        for posting in found:
            place = np.searchsorted(self._numbers, posting.entries)
            place[place == self._numbers.size] = 0
            living = self._numbers[place] == posting.entries if self._numbers.size else place < 0
            rows.append(place[living].astype(np.int32))
            counts.append(posting.counts[living].astype(np.float32) * np.float32(weights[posting.column]))
        if not rows:
            return np.empty(0, dtype=np.int32), np.empty(0, dtype=np.float32)
        if len(rows) == 1:
            return rows[0], counts[0]
        every = np.concatenate(rows)
        unique, places = np.unique(every, return_inverse=True)
        sums = np.bincount(places, np.concatenate(counts), unique.size)
        return unique, sums.astype(np.float32)
