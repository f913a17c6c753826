"""Duplicates in an index: the same content twice, and pictures that were made from one another. Nothing is deleted.

The same content is known by its hash. For the rest, pictures whose vectors lie near each other (after the mean
of all is taken off, so that "near" means the same in every collection) are candidates. An encoder also puts two
photographs of one scene side by side, so what the two files show is then compared (search/duplicates/perceptual.py).
A group is a connected component of confirmed pairs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.duplicates.components import Components
from mmsearch.search.duplicates.near import centered, near_pairs
from mmsearch.search.duplicates.pictures import Candidates
from mmsearch.search.duplicates.report import DuplicateReport, group_of
from mmsearch.search.index.documents import common
from mmsearch.search.index.passing import why_nothing_passes
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mmsearch.search.duplicates.report import DuplicateGroup
    from mmsearch.search.duplicates.request import DuplicatesRequest
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.types import Ids, Modality

# Pairs whose hashes are compared in one go (2.5 MB).
PAIRS = 4096


def duplicates(
    request: DuplicatesRequest, index: SearchIndex, *, progress: Callable[[int, int], None] | None = None
) -> DuplicateReport:
    """The groups of duplicate documents; ``progress`` hears (blocks done, of all).

    Memory: 4 bytes x dimension for each picture, and a fixed amount. Raises MissingExtraError without the extra
    ``duplicates`` unless ``exact_only``, UsageError for an unknown field.
    """
    allowed = None if request.condition is None else index.catalogue.select_items(request.condition)
    groups = _exact_texts(index, allowed)
    contents = _contents(index, "image", allowed)
    near = Components(len(contents))
    reader = Candidates(index, contents)
    if not request.exact_only and len(contents) > 1:
        _join_near(request, index, contents, near, reader, progress)
    joined: list[list[Ids]] = [[contents[row] for row in rows] for rows in near.groups(alone=True)]
    found = [group for rows in joined if (group := group_of(index, "image", rows)) is not None]
    groups = sorted([*groups, *found], key=lambda group: (-group.spare_bytes, group.members[0].document_id))
    searched = index.documents.ids.size if allowed is None else allowed.size
    notes = () if searched else why_nothing_passes(request.condition, index)
    return DuplicateReport(tuple(groups), tuple(reader.unreadable), int(searched), reader.read, notes)


def _placed(index: SearchIndex, modality: Modality, allowed: Ids | None) -> tuple[Ids, Ids]:
    """Items (n,), ascending, and a number (n,) that is the same for items of equal content.

    Equal content is encoded once, so that it shares a row, and no two contents do.
    """
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
    ids, rows = _placed(index, modality, allowed)
    if not ids.size:
        return []
    order = np.lexsort((ids, rows))
    starts = np.flatnonzero(np.diff(rows[order], prepend=rows[order][0] - 1))
    return sorted(np.split(ids[order], starts[1:]), key=lambda items: int(items[0]))


def _exact_texts(index: SearchIndex, allowed: Ids | None) -> list[DuplicateGroup]:
    """Documents without pictures that consist of the same texts."""
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
    found = (group_of(index, "text", [np.array(items)]) for items in same.values() if len(items) > 1)
    return [group for group in found if group is not None]


def _contains(many: Ids, one: int) -> bool:
    return common(np.array([one]), many).size > 0


def _join_near(
    request: DuplicatesRequest,
    index: SearchIndex,
    contents: Sequence[Ids],
    near: Components,
    reader: Candidates,
    progress: Callable[[int, int], None] | None,
) -> None:
    """Join what the hashes confirm among pairs of near vectors, the nearest first."""
    vectors = index.vector_index(index.encoders[0], "image")
    assert vectors is not None
    rows = centered(vectors, np.array([items[0] for items in contents]))
    for pairs in near_pairs(rows, _least_stored(index, request.least_cosine), progress):
        reader.prepare(np.unique(pairs).tolist())
        for start in range(0, len(pairs), PAIRS):
            some = pairs[start : start + PAIRS]
            for one, other in reader.alike(some, request.most_bits, mirrored=request.mirrored):
                # A series of a thousand alike needs a thousand comparisons in detail, not half a million.
                if not near.joined(one, other) and reader.same(one, other, mirrored=request.mirrored):
                    near.join(one, other)


def _least_stored(index: SearchIndex, cosine: float) -> float:
    """The cosine that two stored vectors have, on average, when their originals have ``cosine``.

    Of two vectors' signs it is 2 / pi arcsin(cosine) (Goemans and Williamson, 1995); other forms keep it.
    """
    first = index.encoders[0].fingerprint
    if any(one.fingerprint == first and one.precision == "binary" for one in index.catalogue.encoders()):
        return 2 / math.pi * math.asin(max(-1.0, min(cosine, 1.0)))
    return cosine
