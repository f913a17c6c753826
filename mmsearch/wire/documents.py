"""Documents as plain dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmsearch.wire import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.store.catalogue.values import StoredItem


def documents_as_json(documents: Sequence[Sequence[StoredItem]]) -> dict[str, Any]:
    """What ``mmsearch show --json`` prints: each document by its items, of which there is at least one."""
    return {"version": VERSION, "documents": [document_as_json(items) for items in documents]}


def document_as_json(items: Sequence[StoredItem]) -> dict[str, Any]:
    """A document with its fields and ``items``."""
    first = items[0]
    return {
        "document_id": first.document_id,
        "path": first.path,
        "corpus": first.corpus_root,
        "title": first.title,
        "fields": dict(first.fields),
        "items": [
            {
                "item_id": i.item_id,
                "modality": i.modality,
                "locator": str(i.locator),
                "part": i.locator.part or None,
                "label": i.locator.text_label(i.modality),
                "text": i.text,
            }
            for i in items
        ],
    }
