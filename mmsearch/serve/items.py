"""One item as the page's panel shows it: its document, its pictures, its copies, what stands around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmsearch.search.results.context import passages_around
from mmsearch.serve.problems import RefusedError
from mmsearch.serve.shown import API, is_file, kind_of, size_of, thumbnail_address
from mmsearch.wire import VERSION
from mmsearch.wire.documents import document_as_json

if TYPE_CHECKING:
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.values import StoredItem

# Passages before and after that are shown, and items of a document: a book has thousands.
AROUND = 2
MOST_ITEMS = 200
MOST_COPIES = 100


def item_as_shown(catalogue: Catalogue, item_id: int) -> dict[str, Any]:
    """The item ``item_id`` with its document; RefusedError (404) when there is none."""
    item = stored_item(catalogue, item_id)
    items = catalogue.document_items(item.document_id)
    picture = (
        item if item.modality == "image" else next((one for one in items if one.modality == "image"), None)
    )
    width, height = size_of(item.fields) if picture is not None else (None, None)
    before, after = passages_around(items, item_id, AROUND)
    place = next(n for n, one in enumerate(items) if one.item_id == item_id)
    first = max(0, min(place - MOST_ITEMS // 2, len(items) - MOST_ITEMS))
    shown = picture or item
    return {
        "version": VERSION,
        "item_id": item_id,
        "document": document_as_json(items[first : first + MOST_ITEMS]),
        "kind": kind_of(item.path, item.modality, item.locator),
        "thumbnail": None if picture is None else thumbnail_address(picture.key),
        "width": width,
        "height": height,
        "original": f"{API}/items/{shown.item_id}/original" if is_file(item.path) else None,
        "copies": copies_of(catalogue, shown),
        "before": [one.to_dict() for one in before],
        "after": [one.to_dict() for one in after],
    }


def stored_item(catalogue: Catalogue, item_id: int) -> StoredItem:
    """The item of this number; RefusedError (404) when there is none."""
    found = catalogue.items([item_id]) if 0 <= item_id < 1 << 63 else []
    if not found:
        raise RefusedError(404, f"there is no item {item_id} in this index")
    return found[0]


def copies_of(catalogue: Catalogue, item: StoredItem) -> list[dict[str, Any]]:
    """Other documents with an item of the same content."""
    documents = [
        number
        for corpus in catalogue.corpora()
        for number, _ in catalogue.documents_with_key(corpus.corpus_id, item.key)
        if number != item.document_id
    ]
    found = []
    for number in documents[:MOST_COPIES]:
        same = next((one for one in catalogue.document_items(number) if one.key == item.key), None)
        if same is not None:
            found.append({"path": same.path, "item_id": same.item_id})
    return found
