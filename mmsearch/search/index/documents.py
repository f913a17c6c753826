"""Which document each item belongs to: what results are grouped by."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.ann.placement import FEW_TO_MANY, Lookup, contains
from mmsearch.errors import UsageError
from mmsearch.search.index.lexicon import Lexicon
from mmsearch.store.catalogue.conditions import And, ModalityIs, Not, Or
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.conditions import Condition
    from mmsearch.types import Ids, Modality

# Filters whose items are remembered: those of one person who pages and rephrases.
MOST_FILTERS = 8


class Documents:
    """Items ``ids`` (n,), ascending, and the document of each, ``documents`` (n,).

    ``places`` (n,) order them for ties, whenever they came: by corpus root, path and position in the document. Without
    any that is the order of ids. Made once for each generation of the catalogue (0.1 s for 100,000 items) and then
    asked for every query.
    """

    def __init__(
        self, ids: Ids, documents: Ids, modalities: Mapping[Modality, Ids], places: Ids | None = None
    ) -> None:
        self.ids, self.documents, self.modalities = ids, documents, modalities
        self.places: Ids = np.arange(ids.size) if places is None else places
        self._lookup = Lookup(ids, documents)
        self._place_lookup = Lookup(ids, self.places)
        self._lexicon: Lexicon | None = None
        self._passing: dict[str, Ids] = {}
        self._each_part: Documents | None = None

    @classmethod
    def read(cls, catalogue: Catalogue) -> Documents:
        """All items of the catalogue with their documents; ``modalities`` has the items of each, ascending."""
        with catalogue.snapshot():
            items, owners, kinds = catalogue.item_table()
            ordered = catalogue.documents_in_order()
        rows = np.argsort(ordered)
        of_document = rows[np.searchsorted(ordered[rows], owners)]
        places = np.empty(items.size, dtype=np.int64)
        places[np.argsort(of_document, kind="stable")] = np.arange(items.size)
        order = np.argsort(items)
        ids, kinds = items[order], kinds[order]
        modalities = {modality: ids[kinds == number] for number, modality in enumerate(MODALITIES)}
        return cls(ids, owners[order], modalities, places[order])

    @cached_property
    def each_alone(self) -> Documents:
        """The same items, each as a document of its own that has the item's id."""
        return Documents(self.ids, self.ids, self.modalities, self.places)

    def place_of(self, items: Ids) -> Ids:
        """The places of ``items`` (m,), all of them known: those that tie are in their order."""
        return self._place_lookup(items)

    def place_of_documents(self, documents: Ids) -> Ids:
        """The places of ``documents`` (m,), all of them known: those of their first items."""
        return self.place_of(documents) if self.documents is self.ids else self._document_places(documents)

    def first_of(self, items: Ids) -> Ids:
        """The first in order of the ``items`` (m,) of each of their documents, these ascending."""
        ordered = items[np.argsort(self.place_of(items))]
        return np.asarray(ordered[np.unique(self.of(ordered), return_index=True)[1]])

    def each_part(self, catalogue: Catalogue) -> Documents:
        """The same items, each as a document of its own, but those of one page, slide, sheet, chapter or attachment
        as one, which has the id of the first of them."""
        if self._each_part is None:
            items, firsts = catalogue.part_items()
            known = contains(self.ids, items)
            if not known.any():
                self._each_part = self.each_alone
            else:
                groups = self.ids.copy()
                groups[np.searchsorted(self.ids, items[known])] = firsts[known]
                self._each_part = Documents(self.ids, groups, self.modalities, self.places)
        return self._each_part

    def of(self, items: Ids) -> Ids:
        """The documents of ``items`` (m,), all of them known."""
        return items if self.documents is self.ids else self._lookup(items)

    def items_of(self, documents: Ids) -> Ids:
        """The items of ``documents`` (m,), which are unique; ascending."""
        if self.documents is self.ids:
            return np.sort(documents)
        items, owners = self._by_document
        first = np.searchsorted(owners, documents, side="left")
        counts = np.searchsorted(owners, documents, side="right") - first
        before = np.repeat(np.cumsum(counts) - counts, counts)
        return np.sort(items[np.repeat(first, counts) + np.arange(before.size) - before])

    def combinations(self, sets: Sequence[Ids]) -> frozenset[tuple[bool, ...]]:
        """Which of ``sets`` (ascending item ids) the documents have items in: each combination that occurs.

        Remembered, since the sets are those of the same few vector indexes for query after query.
        """
        key = tuple(map(id, sets))
        if key not in self._combinations:
            shares = np.zeros(self.ids.size, dtype=np.int64)
            for place, members in enumerate(sets):
                shares[contains(members, self.ids)] |= 1 << place
            if self.documents is not self.ids:
                _, rows = np.unique(self.documents, return_inverse=True)
                merged = np.zeros(int(rows.max(initial=-1)) + 1, dtype=np.int64)
                np.bitwise_or.at(merged, rows, shares)
                shares = merged
            found = np.flatnonzero(np.bincount(shares)).tolist()
            combinations = frozenset(tuple(bool(share >> n & 1) for n in range(len(sets))) for share in found)
            self._combinations[key] = (
                tuple(sets),
                combinations,
            )  # the sets too, so that their ids stay theirs
        return self._combinations[key][1]

    def passing(self, catalogue: Catalogue, condition: Condition) -> Ids:
        """The items that pass ``condition``, ascending: as ``catalogue.select_items``, but remembered.

        Raises UsageError for a field that no document has, and for conditions nested too deeply.
        """
        key = repr(condition)  # True, 1 and 1.0 are equal, but not the same to a filter
        passing = self._passing.get(key)
        if passing is None:
            if len(self._passing) >= MOST_FILTERS:
                self._passing.clear()
            try:
                passing = self.ids[np.flatnonzero(self._mask(catalogue, condition))]
            except RecursionError as error:
                raise UsageError("the filter is too deeply nested") from error
            self._passing[key] = passing
        return passing

    def _mask(self, catalogue: Catalogue, condition: Condition) -> NDArray[np.bool_]:
        """Whether each of ``ids`` passes. Documents are looked up and their items taken from memory."""
        match condition:
            case And(parts):
                every = [np.ones(self.ids.size, dtype=bool), *(self._mask(catalogue, part) for part in parts)]
                return np.asarray(np.all(every, axis=0))
            case Or(parts):
                some = [np.zeros(self.ids.size, dtype=bool), *(self._mask(catalogue, part) for part in parts)]
                return np.asarray(np.any(some, axis=0))
            case Not(part):
                return ~self._mask(catalogue, part)
            case ModalityIs(modality):
                return contains(self.modalities[modality], self.ids)
            case _:
                pass
        documents = catalogue.select_documents(condition)
        if documents is None:
            return contains(catalogue.select_items(condition), self.ids)
        return contains(np.sort(documents), self.documents)

    def lexicon(self, catalogue: Catalogue) -> Lexicon:
        """The words of these documents; what was looked up is remembered."""
        if self._lexicon is None:
            entries = catalogue.word_entries()
            known = contains(self.ids, entries.items)
            owners, places = np.full((2, entries.items.size), -1, dtype=np.int64)
            owners[known] = self.place_of_documents(self.of(entries.items[known]))
            places[known] = self.place_of(entries.items[known])
            self._lexicon = Lexicon(entries, owners, places)
        return self._lexicon

    @cached_property
    def _combinations(self) -> dict[tuple[int, ...], tuple[tuple[Ids, ...], frozenset[tuple[bool, ...]]]]:
        return {}

    @cached_property
    def _document_places(self) -> Lookup:
        order = np.argsort(self.places)
        documents, first = np.unique(self.documents[order], return_index=True)
        return Lookup(documents, self.places[order][first])

    @cached_property
    def _by_document(self) -> tuple[Ids, Ids]:
        order = np.argsort(self.documents, kind="stable")
        return self.ids[order], self.documents[order]


def common(items: Ids, others: Ids) -> Ids:
    """The members of ``items``, in their order, that are among ``others`` (ascending)."""
    if items.size * FEW_TO_MANY > others.size:
        return items[contains(others, items)]
    if not others.size:
        return items[:0]
    places = np.searchsorted(others, items)
    places[places == others.size] = 0
    return np.asarray(items[others[places] == items])
