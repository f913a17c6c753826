"""Duplicates in an index: the same content twice, and pictures that were made from one another. Nothing is deleted.

The same content is known by its hash. For the rest, pictures whose vectors lie near each other (after the mean
of all is taken off, so that "near" means the same in every collection) are candidates. An encoder also puts two
photographs of one scene side by side, so what the two files show is then compared (search/perceptual.py). A group
is a connected component of confirmed pairs.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError
from mmsearch.search.compose import restriction
from mmsearch.search.documents import common
from mmsearch.search.neighbors import Components, centered, near_pairs
from mmsearch.search.perceptual import (
    LEAST_QUALITY,
    MOST_DIFFERENT_BITS,
    details,
    different_bits,
    fingerprint,
    same_details,
)
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mmsearch.search.channels import SearchIndex
    from mmsearch.search.perceptual import Fingerprint
    from mmsearch.store.conditions import Condition
    from mmsearch.store.rows import StoredItem
    from mmsearch.types import Ids, Modality

# Centered cosine from which two pictures are compared: lower finds no more, higher loses cropped copies.
# Measured by `python -m benchmarks near_duplicates`.
LEAST_COSINE = 0.5
# Pairs whose hashes are compared in one go (2.5 MB).
PAIRS = 4096
# Pictures whose details are kept at hand (60 kB each).
DETAILS_KEPT = 1024
# Pictures that are read at the same time.
READERS = min(4, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Member:
    """A document of a group. ``size`` is its file's in bytes, None when the file is not there.

    Members with the same ``content`` (from 0) are equal to the last byte. ``pixels`` is width x height, 0 where
    the index does not know them.
    """

    document_id: int
    item_id: int
    path: str
    file: str
    size: int | None
    pixels: int
    content: int


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Documents of one ``modality`` that are duplicates; the one with most pixels, then most bytes, comes first.

    ``exact``: all have the same content.
    """

    modality: Modality
    members: tuple[Member, ...]

    @property
    def exact(self) -> bool:
        """Whether all members are equal to the last byte."""
        return all(member.content == self.members[0].content for member in self.members)

    @property
    def spare_bytes(self) -> int:
        """Bytes of all members but the first."""
        return sum(member.size or 0 for member in self.members[1:])


@dataclass(frozen=True, slots=True)
class DuplicateReport:
    """All groups, those with most bytes to spare first; ``unreadable`` are (path, reason) of what was not compared.

    ``searched`` pictures and texts were looked at, ``compared`` pictures were read for it.
    """

    groups: tuple[DuplicateGroup, ...]
    unreadable: tuple[tuple[str, str], ...]
    searched: int
    compared: int

    @property
    def spare_bytes(self) -> int:
        """Bytes of everything but the first of each group."""
        return sum(group.spare_bytes for group in self.groups)


def duplicates(
    index: SearchIndex,
    *,
    where: str | Condition | None = None,
    path: str | Sequence[str] | None = None,
    exact_only: bool = False,
    mirrored: bool = False,
    least_cosine: float = LEAST_COSINE,
    most_bits: int = MOST_DIFFERENT_BITS,
    progress: Callable[[int, int], None] | None = None,
) -> DuplicateReport:
    """The groups of duplicate documents among those that pass ``where`` and ``path`` (globs).

    ``exact_only`` reads no file. ``mirrored`` takes a picture and its mirror image for duplicates too.
    ``least_cosine`` and ``most_bits`` (of 256) are the thresholds; ``progress`` hears (blocks done, of all).
    Memory: 4 bytes x dimension for each picture, and a fixed amount. Raises MissingExtraError without the extra
    ``duplicates`` unless ``exact_only``, UsageError for an unknown field.
    """
    condition = restriction(where=where, path=path)
    allowed = None if condition is None else index.catalogue.select_items(condition)
    groups = _exact_texts(index, allowed)
    contents = _contents(index, "image", allowed)
    near = Components(len(contents))
    reader = _Reader(index, contents)
    if not exact_only and len(contents) > 1:
        _join_near(index, contents, near, reader, least_cosine, most_bits, mirrored, progress)
    joined: list[list[Ids]] = [[contents[row] for row in rows] for rows in near.groups(alone=True)]
    found = [group for rows in joined if (group := _group(index, "image", rows)) is not None]
    groups = sorted([*groups, *found], key=lambda group: (-group.spare_bytes, group.members[0].document_id))
    searched = index.documents.ids.size if allowed is None else allowed.size
    return DuplicateReport(tuple(groups), tuple(reader.unreadable), int(searched), reader.read)


def _placed(index: SearchIndex, modality: Modality, allowed: Ids | None) -> tuple[Ids, Ids]:
    """Items (n,), ascending, and a number (n,) that is the same for items of equal content.

    Equal content is encoded once, so that it shares a row, and no two contents do.
    """
    import numpy as np

    for record in index.catalogue.encoders():
        if record.fingerprint == index.encoders[0].fingerprint:
            ids, rows = index.catalogue.embeddings(record.encoder_id, modality)
            if allowed is not None:
                kept = np.isin(ids, allowed, assume_unique=True)
                ids, rows = ids[kept], rows[kept]
            return ids, rows
    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)


