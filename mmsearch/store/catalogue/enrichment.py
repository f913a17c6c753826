"""What models and programs found in the contents of an index: kept by content, and shown as items of its documents.

A finding belongs to what it was found in, told by its key: the SHA-256 of an item's content, or of a document's file.
Every document that holds that content has an item for it, now and when it comes back; nothing is looked at twice.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from mmsearch.store.catalogue import put
from mmsearch.store.catalogue.migrations import ENRICHED_SINCE
from mmsearch.store.catalogue.values import NewDocument, NewItem, json_ids
from mmsearch.store.catalogue.words import index as wordindex
from mmsearch.store.catalogue.words.grams import grams
from mmsearch.types import Locator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mmsearch.store.catalogue.database import Database
    from mmsearch.types import Modality

BEHIND = 1 << 40  # positions of items that were found stand behind all that a document has itself
_DOCUMENTS_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Enrichment:
    """What finds: its ``kind`` (``ocr``, ``speech``, ``captions``), and the name and version of its model."""

    kind: str
    model: str
    version: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something found: an ``item`` whose locator is a place within what it was found in, ``detail`` as JSON."""

    item: NewItem
    detail: Any = None


class Enriched(NamedTuple):
    """How much an enrichment has done: contents that it was through, findings, and items of documents now."""

    enrichment: Enrichment
    contents: int
    findings: int
    items: int


