"""Which pictures are the same, as their files tell: hashes first, then details (search/duplicates/perceptual.py)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.cores import cores
from mmsearch.errors import MediaError
from mmsearch.search.duplicates.perceptual import (
    LEAST_QUALITY,
    details,
    different_bits,
    fingerprint,
    same_details,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from mmsearch.search.duplicates.perceptual import Fingerprint
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.store.catalogue.values import StoredItem
    from mmsearch.types import Ids

# Pictures whose details are kept at hand (60 kB each).
DETAILS_KEPT = 1024
# Pictures that are read at the same time.
READERS = min(4, cores())


class Candidates:
    """Pictures of an index that may be the same, by the places of their ``contents``.

    Each is read once, and its fingerprint (2.7 kB) kept; ``unreadable`` are (path, reason) of those that can't be.
    """

    def __init__(self, index: SearchIndex, contents: Sequence[Ids]) -> None:
        self._index, self._contents = index, contents
        self.fingerprints: dict[int, Fingerprint | None] = {}
        self.unreadable: list[tuple[str, str]] = []
        self._details = lru_cache(maxsize=DETAILS_KEPT)(self._details_of)

    @property
    def read(self) -> int:
        """How many pictures were read."""
        return len(self.fingerprints)

    def alike(self, pairs: Ids, most_bits: int, *, mirrored: bool) -> list[tuple[int, int]]:
        """Those of ``pairs`` (n, 2) whose hashes differ in at most ``most_bits``, in their order."""
        readable = [(one, other) for one, other in pairs.tolist() if self._known(one) and self._known(other)]
        if not readable:
            return []
        ones, others = (
            np.stack([found.hashes for pair in readable if (found := self.fingerprints[pair[side]])])
            for side in (0, 1)
        )
        bits = different_bits(ones, others, mirrored=mirrored)
        return [readable[place] for place in np.flatnonzero(bits <= most_bits)]

    def same(self, one: int, other: int, *, mirrored: bool) -> bool:
        """Whether two pictures that were read agree in detail."""
        first = self._details(one)
        return same_details(first, self._details(other)) or (
            mirrored and same_details(first, details(self._gray(other)[:, ::-1]))
        )

    def _gray(self, row: int) -> NDArray[np.uint8]:
        found = self.fingerprints[row]
        assert found is not None
        return found.gray

    def _details_of(self, row: int) -> NDArray[np.float32]:
        return details(self._gray(row))

    def _known(self, row: int) -> bool:
        """Whether the picture was read and is not all but empty."""
        found = self.fingerprints.get(row)
        return found is not None and found.quality >= LEAST_QUALITY

    def prepare(self, rows: Iterable[int]) -> None:
        """Read the pictures of the contents ``rows`` that were not read yet."""
        from concurrent.futures import ThreadPoolExecutor

        missing = sorted(set(rows) - self.fingerprints.keys())
        if not missing:
            return
        stored = self._index.catalogue.items([int(self._contents[row][0]) for row in missing])
        by_item = {item.item_id: item for item in stored}
        files = [by_item.get(int(self._contents[row][0])) for row in missing]
        with ThreadPoolExecutor(READERS) as readers:
            for row, item, found in zip(missing, files, readers.map(_fingerprint, files), strict=True):
                self.fingerprints[row] = None if isinstance(found, str) else found
                if item is not None and item.locator.kind != "whole":
                    continue  # it lies in a document: pages are alike without being copies
                if item is not None and isinstance(found, str):
                    self.unreadable.append((item.path, found))


def _fingerprint(item: StoredItem | None) -> Fingerprint | str:
    """The fingerprint of an item's picture, or why there is none."""
    if item is None:
        return "removed meanwhile"
    if item.locator.kind != "whole":
        return "lies in a document"
    try:
        return fingerprint(Path(item.corpus_root.rstrip("/")) / item.path)
    except MediaError as error:
        return str(error)
    except OSError as error:
        return error.strerror or str(error)
