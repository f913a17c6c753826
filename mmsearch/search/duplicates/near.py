"""Pairs of near vectors among many, in blocks, and the groups that pairs make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.calibration.centering import shared_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from mmsearch.ann.index import VectorIndex
    from mmsearch.types import Ids, Vectors

# Rows of one block: its products with another are 16 MB, and a matrix product of that size runs at full speed.
BLOCK = 2048
# Neighbors of a picture that are looked at: more than there are copies of most.
NEIGHBORS = 20


def centered(vectors: VectorIndex, ids: Ids) -> Vectors:
    """The vectors (n, dimension) of ``ids`` without what they share, at unit length; zero where nothing is left."""
    rows = np.concatenate(
        [vectors.vectors(ids[start : start + BLOCK]) for start in range(0, ids.size, BLOCK)]
    )
    rows -= shared_mean(rows)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows /= np.where(lengths > 0, lengths, 1.0)
    return rows


def near_pairs(
    rows: Vectors, least: float, progress: Callable[[int, int], None] | None = None
) -> Iterator[NDArray[np.int64]]:
    """Pairs (n, 2), i < j, of unit ``rows`` whose product is at least ``least``, block by block, best first in each.

    Of each row, the ``NEIGHBORS`` nearest that come after it: a series of alike pictures is joined by chains. Never
    holds more than the products of two blocks and the pairs of one.
    """
    starts = range(0, len(rows), BLOCK)
    for done, top in enumerate(starts):
        places = np.empty((0, 2), dtype=np.int64)
        near = np.empty(0, dtype=np.float32)
        for left in starts[done:]:
            products = rows[top : top + BLOCK] @ rows[left : left + BLOCK].T
            if left == top:
                products[np.tri(len(products), dtype=bool)] = -np.inf
            found = np.argwhere(products >= least)
            near = np.concatenate([near, products[found[:, 0], found[:, 1]]])
            places = np.concatenate([places, found + np.array((top, left))])
            kept = _nearest(places[:, 0], near)
            places, near = places[kept], near[kept]
        order = np.lexsort((places[:, 1], places[:, 0], -near))
        yield places[order]
        if progress is not None:
            progress(done + 1, len(starts))


def _nearest(owners: Ids, near: NDArray[np.float32]) -> Ids:
    """The places of the ``NEIGHBORS`` highest of ``near`` (n,) for each of ``owners`` (n,)."""
    order = np.lexsort((-near, owners))
    firsts = np.searchsorted(owners[order], owners[order], side="left")
    return np.asarray(order[np.arange(order.size) - firsts < NEIGHBORS])
