"""Vectors of the queries that were asked last: who pages, sorts or filters asks for the same words again."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mmsearch.types import Vector, Vectors

# 3 MB of the shipped encoder's; its text tower takes 8 ms for each.
MOST_VECTORS = 2_000


class QueryVectors:
    """The last vectors of an encoder (by its fingerprint) and of what was asked; several threads may ask."""

    def __init__(self, most: int = MOST_VECTORS) -> None:
        self.most = most
        self._kept: OrderedDict[tuple[str, str | bytes], Vector] = OrderedDict()
        self._lock = Lock()

    def of(
        self, fingerprint: str, asked: Sequence[str | bytes], make: Callable[[Sequence[int]], Vectors]
    ) -> Vectors:
        """The vectors (n, d) of what was ``asked`` (n); ``make`` gives those at some of its places, in their order."""
        keys = [(fingerprint, one) for one in asked]
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
        missing = [place for place, key in enumerate(keys) if key not in found]
        if missing:
            made = make(missing)
            found |= {keys[place]: made[row] for row, place in enumerate(missing)}
        with self._lock:
            for key in keys:
                self._kept[key] = found[key]
                self._kept.move_to_end(key)
            while len(self._kept) > self.most:
                self._kept.popitem(last=False)
        return np.stack([found[key] for key in keys])
