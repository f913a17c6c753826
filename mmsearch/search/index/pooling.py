"""Early fusion: one vector for a whole document, the mean of those of its picture and its texts.

A further channel beside those of the items, for documents that have items of several modalities. Texts that say
the same in other words are worth more together than the best of them alone, which is all that late fusion takes of
a channel. Measured by `python -m benchmarks early`: the mean as a further channel gains on captioned pictures and
loses nowhere; in the place of the others it loses where texts say different things.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

import numpy as np

from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.ann.index import VectorIndex
    from mmsearch.search.index.documents import Documents
    from mmsearch.types import Ids, Vectors

# How the vectors of a document are made; "none": there are none.
Pooling: TypeAlias = Literal["mean", "none"]
POOLINGS: tuple[Pooling, ...] = get_args(Pooling)
# The first items of a kind that count: a title, captions, the opening. The rest of a book would drown its picture.
MOST_OF_A_KIND = 8
# Vectors that are read in one go.
BLOCK = 20_000


def check_pooling(name: str | None) -> None:
    """Raise UsageError unless ``name`` is one of ``POOLINGS``, or None (as the index has it)."""
    if name is not None and name not in POOLINGS:
        raise UsageError(f"documents are fused by {' or '.join(POOLINGS)}, not by {name!r}")


def pool(documents: Documents, indexes: Sequence[VectorIndex]) -> tuple[Ids, Vectors]:
    """The vectors (n, d) of documents with items in two or more of ``indexes`` (one a modality), of unit length.

    Each stands under the id of its document's first item; these ids (n,) are ascending.
    """
    owners = [np.unique(documents.of(index.ids)) for index in indexes]
    every, counts = np.unique(np.concatenate([np.empty(0, np.int64), *owners]), return_counts=True)
    several = every[counts > 1]
    if not several.size:
        return several, np.zeros((0, 0), np.float32)
    first = np.full(several.size, np.iinfo(np.int64).max)
    sums: Vectors | None = None
    for index in indexes:
        items, rows = _leading(index.ids, documents.of(index.ids), several)
        np.minimum.at(first, rows, items)
        for start in range(0, items.size, BLOCK):
            vectors = index.vectors(items[start : start + BLOCK])
            if sums is None:
                sums = np.zeros((several.size, vectors.shape[1]), np.float32)
            np.add.at(sums, rows[start : start + BLOCK], vectors)
    assert sums is not None
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    order = np.argsort(first)
    means = (sums / np.where(lengths > 0, lengths, 1.0))[order]
    return first[order], np.asarray(means, dtype=np.float32)


def _leading(items: Ids, owners: Ids, documents: Ids) -> tuple[Ids, Ids]:
    """The first ``MOST_OF_A_KIND`` of ``items`` (m,) of each of ``documents``, and the row of its document."""
    rows = np.searchsorted(documents, owners)
    rows[rows == documents.size] = 0
    known = documents[rows] == owners
    items, rows = items[known], rows[known]
    order = np.lexsort((items, rows))
    items, rows = items[order], rows[order]
    place = np.arange(rows.size) - np.searchsorted(rows, rows, side="left")
    return items[place < MOST_OF_A_KIND], rows[place < MOST_OF_A_KIND]
