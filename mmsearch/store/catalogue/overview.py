"""What the catalogue holds: its fields, their values, and totals."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, cast

from mmsearch.store.catalogue.fields import RowKind, field_value
from mmsearch.store.catalogue.migrations import WORDS_FOLDED
from mmsearch.store.catalogue.values import FieldInfo, Statistics, json_ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

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


class FacetCount(NamedTuple):
    """How many ``documents`` have a value of a field; values of equal ``folded`` texts are one.

    ``kind``, ``text`` and ``number`` are as the ``first`` of them has it: the root of its corpus and its path, as one.
    """

    folded: str
    kind: RowKind
    text: str
    number: float | None
    documents: int
    first: str


def facet_counts(database: Database, names: Sequence[str], among: Ids | None) -> list[FacetCount]:
    """Values of a field, of which ``names`` are the spellings."""
    within = "document_id IN (SELECT document_id FROM items WHERE id IN (SELECT value FROM json_each(?)))"
    rows = database.rows(  # beside a min, columns are of the row that has it
        f"""
        SELECT f.folded, f.kind, f.text, f.number, count(*), min(c.root || char(0) || d.path) FROM fields f
        JOIN documents d ON d.id = f.document_id JOIN corpora c ON c.id = d.corpus_id
        WHERE f.name IN ({", ".join("?" * len(names))}) AND f.kind <> 'list'
        AND {within if among is not None else "1"} GROUP BY f.folded
        """,
        (*names, *([] if among is None else [json_ids(among)])),
    )
    return [FacetCount(*row) for row in rows]


def facets(counts: Iterable[FacetCount]) -> list[tuple[FieldValue, int]]:
    """Values with their numbers of documents, as CatalogueReader.facets says; ``counts`` may be of several parts."""
    documents: Counter[str] = Counter()
    first: dict[str, FacetCount] = {}
    for count in counts:
        documents[count.folded] += count.documents
        known = first.get(count.folded)
        if known is None or count.first < known.first:
            first[count.folded] = count
    ranked = sorted(documents.items(), key=lambda pair: (-pair[1], pair[0]))
    chosen = ((first[folded], number) for folded, number in ranked)
    return [(field_value(one.kind, one.text, one.number), number) for one, number in chosen]


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