def put_findings(
    database: Database, enrichment: Enrichment, found: Mapping[bytes, Sequence[Finding]], encoder_id: int
) -> None:
    """Store what was ``found`` in contents by their keys, in the place of what others of the kind found there."""
    number = _number(database, enrichment)
    keys = list(found)
    _drop(database, _others(database, enrichment.kind, keys))
    items = tuple(finding.item for findings in found.values() for finding in findings)
    document = NewDocument(0, "", "", None, {}, items)
    contents = put.store_contents(database, [document])
    put.store_vectors(database, [document], contents, encoder_id)
    put.store_unreadable(database, [document], contents, encoder_id)
    database.connection.executemany(
        "INSERT INTO enriched (key, enrichment_id) VALUES (?, ?)", [(key, number) for key in keys]
    )
    database.connection.executemany(
        """
        INSERT INTO findings (enrichment_id, key, modality, place, content_id, text, detail)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
        [
            (
                number,
                key,
                finding.item.modality,
                str(finding.item.locator),
                contents[finding.item.modality, finding.item.key],
                finding.item.text,
                None if finding.detail is None else json.dumps(finding.detail, ensure_ascii=False),
            )
            for key, findings in found.items()
            for finding in findings
        ],
    )
    show(database, _documents_with(database, keys))


def show(database: Database, document_ids: Sequence[int]) -> None:
    """Bring the items of documents in line with what was found in what they consist of."""
    if not database.value("SELECT 1 FROM findings LIMIT 1"):
        return
    for start in range(0, len(document_ids), _DOCUMENTS_AT_ONCE):
        _show_some(database, document_ids[start : start + _DOCUMENTS_AT_ONCE])


def remove(database: Database, kind: str, model: str | None = None) -> int:
    """Forget all that enrichments of a kind (by one ``model``, None: by any) have found; how many findings."""
    rows = database.rows(
        "SELECT id FROM enrichments WHERE kind = ? AND (? IS NULL OR model = ?)", (kind, model, model)
    )
    numbers = json_ids([row[0] for row in rows])
    dropped = [
        row[0]
        for row in database.rows(
            "SELECT id FROM findings WHERE enrichment_id IN (SELECT value FROM json_each(?))", (numbers,)
        )
    ]
    _drop(database, dropped)
    for table, column in (("enriched", "enrichment_id"), ("enrichments", "id")):
        database.connection.execute(
            f"DELETE FROM {table} WHERE {column} IN (SELECT value FROM json_each(?))", (numbers,)
        )
    return len(dropped)


def forget_others(database: Database, enrichment: Enrichment) -> None:
    """Drop what other versions of the same kind and model have found and this one has not looked at."""
    rows = database.rows(
        "SELECT id FROM enrichments WHERE kind = ? AND model = ? AND version <> ?",
        (enrichment.kind, enrichment.model, enrichment.version),
    )
    numbers = json_ids([row[0] for row in rows])
    listed = "IN (SELECT value FROM json_each(?))"
    found = database.rows(f"SELECT id FROM findings WHERE enrichment_id {listed}", (numbers,))
    _drop(database, [row[0] for row in found])
    database.connection.execute(f"DELETE FROM enriched WHERE enrichment_id {listed}", (numbers,))
    database.connection.execute(f"DELETE FROM enrichments WHERE id {listed}", (numbers,))


def done(database: Database, enrichment: Enrichment) -> set[bytes]:
    """The keys of the contents that this very enrichment was through."""
    rows = database.rows(
        """
        SELECT r.key FROM enriched r JOIN enrichments e ON e.id = r.enrichment_id
        WHERE e.kind = ? AND e.model = ? AND e.version = ?
        """,
        (enrichment.kind, enrichment.model, enrichment.version),
    )
    return {row[0] for row in rows}


def lacking(database: Database, encoder_id: int, modality: Modality, limit: int) -> list[tuple[bytes, str]]:
    """Texts that were found and have no vector of an encoder that has not looked at them: (key, text)."""
    return [
        (key, text)
        for key, text in database.rows(
            """
            SELECT DISTINCT c.key, f.text FROM findings f JOIN contents c ON c.id = f.content_id
            WHERE f.modality = ?2 AND f.text IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM vectors v WHERE v.content_id = c.id AND v.encoder_id = ?1)
            AND NOT EXISTS (SELECT 1 FROM unreadable u WHERE u.content_id = c.id AND u.encoder_id = ?1)
            LIMIT ?3
            """,
            (encoder_id, modality, limit),
        )
    ]


def statistics(database: Database) -> list[Enriched]:
    """All enrichments, by kind and model."""
    if database.version < ENRICHED_SINCE:
        return []
    rows = database.rows(
        """
        SELECT e.kind, e.model, e.version,
            (SELECT count(*) FROM enriched r WHERE r.enrichment_id = e.id),
            (SELECT count(*) FROM findings f WHERE f.enrichment_id = e.id),
            (SELECT count(*) FROM items i JOIN findings f ON f.id = i.finding_id WHERE f.enrichment_id = e.id)
        FROM enrichments e ORDER BY e.kind, e.model, e.version
        """
    )
    return [Enriched(Enrichment(*row[:3]), *row[3:]) for row in rows]


def details(database: Database, item_ids: Iterable[int]) -> dict[int, tuple[Enrichment, Any]]:
    """What found items, and its details, by item; items of the corpus itself are left out."""
    if database.version < ENRICHED_SINCE:
        return {}
    rows = database.rows(
        """
        SELECT i.id, e.kind, e.model, e.version, f.detail FROM items i JOIN findings f ON f.id = i.finding_id
        JOIN enrichments e ON e.id = f.enrichment_id WHERE i.id IN (SELECT value FROM json_each(?))
        """,
        (json_ids(list(item_ids)),),
    )
    return {
        item: (Enrichment(kind, model, version), None if detail is None else json.loads(detail))
        for item, kind, model, version, detail in rows
    }


def _number(database: Database, enrichment: Enrichment) -> int:
    values = (enrichment.kind, enrichment.model, enrichment.version)
    database.connection.execute(
        "INSERT INTO enrichments (kind, model, version) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", values
    )
    query = "SELECT id FROM enrichments WHERE kind = ? AND model = ? AND version = ?"
    return int(database.value(query, values))


def _others(database: Database, kind: str, keys: Sequence[bytes]) -> list[int]:
    """Findings of a kind in contents; that these were looked at is forgotten."""
    found: list[int] = []
    of_kind = "enrichment_id IN (SELECT id FROM enrichments WHERE kind = ?)"
    for key in keys:
        found += [
            row[0]
            for row in database.rows(f"SELECT id FROM findings WHERE key = ? AND {of_kind}", (key, kind))
        ]
        database.connection.execute(f"DELETE FROM enriched WHERE key = ? AND {of_kind}", (key, kind))
    return found


def _drop(database: Database, findings: Sequence[int]) -> None:
    listed = json_ids(findings)
    rows = database.rows(
        "SELECT id FROM items WHERE finding_id IN (SELECT value FROM json_each(?))", (listed,)
    )
    _drop_items(database, [row[0] for row in rows])
    database.connection.execute(
        "DELETE FROM findings WHERE id IN (SELECT value FROM json_each(?))", (listed,)
    )


def _drop_items(database: Database, items: Sequence[int]) -> None:
    for start in range(0, len(items), _DOCUMENTS_AT_ONCE):
        some = items[start : start + _DOCUMENTS_AT_ONCE]
        wordindex.forget_items(database, some)
        database.connection.execute(
            "DELETE FROM items WHERE id IN (SELECT value FROM json_each(?))", (json_ids(some),)
        )


def _documents_with(database: Database, keys: Sequence[bytes]) -> list[int]:
    found: set[int] = set()
    query = """
        SELECT i.document_id FROM contents c JOIN items i ON i.modality = c.modality AND i.content_id = c.id
        WHERE c.modality IN ('image', 'text', 'audio') AND c.key = ?1 AND i.finding_id IS NULL
        UNION SELECT id FROM documents WHERE key = ?1
    """
    for key in keys:
        found.update(row[0] for row in database.rows(query, (key,)))
    return sorted(found)


def _show_some(database: Database, document_ids: Sequence[int]) -> None:
    listed = json_ids(document_ids)
    wanted: dict[tuple[int, str, int], tuple[Any, ...]] = {}
    query = """
        SELECT i.document_id, i.locator, i.position, f.id, f.place, f.modality, f.content_id, f.text
        FROM items i JOIN contents c ON c.id = i.content_id JOIN findings f ON f.key = c.key
        WHERE i.finding_id IS NULL AND i.document_id IN (SELECT value FROM json_each(?1))
        UNION ALL
        SELECT d.id, 'whole', 0, f.id, f.place, f.modality, f.content_id, f.text
        FROM documents d JOIN findings f ON f.key = d.key WHERE d.id IN (SELECT value FROM json_each(?1))
        ORDER BY 1, 3, 4
    """
    positions: dict[int, int] = defaultdict(int)
    for document, around, _, finding, place, *rest in database.rows(query, (listed,)):
        locator = str(Locator.parse(place).within(Locator.parse(around)))
        wanted[document, locator, finding] = (BEHIND + positions[document], *rest)
        positions[document] += 1
    there: dict[tuple[int, str, int], int] = {}
    query = """
        SELECT document_id, locator, finding_id, id FROM items
        WHERE finding_id IS NOT NULL AND document_id IN (SELECT value FROM json_each(?))
    """
    for document, locator, finding, item in database.rows(query, (listed,)):
        there[document, locator, finding] = item
    _drop_items(database, [item for identity, item in there.items() if identity not in wanted])
    fresh = put.fresh_ids(database, "items")
    rows = [
        (
            next(fresh),
            document,
            position,
            modality,
            locator,
            content,
            text,
            grams(text) if text else None,
            finding,
        )
        for (document, locator, finding), (position, modality, content, text) in wanted.items()
        if (document, locator, finding) not in there
    ]
    database.connection.executemany(
        """
        INSERT INTO items (id, document_id, position, modality, locator, content_id, text, grams, finding_id)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        rows,
    )
    wordindex.learn_items(database, [row[0] for row in rows])
