"""Storing documents: what is new, what stays, what goes, in a few statements for a whole batch.

All of it runs inside the caller's transaction.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from mmsearch.store.catalogue import tagging
from mmsearch.store.catalogue.fields import field_rows
from mmsearch.store.catalogue.values import json_ids, json_texts
from mmsearch.store.catalogue.words import index as wordindex
from mmsearch.store.catalogue.words.grams import grams, joined_grams, name_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mmsearch.store.catalogue.database import Database
    from mmsearch.store.catalogue.values import NewDocument, NewItem
    from mmsearch.types import Modality

_KEYS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Placed:
    """A document with its id, and whether the catalogue had it before."""

    document_id: int
    known: bool
    document: NewDocument


def put_documents(database: Database, documents: Sequence[NewDocument], encoder_id: int) -> list[int]:
    """As Catalogue.put says; the ids of the documents."""
    found = placed(database, documents)
    ids = [one.document_id for one in found]
    known = [one.document_id for one in found if one.known]
    kept = tagging.keep(database, known)
    wordindex.forget(database, known)  # first, because it reads what they are made of now
    store_documents(database, found)
    contents = store_contents(database, documents)
    store_vectors(database, documents, contents, encoder_id)
    store_unreadable(database, documents, contents, encoder_id)
    _store_items(database, found, contents)
    store_fields(database, found, known)
    tagging.restore(database, kept)
    tagging.welcome_back(database, ids)
    wordindex.learn(database, ids)
    return ids


def placed(database: Database, documents: Sequence[NewDocument]) -> list[Placed]:
    """The documents with the ids that they have already, or new ones."""
    paths: dict[int, list[str]] = defaultdict(list)
    for document in documents:
        paths[document.corpus_id].append(document.path)
    known: dict[tuple[int, str], int] = {}
    for corpus_id, some in paths.items():
        if len(set(some)) < len(some):
            raise ValueError("a path occurs twice among the documents")
        rows = database.rows(
            "SELECT path, id FROM documents WHERE corpus_id = ? AND path IN (SELECT value FROM json_each(?))",
            (corpus_id, json_texts(some)),
        )
        known.update({(corpus_id, path): number for path, number in rows})
    fresh = fresh_ids(database, "documents")
    places = ((document, known.get((document.corpus_id, document.path))) for document in documents)
    return [Placed(place or next(fresh), place is not None, document) for document, place in places]


def store_documents(database: Database, placed: Sequence[Placed], *, stamp: str | None = None) -> None:
    """Their own rows; ``stamp`` stands in the place of theirs."""
    rows = [_document_row(one) for one in placed]
    if stamp is not None:
        rows = [{**row, "stamp": stamp} for row in rows]
    database.tables.table("documents").upsert_all(rows, pk="id")


def _document_row(placed: Placed) -> dict[str, object]:
    document = placed.document
    titles = (item.text for item in document.items if item.locator.kind == "title")
    title = document.title or next(titles, None)
    strings = [value for value in document.fields.values() if isinstance(value, str)]
    return {
        "id": placed.document_id,
        "corpus_id": document.corpus_id,
        "path": document.path,
        "stamp": document.stamp,
        "title": title,
        "name": name_words(document.path),
        "grams": joined_grams([title, document.path, *strings]),
        "key": document.key,
    }


def store_contents(database: Database, documents: Sequence[NewDocument]) -> dict[tuple[Modality, bytes], int]:
    """The ids of all contents, by (modality, key)."""
    wanted = list(dict.fromkeys((item.modality, item.key) for d in documents for item in d.items))
    database.connection.executemany(
        "INSERT INTO contents (modality, key) VALUES (?, ?) ON CONFLICT DO NOTHING", wanted
    )
    keys: dict[Modality, list[bytes]] = defaultdict(list)
    for modality, key in wanted:
        keys[modality].append(key)
    found: dict[tuple[Modality, bytes], int] = {}
    for modality, listed in keys.items():
        for start in range(0, len(listed), _KEYS_AT_ONCE):
            some = listed[start : start + _KEYS_AT_ONCE]
            marks = ", ".join("?" * len(some))
            query = f"SELECT key, id FROM contents WHERE modality = ? AND key IN ({marks})"
            found.update({(modality, key): number for key, number in database.rows(query, (modality, *some))})
    return found


def store_vectors(
    database: Database,
    documents: Sequence[NewDocument],
    contents: dict[tuple[Modality, bytes], int],
    encoder_id: int,
) -> None:
    """Tie contents to rows; one that has a row of this encoder keeps it."""
    database.connection.executemany(
        """
        INSERT INTO vectors (content_id, encoder_id, modality, row) SELECT ?1, ?2, ?3, ?4
        WHERE NOT EXISTS (SELECT 1 FROM vectors WHERE content_id = ?1 AND encoder_id = ?2)
        """,
        [
            (contents[item.modality, item.key], encoder_id, item.modality, item.row)
            for document in documents
            for item in document.items
            if item.row is not None
        ],
    )


def store_unreadable(
    database: Database,
    documents: Sequence[NewDocument],
    contents: dict[tuple[Modality, bytes], int],
    encoder_id: int,
) -> None:
    """Note the contents that the encoder has a tower for, and no vector."""
    query = "SELECT instr(',' || modalities || ',', ',text,') FROM encoders WHERE id = ?"
    if not database.value(query, (encoder_id,)):
        return
    database.connection.executemany(
        "INSERT INTO unreadable (content_id, encoder_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
        {
            (contents[item.modality, item.key], encoder_id)
            for document in documents
            for item in document.items
            if item.row is None and item.modality == "text"
        },
    )


def _store_items(
    database: Database, placed: Sequence[Placed], contents: dict[tuple[Modality, bytes], int]
) -> None:
    old = old_items(database, [one.document_id for one in placed if one.known])
    fresh = fresh_ids(database, "items")
    rows = []
    for one in placed:
        for position, item in enumerate(one.document.items):
            content_id = contents[item.modality, item.key]
            same = old.get((one.document_id, item.modality, str(item.locator), content_id))
            item_id = same.pop(0) if same else next(fresh)
            rows.append(item_row(item_id, one.document_id, position, item, content_id))
    gone = json_ids([item_id for left in old.values() for item_id in left])
    database.connection.execute("DELETE FROM items WHERE id IN (SELECT value FROM json_each(?))", (gone,))
    database.tables.table("items").upsert_all(rows, pk="id")


def item_row(
    item_id: int, document_id: int, position: int, item: NewItem, content_id: int
) -> dict[str, object]:
    """The row of an item."""
    is_title = item.locator.kind == "title"  # its words belong to the document
    return {
        "id": item_id,
        "document_id": document_id,
        "position": position,
        "modality": item.modality,
        "locator": str(item.locator),
        "content_id": content_id,
        "text": item.text,
        "grams": grams(item.text) if item.text and not is_title else None,
    }


def old_items(
    database: Database, document_ids: Sequence[int], *, since: int = 0, contents: Sequence[int] | None = None
) -> dict[tuple[object, ...], list[int]]:
    """Ids of the documents' own items by what makes them the same item; lists, since nothing forbids twins.

    Of those at positions from ``since`` on, with one of ``contents`` (None: any).
    """
    old: dict[tuple[object, ...], list[int]] = defaultdict(list)
    some = "" if contents is None else "AND content_id IN (SELECT value FROM json_each(?))"
    query = f"""
        SELECT id, document_id, modality, locator, content_id FROM items
        WHERE document_id IN (SELECT value FROM json_each(?)) AND position >= ? AND finding_id IS NULL {some}
        ORDER BY id
    """
    listed = () if contents is None else (json_ids(contents),)
    for item_id, *identity in database.rows(query, (json_ids(document_ids), since, *listed)):
        old[tuple(identity)].append(item_id)
    return old


def store_fields(database: Database, placed: Sequence[Placed], known: Sequence[int]) -> None:
    """Store the fields of documents, in the place of what the ``known`` ones of them had."""
    database.connection.execute(
        "DELETE FROM fields WHERE document_id IN (SELECT value FROM json_each(?))", (json_ids(known),)
    )
    database.connection.executemany(  # most of a batch's rows: sqlite-utils would take three times as long
        "INSERT INTO fields (document_id, name, kind, text, folded, number) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (one.document_id, *row)
            for one in placed
            for name, value in one.document.fields.items()
            for row in field_rows(name, value)
        ],
    )


def fresh_ids(database: Database, table: str) -> Iterator[int]:
    """Ids that were never used, in this transaction, which is the only one that writes."""
    last = database.value("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,))
    return count((last or 0) + 1)