def _contents(index: SearchIndex, modality: Modality, allowed: Ids | None) -> list[Ids]:
    """The items of each content, ascending; in the order of the first of them."""
    import numpy as np

    ids, rows = _placed(index, modality, allowed)
    if not ids.size:
        return []
    order = np.lexsort((ids, rows))
    starts = np.flatnonzero(np.diff(rows[order], prepend=rows[order][0] - 1))
    return sorted(np.split(ids[order], starts[1:]), key=lambda items: int(items[0]))


def _exact_texts(index: SearchIndex, allowed: Ids | None) -> list[DuplicateGroup]:
    """Documents without pictures that consist of the same texts."""
    import numpy as np

    ids, rows = _placed(index, "text", allowed)
    if not ids.size:
        return []
    documents = index.documents.of(ids)
    others = [_placed(index, modality, None)[0] for modality in MODALITIES if modality != "text"]
    pictured = np.unique(index.documents.of(np.concatenate(others)))
    same: dict[tuple[int, ...], list[int]] = {}
    order = np.lexsort((ids, documents))
    starts = np.flatnonzero(np.diff(documents[order], prepend=-1))
    for part in np.split(order, starts[1:]):
        if not _contains(pictured, int(documents[part[0]])):
            same.setdefault(tuple(rows[part].tolist()), []).append(int(ids[part[0]]))
    found = (_group(index, "text", [np.array(items)]) for items in same.values() if len(items) > 1)
    return [group for group in found if group is not None]


def _contains(many: Ids, one: int) -> bool:
    import numpy as np

    return common(np.array([one]), many).size > 0


def _join_near(
    index: SearchIndex,
    contents: Sequence[Ids],
    near: Components,
    reader: _Reader,
    least_cosine: float,
    most_bits: int,
    mirrored: bool,
    progress: Callable[[int, int], None] | None,
) -> None:
    """Join what the hashes confirm among pairs of near vectors, the nearest first."""
    import numpy as np

    vectors = index.vector_index(index.encoders[0], "image")
    assert vectors is not None
    rows = centered(vectors, np.array([items[0] for items in contents]))
    for pairs in near_pairs(rows, _least_stored(index, least_cosine), progress):
        reader.prepare(np.unique(pairs).tolist())
        for start in range(0, len(pairs), PAIRS):
            for one, other in reader.alike(pairs[start : start + PAIRS], most_bits, mirrored=mirrored):
                # A series of a thousand alike needs a thousand comparisons in detail, not half a million.
                if not near.joined(one, other) and reader.same(one, other, mirrored=mirrored):
                    near.join(one, other)


def _least_stored(index: SearchIndex, cosine: float) -> float:
    """The cosine that two stored vectors have, on average, when their originals have ``cosine``.

    Of two vectors' signs it is 2 / pi arcsin(cosine) (Goemans and Williamson, 1995); other forms keep it.
    """
    first = index.encoders[0].fingerprint
    if any(one.fingerprint == first and one.precision == "binary" for one in index.catalogue.encoders()):
        return 2 / math.pi * math.asin(max(-1.0, min(cosine, 1.0)))
    return cosine


class _Reader:
    """Reads each candidate once and keeps its fingerprint (2.7 kB); notes what can't be read."""

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
        import numpy as np

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
                if item is not None and isinstance(found, str):
                    self.unreadable.append((item.path, found))


def _fingerprint(item: StoredItem | None) -> Fingerprint | str:
    """The fingerprint of an item's picture, or why there is none."""
    if item is None:
        return "removed meanwhile"
    try:
        return fingerprint(Path(item.corpus_root.rstrip("/")) / item.path)
    except MediaError as error:
        return str(error)
    except OSError as error:
        return error.strerror or str(error)


def _group(index: SearchIndex, modality: Modality, contents: Sequence[Ids]) -> DuplicateGroup | None:
    """The documents of ``contents`` as a group; None when they are one document."""
    content_of = {int(item): number for number, items in enumerate(contents) for item in items}
    if len(content_of) < 2:
        return None
    members: dict[int, Member] = {}
    for item in index.catalogue.items(sorted(content_of)):
        file = f"{item.corpus_root.rstrip('/')}/{item.path}"
        member = Member(
            item.document_id,
            item.item_id,
            item.path,
            file,
            _size(file),
            _pixels(item.fields),
            content_of[item.item_id],
        )
        members.setdefault(item.document_id, member)
    if len(members) < 2:
        return None
    ranked = sorted(members.values(), key=lambda one: (-one.pixels, -(one.size or 0), one.document_id))
    return DuplicateGroup(modality, tuple(ranked))


def _size(file: str) -> int | None:
    try:
        return os.stat(file).st_size
    except OSError:
        return None


def _pixels(fields: Mapping[str, object]) -> int:
    width, height = fields.get("width"), fields.get("height")
    return width * height if isinstance(width, int) and isinstance(height, int) else 0
