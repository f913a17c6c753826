"""Pairs of near vectors among many, in blocks, and the groups that pairs make."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mmsearch.ann.index import VectorIndex
    from mmsearch.types import Ids, Vectors

# Rows of one block: its products with another are 16 MB, and a matrix product of that size runs at full speed.
BLOCK = 2048


def centered(vectors: VectorIndex, ids: Ids) -> Vectors:
    """The vectors (n, dimension) of ``ids`` without their mean, at unit length; zero where nothing is left.

    Vectors of one modality share a large part (they lie in a cone); without it, unrelated ones are at right
    angles and one threshold serves every collection (arXiv 2601.18525).
    """
    import numpy as np

    rows = np.concatenate([vectors.vectors(ids[start : start + BLOCK]) for start in range(0, ids.size, BLOCK)])
    rows -= rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows /= np.where(lengths > 0, lengths, 1.0)
    return rows


def near_pairs(
    rows: Vectors, least: float, progress: Callable[[int, int], None] | None = None
) -> Iterator[list[tuple[int, int]]]:
    """Pairs (i < j) of unit ``rows`` (n, d) whose product is at least ``least``, block by block, best first in each.

    Never holds more than the products of two blocks, and the pairs of one block of rows with all after it.
    """
    import numpy as np

    starts = range(0, len(rows), BLOCK)
    for done, top in enumerate(starts):
        found: list[tuple[float, int, int]] = []
        for left in starts[done:]:
            products = rows[top : top + BLOCK] @ rows[left : left + BLOCK].T
            if left == top:
                products = np.triu(products, 1)
            places = np.argwhere(products >= least)
            near = products[places[:, 0], places[:, 1]]
            found += zip((-near).tolist(), (places[:, 0] + top).tolist(), (places[:, 1] + left).tolist(), strict=True)
        yield [(one, other) for _, one, other in sorted(found)]
        if progress is not None:
            progress(done + 1, len(starts))


class Components:
    """Connected components of ``n`` things under the pairs joined so far (union by the lower number)."""

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))

    def root(self, one: int) -> int:
        """The lowest thing that ``one`` is joined with."""
        parent = self._parent
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    def joined(self, one: int, other: int) -> bool:
        """Whether a chain of pairs leads from ``one`` to ``other``."""
        return self.root(one) == self.root(other)

    def join(self, one: int, other: int) -> None:
        """Add a pair."""
        low, high = sorted((self.root(one), self.root(other)))
        self._parent[high] = low

    def groups(self, *, alone: bool = False) -> list[list[int]]:
        """The components of two or more things (of one, too, when ``alone``), ascending, by their first."""
        found: dict[int, list[int]] = {}
        for one in range(len(self._parent)):
            found.setdefault(self.root(one), []).append(one)
        return [group for group in found.values() if alone or len(group) > 1]
