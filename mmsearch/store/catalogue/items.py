"""Items with what a hit shows of their documents: path, title, fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mmsearch.store.catalogue.fields import field_value
from mmsearch.store.catalogue.values import StoredItem, json_ids
from mmsearch.types import Locator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.store.catalogue.database import Database
    from mmsearch.types import FieldValue, Ids


def stored_items(
    database: Database, by: Literal["i.id", "i.document_id"], ids: Sequence[int] | Ids
) -> list[StoredItem]:
    """The items with these ids, or of these documents, by document and in document order."""
    rows = database.rows(
        f"""
        SELECT i.id, i.document_id, c.root, d.path, i.modality, i.locator, i.text, d.title, k.key
        FROM items i JOIN documents d ON d.id = i.document_id JOIN corpora c ON c.id = d.corpus_id
        JOIN contents k ON k.id = i.content_id
        WHERE {by} IN (SELECT value FROM json_each(?)) ORDER BY i.document_id, i.position
        """,
        (json_ids(ids),),
    )
    fields = _fields(database, {row[1] for row in rows})
    return [
        StoredItem(item, document, root, path, modality, Locator.parse(where), text, title, given, key)
        for item, document, root, path, modality, where, text, title, key in rows
        for given in [fields[document]]
    ]


def _fields(database: Database, document_ids: set[int]) -> dict[int, dict[str, FieldValue]]:
    fields: dict[int, dict[str, FieldValue]] = {number: {} for number in document_ids}
    query = """
        SELECT document_id, name, kind, text, number FROM fields
        WHERE kind <> 'part' AND document_id IN (SELECT value FROM json_each(?)) ORDER BY id
    """
    for document_id, name, *value in database.rows(query, (json_ids(sorted(document_ids)),)):
        fields[document_id][name] = field_value(*value)
    return fields
