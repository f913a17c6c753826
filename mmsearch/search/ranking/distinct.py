"""Copies among ranked documents, so that each thing is shown once.

Equal content is known by its hash. That pictures were made from one another only their files can tell
(search/duplicates/): what a report has found is kept in the index, and looked up here. Vectors alone don't tell:
at the centered cosine above which no two of 1,000 photographs were taken for copies (0.92), two fifths of the true
copies were found, and 182 pairs of different products among 1,500.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.index.documents import common

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mmsearch.search.index.documents import Documents
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.types import Ids


@dataclass(frozen=True, slots=True, eq=False)
class Distinct:
    """Ranked documents without copies: their ``places`` (n,) in the ranking, ascending, and how many
    ``copies`` (n,) of each come after it in the ranking."""

    places: Ids
    copies: Ids


def distinct(ranked: Ids, suspects: NDArray[np.bool_], index: SearchIndex) -> Distinct:
    """The first of each set of copies among ``ranked`` (n,) documents, so that a longer ranking begins the same.

    Documents are copies when they have the same pictures, or, without pictures, consist of the same texts; pictures
    also count as the same that a report has found to be made from one another. Only ``suspects`` (n,) are compared.
    """
    labels = np.arange(ranked.size)
    places = np.flatnonzero(suspects)
    if places.size > 1:
        labels[places] = places[_labels(ranked[places], index)]
    _, first, counts = np.unique(labels, return_index=True, return_counts=True)
    return Distinct(first.astype(np.int64), (counts - 1).astype(np.int64))


def _labels(ranked: Ids, index: SearchIndex) -> Ids:
    """The place (n,) of the first of ``ranked`` that is a copy of each: its own, mostly."""
    documents, groups = index.documents, index.copy_groups
    contents: dict[int, list[object]] = {document: [] for document in ranked.tolist()}
    pictures = common(documents.items_of(np.sort(ranked)), documents.modalities["image"])
    pictured = set(documents.of(pictures).tolist())
    bare = np.array(sorted(contents.keys() - pictured), dtype=np.int64)
    for items in (pictures, _comparable(documents.items_of(bare), documents)):
        keys = index.catalogue.content_keys(items)
        items = items[np.argsort(documents.place_of(items))]
        for item, document in zip(items.tolist(), documents.of(items).tolist(), strict=True):
            key = keys.get(item)
            contents[document].append(
                item if key is None else ("group", groups[key]) if key in groups else key
            )
    first: dict[object, int] = {}
    places = []
    for place, document in enumerate(ranked.tolist()):
        whole = tuple(contents[document]) or document
        places.append(first.setdefault(whole, place))
    return np.array(places, dtype=np.int64)


def _comparable(items: Ids, documents: Documents) -> Ids:
    """Those of ``items`` whose document has as many as another one: long texts are seldom worth the look."""
    _, rows, lengths = np.unique(documents.of(items), return_inverse=True, return_counts=True)
    known, times = np.unique(lengths, return_counts=True)
    return np.asarray(items[np.isin(lengths, known[times > 1])[rows]])
