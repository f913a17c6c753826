"""Items drawn by what they are, so that a sample does not depend on ids, nor on how an index is split.

The contents whose keys, which are hashes, come next after a number that the seed gives: the first of a union are among
the first of its parts.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.ann.placement import contains
from mmsearch.search.index.protocol import WHOLE
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from mmsearch.ann.index import VectorIndex
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.types import Ids, Modality, VectorKind, Vectors

# How many times as many contents are looked at when those that were had too few vectors.
MORE = 4


def sample(index: SearchIndex, encoder: Encoder, kind: VectorKind, n: int, seed: int) -> tuple[Ids, Vectors]:
    """At most ``n`` different items with a vector of ``encoder``, and their vectors (n, dimension).

    By the keys of their contents; items of equal content in their order. Whole documents go by their first items.
    """
    vectors = index.vector_index(encoder, kind)
    if vectors is None:
        return np.empty(0, dtype=np.int64), np.zeros((0, encoder.dimension), dtype=np.float32)
    modalities = tuple(modality for modality in MODALITIES if kind in (WHOLE, modality))
    ids = _drawn(index, vectors, modalities, n, seed)
    return ids, vectors.vectors(ids)


def _drawn(
    index: SearchIndex, vectors: VectorIndex, modalities: tuple[Modality, ...], n: int, seed: int
) -> Ids:
    start = hashlib.sha256(f"sample {seed}".encode()).digest()
    asked = n
    while True:
        listed = [index.catalogue.drawn(modality, start, asked) for modality in modalities]
        found = [pair for some in listed for pair in some]
        keys = [(key < start, key) for key, _ in found]
        # what comes behind the end of a list that may go on is not known to be next
        ends = [
            (some[-1][0] < start, some[-1][0])
            for some in listed
            if some and len({key for key, _ in some}) == asked
        ]
        last = min(ends, default=None)
        items = np.array([item for _, item in found], dtype=np.int64)
        places = index.documents.place_of(items)
        rows = [
            row
            for row in np.flatnonzero(contains(vectors.ids, items)).tolist()
            if last is None or keys[row] <= last
        ]
        if len(rows) >= n or last is None:
            rows.sort(key=lambda row: (keys[row], places[row]))
            return items[rows[:n]]
        asked *= MORE
