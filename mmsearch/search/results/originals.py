"""Which of several copies of a picture is the original: the one that is shown, whichever of them was found first."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from mmsearch.store.original import file_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.results.hit import Hit
    from mmsearch.store.catalogue.values import StoredItem
    from mmsearch.types import FieldValue, Ids


def pixels_of(item: StoredItem) -> int:
    """Width times height, 0 where the index does not know them."""
    width, height = item.fields.get("width"), item.fields.get("height")
    return _whole(width) * _whole(height)


def bytes_of(file: str) -> int | None:
    """The size of ``file``; None when it is not there."""
    try:
        return os.stat(file).st_size
    except OSError:
        return None


def originals(
    hits: Sequence[Hit], index: SearchIndex, among: Ids | None, left_out: Iterable[int] = ()
) -> tuple[Hit, ...]:
    """``hits`` in which a picture that was made from another one of the index gives its place to that one.

    The one with most pixels, then most bytes, is shown, of those that a report has found to be the same picture
    (`mmsearch duplicates --remember`), if its item is ``among`` those that may be found (None: all) and its document
    is not ``left_out``. Rank, score and reasons are those of the copy that was found.
    """
    if not index.copy_groups:
        return tuple(hits)
    hidden = frozenset(left_out)
    return tuple(_original(hit, index, among, hidden) for hit in hits)


def _original(hit: Hit, index: SearchIndex, among: Ids | None, left_out: frozenset[int]) -> Hit:
    if hit.modality != "image":
        return hit
    found = next(iter(index.catalogue.items([hit.item_id])), None)
    if found is None or found.key not in index.copy_groups:
        return hit
    others = [
        item
        for item in _pictures_of_group(index, index.copy_groups[found.key])
        if item.document_id not in left_out and (among is None or item.item_id in among)
    ]
    best = min(
        [found, *others],
        key=lambda item: (-pixels_of(item), -(bytes_of(file_of(item)) or 0), item.corpus_root, item.path),
    )
    if best.document_id == found.document_id:
        return hit
    return replace(
        hit,
        item_id=best.item_id,
        document_id=best.document_id,
        corpus_root=best.corpus_root,
        path=best.path,
        locator=best.locator,
        title=best.title,
        key=best.key,
        fields=best.fields,
    )


def _pictures_of_group(index: SearchIndex, group: int) -> Iterator[StoredItem]:
    keys = [key for key, number in index.copy_groups.items() if number == group]
    for corpus in index.catalogue.corpora():
        for key in keys:
            for document, _ in index.catalogue.documents_with_key(corpus.corpus_id, key):
                for item in index.catalogue.document_items(document):
                    if item.key == key and item.modality == "image":
                        yield item


def _whole(value: FieldValue | None) -> int:
    return value if isinstance(value, int) else 0
