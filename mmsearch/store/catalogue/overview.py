"""What the catalogue holds: its fields, their values, and totals."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from mmsearch.store.catalogue.fields import field_value
from mmsearch.store.catalogue.migrations import WORDS_FOLDED
from mmsearch.store.catalogue.values import FieldInfo, Statistics, json_ids

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.store.catalogue.database import Database
    from mmsearch.store.catalogue.values import Corpus, FieldKind
    from mmsearch.types import FieldValue, Ids

_EXAMPLES = 3
_SAMPLE = 1_000  # values that the examples are chosen from


def fields(database: Database, names: Sequence[str]) -> dict[str, FieldInfo]:
    """Kind, number of documents and examples of each field."""
    found = {}
    for name in names:
        kinds = database.rows(
            "SELECT kind, count(*) FROM fields WHERE name = ? AND kind <> 'part' GROUP BY kind", (name,)
        )
        distinct = {"text" if kind == "list" else kind for kind, _ in kinds}
        kind = cast("FieldKind", distinct.pop() if len(distinct) == 1 else "mixed")
        examples = database.rows(
            """
            SELECT min(kind), text, min(number) FROM (
                SELECT kind, text, number FROM fields WHERE name = ? AND kind <> 'list' LIMIT ?
            ) GROUP BY text ORDER BY count(*) DESC, text LIMIT ?
            """,
            (name, _SAMPLE, _EXAMPLES),
        )
        values = tuple(field_value(*example) for example in examples)
        found[name] = FieldInfo(kind, sum(count for _, count in kinds), values)
    return found


def facets(database: Database, names: Sequence[str], among: Ids | None) -> list[tuple[FieldValue, int]]:
    """Values of a field, of which ``names`` are the spellings, as CatalogueReader.facets says."""
    within = "document_id IN (SELECT document_id FROM items WHERE id IN (SELECT value FROM json_each(?)))"
    rows = database.rows(
        f"""
        SELECT f.kind, f.text, f.number, g.documents FROM (
            SELECT folded, min(id) AS first, count(*) AS documents FROM fields
            WHERE name IN ({", ".join("?" * len(names))}) AND kind <> 'list' AND {within if among is not None else "1"}
            GROUP BY folded
        ) g JOIN fields f ON f.id = g.first ORDER BY g.documents DESC, g.folded
        """,
        (*names, *([] if among is None else [json_ids(among)])),
    )
    return [(field_value(kind, text, number), documents) for kind, text, number, documents in rows]


def statistics(database: Database, generation: int, corpora: Sequence[Corpus]) -> Statistics:
    """Totals."""
    tombstones = """
        SELECT count(*) FROM vectors v JOIN contents c ON c.id = v.content_id
        WHERE NOT EXISTS (SELECT 1 FROM items i WHERE i.modality = c.modality AND i.content_id = c.id)
    """
    unreadable = """
        SELECT e.name, count(*) FROM unreadable u JOIN encoders e ON e.id = u.encoder_id
        JOIN items i ON i.modality = 'text' AND i.content_id = u.content_id GROUP BY e.id ORDER BY e.id
    """
    vectors = database.rows(
        """
        SELECT e.name, v.modality, count(*) FROM vectors v JOIN encoders e ON e.id = v.encoder_id
        GROUP BY e.id, v.modality ORDER BY e.id, v.modality
        """
    )
    return Statistics(
        documents=database.value("SELECT count(*) FROM documents"),
        items=dict(database.rows("SELECT modality, count(*) FROM items GROUP BY modality")),
        vectors={(name, modality): count for name, modality, count in vectors},
        tombstones=database.value(tombstones),
        unreadable=dict(database.rows(unreadable)) if database.version >= WORDS_FOLDED else {},
        fields=database.value("SELECT count(*) FROM fields WHERE kind <> 'part'"),
        catalogue_bytes=database.size(),
        generation=generation,
        corpora=tuple(corpora),
    )
