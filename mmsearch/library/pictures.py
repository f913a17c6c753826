"""Pictures of an index for those who may see its corpus and nothing else: by content key or item, never by a path."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmsearch.errors import MediaError, UsageError
from mmsearch.store.original import file_within

if TYPE_CHECKING:
    from pathlib import Path

    from mmsearch.library.open_index import OpenIndex
    from mmsearch.store.catalogue.values import StoredItem
    from mmsearch.thumbnails import SmallPicture


def thumbnail(index: OpenIndex, key: bytes, size: int) -> SmallPicture:
    """`Library.thumbnail`: of documents with equal content, the first whose file can be read."""
    items = index.catalogue.pictures_with_key(key)
    if not items:
        raise UsageError("no picture of this index has this content")
    refused: MediaError | None = None
    for item in items:
        try:
            return index.thumbnails.small(file_within(item), item.key, size, item.locator)
        except MediaError as error:
            refused = refused or error
    assert refused is not None
    raise refused


def view(index: OpenIndex, item_id: int) -> SmallPicture:
    """`Library.view`."""
    item = _item(index, item_id)
    if item.modality != "image":
        raise UsageError(f"item {item_id} is no picture")
    return index.thumbnails.view(file_within(item), item.key, item.locator)


def original(index: OpenIndex, item_id: int) -> Path:
    """`Library.original`."""
    return file_within(_item(index, item_id))


def _item(index: OpenIndex, item_id: int) -> StoredItem:
    found = index.catalogue.items([item_id]) if 0 <= item_id < 1 << 63 else []
    if not found:
        raise UsageError(f"this index has no item {item_id}")
    return found[0]
