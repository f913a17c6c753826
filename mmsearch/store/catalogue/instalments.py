"""Documents of thousands of items, stored some items at a time; each part leaves the catalogue whole.

While a document that was there before is stored anew, its former items lie behind the new ones, at positions from
``FORMER`` on; a part takes back those that it brings again, and the last drops the rest. All of it runs inside the
caller's transaction.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from mmsearch.store.catalogue import put, tagging
from mmsearch.store.catalogue.values import json_ids
from mmsearch.store.catalogue.words import index as wordindex

if TYPE_CHECKING:
    from mmsearch.store.catalogue.database import Database
    from mmsearch.store.catalogue.values import Instalment, NewDocument
    from mmsearch.types import Modality

FORMER = 1 << 50  # no document has so many items


def put_part(database: Database, part: Instalment, encoder_id: int) -> int:
    """As Catalogue.put_instalments says, of one part; the document's id. ValueError when a first part is missing."""
    document = part.document
    contents = put.store_contents(database, [document])
    put.store_vectors(database, [document], contents, encoder_id)
    put.store_unreadable(database, [document], contents, encoder_id)
    document_id = _begin(database, document) if not part.first else _known(database, document)
    _store_items(database, document_id, part, contents)
    if part.last:
        _end(database, document_id, document.stamp)
    return document_id


def _known(database: Database, document: NewDocument) -> int:
    query = "SELECT id FROM documents WHERE corpus_id = ? AND path = ?"
    number = database.value(query, (document.corpus_id, document.path))
    if number is None:
        raise ValueError(f"nothing of {document.path} is stored that could be continued")
    return int(number)


def _begin(database: Database, document: NewDocument) -> int:
    """Store all but the items; what items there were stay behind those to come, the first of them without its
    document's words."""
    [placed] = put.placed(database, [document])
    number = placed.document_id
    if placed.known:
        tagging.set_aside(database, tagging.keep(database, [number]))
        wordindex.forget_items(database, _first_item(database, number))
        first = _first_item(database, number)
        database.connection.execute(
            "UPDATE items SET position = position + ? WHERE document_id = ? AND finding_id IS NULL",
            (FORMER, number),
        )
        wordindex.learn_items(database, first)
    put.store_documents(database, [placed], stamp="")
    put.store_fields(database, [placed], [number] if placed.known else [])
    return number


def _first_item(database: Database, document_id: int) -> list[int]:
    return [
        row[0]
        for row in database.rows(
            "SELECT id FROM items WHERE document_id = ? AND position = 0", (document_id,)
        )
    ]


def _store_items(
    database: Database, document_id: int, part: Instalment, contents: dict[tuple[Modality, bytes], int]
) -> None:
    """Insert what is new, and take back what was there."""
    items = part.document.items
    wanted = [(item.modality, str(item.locator), contents[item.modality, item.key]) for item in items]
    former = put.old_items(
        database, [document_id], since=FORMER, contents=[content for *_, content in wanted]
    )
    changed: list[int] = []
    rows = []
    fresh = put.fresh_ids(database, "items")
    for position, (item, identity) in enumerate(zip(items, wanted, strict=True), part.first):
        same = former.get((document_id, *identity), [])
        is_new = not same
        item_id = next(fresh) if is_new else same.pop(0)
        if is_new or position == 0:  # the first has the words of its document too
            changed.append(item_id)
        rows.append(put.item_row(item_id, document_id, position, item, identity[-1]))
    wordindex.forget_items(database, changed)
    database.tables.table("items").upsert_all(rows, pk="id")
    wordindex.learn_items(database, changed)


def _end(database: Database, document_id: int, stamp: str) -> None:
    query = "SELECT id FROM items WHERE document_id = ? AND position >= ? AND finding_id IS NULL"
    gone = iter(row[0] for row in database.rows(query, (document_id, FORMER)))
    while some := list(islice(gone, 1_000)):
        wordindex.forget_items(database, some)
        database.connection.execute(
            "DELETE FROM items WHERE id IN (SELECT value FROM json_each(?))", (json_ids(some),)
        )
    database.connection.execute("UPDATE documents SET stamp = ? WHERE id = ?", (stamp, document_id))
    first = _first_item(database, document_id)
    wordindex.forget_items(database, first)
    tagging.welcome_back(database, [document_id])
    wordindex.learn_items(database, first)
