"""Reading the catalogue: plain sqlite3, since a first query must not wait for more."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import UsageError
from mmsearch.store.catalogue import overview
from mmsearch.store.catalogue.items import stored_items
from mmsearch.store.catalogue.migrations import (
    CHECKSUMS_SINCE,
    ENRICHED_SINCE,
    HEARD_SINCE,
    PRECISION_SINCE,
    WORDS_FOLDED,
)
from mmsearch.store.catalogue.select import document_query, spellings, to_sql, unknown_field
from mmsearch.store.catalogue.values import (
    KEY_BYTES,
    Corpus,
    EncoderRecord,
    KnownDocument,
    json_ids,
    json_texts,
)
from mmsearch.store.catalogue.words import index as wordindex
from mmsearch.store.catalogue.words import postings
from mmsearch.store.catalogue.words.postings import Entries, Posting
from mmsearch.store.catalogue.words.tokens import tokenizer
from mmsearch.store.durable.checksums import CENTER, Checksum
from mmsearch.store.folding import composed
from mmsearch.store.precision import DEFAULT_PRECISION
from mmsearch.types import MODALITIES, PARTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from numpy.typing import NDArray

    from mmsearch.store.catalogue.conditions import Condition
    from mmsearch.store.catalogue.database import Database
    from mmsearch.store.catalogue.enrichment import Enriched, Enrichment
    from mmsearch.store.catalogue.overview import FacetCount
    from mmsearch.store.catalogue.select import Fields
    from mmsearch.store.catalogue.values import FieldInfo, Statistics, StoredItem
    from mmsearch.types import FieldValue, Ids, Modality, Scores

_KEYS_AT_ONCE = 1_000


class CatalogueReader:
    """Corpora, encoders, documents and items of one catalogue, open for reading or for writing.

    All methods raise IndexDirectoryError for a damaged file. Ids that are not there are left out of answers.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def path(self) -> Path:
        """The file."""
        return self._database.path

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def snapshot(self) -> AbstractContextManager[None]:
        """Everything read inside sees one state, whatever a writer commits meanwhile.

        Compaction changes an encoder's folder and its rows together: read both in one snapshot.
        """
        return self._database.snapshot()

    def generation(self) -> int:
        """A number that grows with every change of what can be found."""
        return self._database.generation()

    def corpora(self) -> list[Corpus]:
        """All corpora, in the order of their roots."""
        return [Corpus(*row) for row in self._database.rows("SELECT id, root FROM corpora ORDER BY root")]

    def encoders(self) -> list[EncoderRecord]:
        """All encoders, in the order of their ids."""
        # before, all vectors were halves
        precision = "precision" if self._database.version >= PRECISION_SINCE else f"'{DEFAULT_PRECISION}'"
        sound = "sound" if self._database.version >= HEARD_SINCE else "''"
        columns = f"id, name, fingerprint, dimension, modalities, folder, {precision}, {sound}"
        query = f"SELECT {columns} FROM encoders ORDER BY id"
        records = [
            EncoderRecord(number, name, fingerprint, dimension, tuple(modalities.split(",")), *rest)
            for number, name, fingerprint, dimension, modalities, *rest in self._database.rows(query)
        ]
        return [self._with_centers(one) if one.precision == "binary" else one for one in records]

    def _with_centers(self, record: EncoderRecord) -> EncoderRecord:
        known = {modality: self.checksums(record.encoder_id, modality) for modality in record.modalities}
        centers = {modality: sums[CENTER].crc for modality, sums in known.items() if CENTER in sums}
        return replace(record, centers=centers)

    def checksums(self, encoder_id: int, modality: Modality) -> dict[int, Checksum]:
        """The checksums of an encoder's vectors by block; {} in an index that has none yet."""
        if self._database.version < CHECKSUMS_SINCE:
            return {}
        query = "SELECT block, rows, crc FROM checksums WHERE encoder_id = ? AND modality = ? ORDER BY block"
        return {row[0]: Checksum(*row) for row in self._database.rows(query, (encoder_id, modality))}

    def known_documents(self, corpus_id: int, encoder_id: int) -> dict[str, KnownDocument]:
        """All documents of a corpus by path; ``complete`` with regard to this encoder's modalities.

        For a writer: an item that the encoder can't read lacks nothing.
        """
        with self.snapshot():
            modalities = [m for e in self.encoders() if e.encoder_id == encoder_id for m in e.modalities]
            lacking = self._database.rows(
                """
                SELECT document_id FROM items WHERE id IN (
                    SELECT i.id FROM items i
                    LEFT JOIN vectors v ON v.content_id = i.content_id AND v.encoder_id = ?1
                    WHERE i.modality IN (SELECT value FROM json_each(?2)) AND v.row IS NULL AND i.finding_id IS NULL
                    AND NOT EXISTS (
                        SELECT 1 FROM unreadable u WHERE u.content_id = i.content_id AND u.encoder_id = ?1
                    )
                )
                """,
                (encoder_id, json_texts(modalities)),
            )
            query = "SELECT path, id, stamp FROM documents WHERE corpus_id = ?"
            rows = self._database.rows(query, (corpus_id,))
        incomplete = {document_id for (document_id,) in lacking}
        return {path: KnownDocument(number, stamp, number not in incomplete) for path, number, stamp in rows}

    def enriched_keys(self, enrichment: Enrichment) -> set[bytes]:
        """The keys of the contents that this very enrichment was through."""
        from mmsearch.store.catalogue.enrichment import done

        return done(self._database, enrichment) if self._database.version >= ENRICHED_SINCE else set()

    def newest_documents(self, among: Ids | None = None) -> list[int]:
        """The documents of the items ``among`` (None: all), the newest first."""
        if among is None:
            return [row[0] for row in self._database.rows("SELECT id FROM documents ORDER BY id DESC")]
        query = "SELECT DISTINCT document_id FROM items WHERE id IN (SELECT value FROM json_each(?)) ORDER BY 1 DESC"
        return [row[0] for row in self._database.rows(query, (json_ids(among),))]

    def own_items(self, document_ids: Sequence[int]) -> dict[int, list[StoredItem]]:
        """The items of documents, by document and in order, without those that enrichments have found."""
        found: dict[int, list[StoredItem]] = {}
        items = stored_items(self._database, "i.document_id", document_ids)
        added = self.findings_of([item.item_id for item in items])
        for item in items:
            if item.item_id not in added:
                found.setdefault(item.document_id, []).append(item)
        return found

    def documents_with_file(self, corpus_id: int, key: bytes) -> list[tuple[int, str]]:
        """(document id, path) of the documents whose file as a whole has this SHA-256; for a writer."""
        query = "SELECT id, path FROM documents WHERE corpus_id = ? AND key = ? ORDER BY id"
        return [(number, path) for number, path in self._database.rows(query, (corpus_id, key))]

    def findings_without_vectors(
        self, encoder_id: int, modality: Modality, limit: int
    ) -> list[tuple[bytes, str]]:
        """Texts that were found and have no vector of an encoder that has not looked at them: (key, text)."""
        from mmsearch.store.catalogue.enrichment import lacking

        return lacking(self._database, encoder_id, modality, limit)

    def enrichments(self) -> list[Enriched]:
        """What enrichments have done."""
        from mmsearch.store.catalogue.enrichment import statistics

        return statistics(self._database)

    def findings_of(self, item_ids: Sequence[int]) -> dict[int, tuple[Enrichment, Any]]:
        """What found items, and its details, by item; items of the corpus itself are left out."""
        from mmsearch.store.catalogue.enrichment import details

        return details(self._database, item_ids)

    def document_keys(self) -> dict[int, bytes]:
        """The SHA-256 of the file of each document that was read from one part by part."""
        if self._database.version < ENRICHED_SINCE:
            return {}
        return dict(self._database.rows("SELECT id, key FROM documents WHERE key IS NOT NULL"))

    def refused(self, corpus_id: int) -> dict[str, tuple[str, str]]:
        """Files of a corpus that ended their decoder: path -> (stamp that they had, reason)."""
        query = "SELECT path, stamp, reason FROM refused WHERE corpus_id = ?"
        return {path: (stamp, reason) for path, stamp, reason in self._database.rows(query, (corpus_id,))}

    def rows_of_keys(self, encoder_id: int, modality: Modality, keys: Sequence[bytes]) -> dict[bytes, int]:
        """The row in the encoder's shard for each of ``keys`` that has one, tombstones included."""
        found: dict[bytes, int] = {}
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            some = keys[start : start + _KEYS_AT_ONCE]
            marks = ", ".join("?" * len(some))
            query = f"""
                SELECT c.key, v.row FROM contents c JOIN vectors v ON v.content_id = c.id AND v.encoder_id = ?
                WHERE c.modality = ? AND c.key IN ({marks})
            """
            found.update(self._database.rows(query, (encoder_id, modality, *some)))
        return found

    def documents_with_key(self, corpus_id: int, key: bytes) -> list[tuple[int, str]]:
        """(document id, path) of the documents with an item of this content, in the order of their paths."""
        marks = ", ".join("?" * len(MODALITIES))  # named, so that the index on (modality, key) serves
        query = f"""
            SELECT DISTINCT d.id, d.path AS path
            FROM contents c
            JOIN items i ON i.modality = c.modality AND i.content_id = c.id
            JOIN documents d ON d.id = i.document_id
            WHERE c.modality IN ({marks}) AND c.key = ? AND d.corpus_id = ?
            ORDER BY path
        """
        return [(number, path) for number, path in self._database.rows(query, (*MODALITIES, key, corpus_id))]

    def embeddings(self, encoder_id: int, modality: Modality) -> tuple[Ids, Ids]:
        """Ids of the items that have a vector of this encoder, ascending, and the rows of their vectors.

        Both (n,) int64. Items with equal content share a row.
        """
        ids, rows = self._database.id_columns(
            """
            FROM items i CROSS JOIN vectors v ON v.content_id = i.content_id AND v.encoder_id = ?
            WHERE i.modality = ?
            """,
            ("i.id", "v.row"),
            (encoder_id, modality),
        )
        order = np.argsort(ids)
        return ids[order], rows[order]

    def highest_row(self, encoder_id: int, modality: Modality) -> int:
        """The highest row that the catalogue points to, tombstones included; -1 when there is none."""
        query = "SELECT max(row) FROM vectors WHERE encoder_id = ? AND modality = ?"
        highest = self._database.value(query, (encoder_id, modality))
        return -1 if highest is None else int(highest)

    def used_rows(self, encoder_id: int, modality: Modality) -> Ids:
        """The rows that the catalogue points to, tombstones included, (n,) int64 ascending."""
        query = "FROM vectors WHERE encoder_id = ? AND modality = ?"
        [rows] = self._database.id_columns(query, ("row",), (encoder_id, modality))
        rows.sort()
        return rows

    def items(self, item_ids: Sequence[int] | Ids) -> list[StoredItem]:
        """The items in the given order; ids that are not there are left out."""
        found = {item.item_id: item for item in stored_items(self._database, "i.id", item_ids)}
        return [found[number] for number in map(int, item_ids) if number in found]

    def document_items(self, document_id: int) -> list[StoredItem]:
        """The items of one document, in document order."""
        return stored_items(self._database, "i.document_id", [document_id])

    def documents_of_items(self, item_ids: Ids) -> Ids:
        """The document of each item, aligned (n,) int64; -1 for an item that is not there."""
        items, documents = self._database.id_columns(
            "FROM items WHERE id IN (SELECT value FROM json_each(?))",
            ("id", "document_id"),
            (json_ids(item_ids),),
        )
        order = np.argsort(items)
        items, documents = np.append(items[order], -1), np.append(documents[order], -1)
        places = np.searchsorted(items[:-1], item_ids)
        return np.where(items[places] == item_ids, documents[places], -1)

    def item_table(self) -> tuple[Ids, Ids, Ids]:
        """All items, the document of each, and its modality as a place in ``MODALITIES``: (n,) int64 each.

        By document id, and in document order within each.
        """
        kinds = " ".join(f"WHEN '{modality}' THEN {place}" for place, modality in enumerate(MODALITIES))
        items, documents, modalities = self._database.id_columns(
            f"""
            FROM (
                SELECT id, document_id, CASE modality {kinds} END AS kind FROM items ORDER BY document_id, position
            )
            """,
            ("id", "document_id", "kind"),
        )
        return items, documents, modalities

    def document_paths(self) -> list[tuple[int, str, str]]:
        """(id, root of the corpus, path) of all documents, by root and path."""
        return self._database.rows(
            "SELECT d.id, c.root, d.path FROM documents d JOIN corpora c ON c.id = d.corpus_id ORDER BY c.root, d.path"
        )

    def stamps(self, document_ids: Sequence[int]) -> dict[int, str]:
        """The stamps of documents."""
        query = "SELECT id, stamp FROM documents WHERE id IN (SELECT value FROM json_each(?))"
        return dict(self._database.rows(query, (json_ids(document_ids),)))

    def documents_in_order(self) -> Ids:
        """All documents (n,) by (root of the corpus, path): an order that does not depend on when they came."""
        found = [
            self._database.id_columns(
                "FROM (SELECT id FROM documents WHERE corpus_id = ? ORDER BY path)",
                ("id",),
                (corpus.corpus_id,),
            )[0]
            for corpus in sorted(self.corpora(), key=lambda corpus: corpus.root)
        ]
        return np.concatenate([np.empty(0, dtype=np.int64), *found])

    def drawn(self, modality: Modality, start: bytes, contents: int) -> list[tuple[bytes, int]]:
        """(key, item id) of all items of the ``contents`` whose keys come next after ``start``, in their order.

        Behind the highest key comes the lowest. Keys are hashes, so that this is a sample, and the first contents of
        two catalogues together are among the first of each.
        """
        found: list[tuple[bytes, int]] = []
        for side in (">=", "<"):
            wanted = contents - len({key for key, _ in found})
            found += self._database.rows(
                f"""
                SELECT c.key, i.id FROM (
                    SELECT id, key FROM contents k WHERE modality = ?1 AND key {side} ?2 AND EXISTS (
                        SELECT 1 FROM items WHERE modality = ?1 AND content_id = k.id
                    ) ORDER BY key LIMIT ?3
                ) c CROSS JOIN items i ON i.modality = ?1 AND i.content_id = c.id ORDER BY c.key, i.id
                """,
                (modality, start, wanted),
            )
        return found

    def part_items(self) -> tuple[Ids, Ids]:
        """The items that lie on pages, slides, sheets, in chapters or attachments, and the first item of the same part.

        Both (n,) int64. An attachment's pages are one part.
        """
        kinds = " OR ".join(f"locator GLOB '{kind}:*'" for kind in sorted(PARTS))
        items, firsts = self._database.id_columns(
            f"""
            FROM (
                SELECT id, min(id) OVER (
                    PARTITION BY document_id, substr(locator, 1, instr(locator || '/', '/') - 1)
                ) AS first FROM items WHERE {kinds}
            )
            """,
            ("id", "first"),
        )
        return items, firsts

    def content_keys(self, item_ids: Ids) -> dict[int, bytes]:
        """The SHA-256 (32 bytes) of each item's content; equal content has an equal one."""
        query = """
            SELECT i.id, c.key FROM items i JOIN contents c ON c.id = i.content_id
            WHERE i.id IN (SELECT value FROM json_each(?))
        """
        return dict(self._database.rows(query, (json_ids(item_ids),)))

    def pictures_with_key(self, key: bytes) -> list[StoredItem]:
        """The pictures of this content (SHA-256), in the order of their ids."""
        query = """
            SELECT i.id FROM items i JOIN contents c ON c.id = i.content_id AND c.modality = i.modality
            WHERE i.modality = 'image' AND c.modality = 'image' AND c.key = ? ORDER BY i.id
        """
        return self.items([number for (number,) in self._database.rows(query, (key,))])

    def pictures_held(self, keys: Sequence[bytes]) -> set[bytes]:
        """Those of ``keys`` (SHA-256) that are the content of a picture."""
        found: set[bytes] = set()
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            some = keys[start : start + _KEYS_AT_ONCE]
            query = f"""
                SELECT c.key FROM contents c WHERE c.modality = 'image' AND c.key IN ({", ".join("?" * len(some))})
                AND EXISTS (SELECT 1 FROM items i WHERE i.modality = 'image' AND i.content_id = c.id)
            """
            found.update(key for (key,) in self._database.rows(query, tuple(some)))
        return found

    def all_content_keys(self) -> NDArray[np.uint8]:
        """The key of each item's content, (n, 32), in order of the items' ids."""
        rows = self._database.rows(
            "SELECT c.key FROM items i JOIN contents c ON c.id = i.content_id ORDER BY i.id"
        )
        return np.frombuffer(b"".join(key for (key,) in rows), dtype=np.uint8).reshape(-1, KEY_BYTES)

    def pictures_of(self, document_ids: Sequence[int]) -> dict[int, tuple[int, bytes]]:
        """The picture of each document that has one: its item, and the SHA-256 (32 bytes) of its content."""
        query = """
            SELECT i.document_id, i.id, c.key FROM items i JOIN contents c ON c.id = i.content_id
            WHERE i.document_id IN (SELECT value FROM json_each(?)) AND +i.modality = 'image'
            ORDER BY i.document_id, i.position DESC
        """  # +: by document; by modality all pictures of the index would be looked at
        rows = self._database.rows(query, (json_ids(document_ids),))
        return {document: (item, key) for document, item, key in rows}  # the first one stays

    def find(self, path: str) -> list[int]:
        """Documents at ``path``: relative to a corpus, absolute, or else the end of a path; by root and path.

        Letters with marks are the same in one character or in two.
        """
        return self.find_at(path) or self.find_ending(path)

    def find_at(self, path: str) -> list[int]:
        """Documents at ``path``, relative to a corpus or absolute, as ``find``."""
        path = composed(path)
        own = "d.path" if path.isascii() else "composed(d.path)"
        root = "rtrim(c.root, '/')" if path.isascii() else "composed(rtrim(c.root, '/'))"
        found = self._database.rows(
            f"""
            SELECT d.id FROM documents d JOIN corpora c ON c.id = d.corpus_id
            WHERE (d.corpus_id IN (SELECT id FROM corpora) AND {own} = ?1)
               OR (?1 LIKE '/%' AND {root} || '/' || {own} = ?1) ORDER BY c.root, d.path
            """,
            (path,),
        )
        return [row[0] for row in found]

    def find_ending(self, path: str) -> list[int]:
        """Documents whose path ends in the names of ``path``, as ``find``."""
        path = composed(path)
        own = "d.path" if path.isascii() else "composed(d.path)"
        query = f"""
            SELECT d.id FROM documents d JOIN corpora c ON c.id = d.corpus_id
            WHERE substr({own}, -length(?1)) = ?1 ORDER BY c.root, d.path
        """
        return [row[0] for row in self._database.rows(query, ("/" + path.lstrip("/"),))]

    def select_items(
        self,
        condition: Condition | None = None,
        modalities: Sequence[Modality] | None = None,
        fields: Fields | None = None,
    ) -> Ids:
        """Ids of the items that pass, (n,) int64 ascending; exact. ``fields``: that there are, of this catalogue alone.

        Raises UsageError for a field that no document has, and for conditions nested beyond what SQLite reads.
        """
        try:
            where, parameters = ("1", ()) if condition is None else to_sql(condition, fields or self)
            if modalities is not None:
                where += f" AND i.modality IN ({', '.join('?' * len(modalities))})"
                parameters = (*parameters, *modalities)
            [ids] = self._database.id_columns(f"FROM items i WHERE {where}", ("i.id",), parameters)
        except (sqlite3.OperationalError, RecursionError) as error:
            raise UsageError(f"the filter is too long or too deeply nested ({error})") from error
        return np.sort(ids)

    def select_documents(self, condition: Condition) -> Ids | None:
        """Ids of the documents that pass, in no order and maybe repeated, in a fifth of the time of their items.

        None for a condition that is not one comparison or glob; ``select_items`` knows those too.
        """
        query = document_query(condition, self)
        if query is None:
            return None
        return self._database.id_columns(f"FROM ({query.text})", ("id",), query.parameters)[0]

    def field_names(self) -> list[str]:
        """The names of all metadata fields, sorted; steps from name to name in the index."""
        query = """
            WITH RECURSIVE names (name) AS (
                SELECT min(name) FROM fields
                UNION ALL
                SELECT (SELECT min(name) FROM fields WHERE name > names.name) FROM names
                WHERE name IS NOT NULL
            )
            SELECT name FROM names WHERE name IS NOT NULL
        """
        return [row[0] for row in self._database.rows(query)]

    def word_entries(self) -> Entries:
        """All rows of the word index, with their lengths: what `postings` speaks of.

        A catalogue of an older schema has none; its items stand for them, all of one length.
        """
        if self._database.version >= WORDS_FOLDED:
            return postings.read_entries(self._database)
        items = self.select_items()
        return Entries(items, items, np.ones(items.size, dtype=np.int64))

    def postings(self, wanted: Sequence[tuple[Sequence[str], str]]) -> list[list[Posting]]:
        """Where each of the ``wanted`` stands: any of its words, folded, or without any its FTS5 expression.

        Numbers of entries that are not there any more may be among them. What is no single token, or a word in a
        catalogue of an older schema, is looked up as a phrase: the same entries, in one list, each once.
        """
        return [
            [posting for word in words for posting in self._word_postings(word)]
            if words
            else self._phrase_postings(expression)
            for words, expression in wanted
        ]

    def _word_postings(self, word: str) -> list[Posting]:
        if self._database.version >= WORDS_FOLDED:
            [tokens] = tokenizer().tokens([word])
            if len(tokens) == 1:
                return postings.read_postings(self._database, tokens[0])
        return self._phrase_postings(f'"{word}"')

    def _phrase_postings(self, expression: str) -> list[Posting]:
        """The rows that match, as one list of a column ``text``, each once."""
        items = self.matching_items(expression)
        if self._database.version >= WORDS_FOLDED:
            query = "FROM entries WHERE item_id IN (SELECT value FROM json_each(?))"
            [items] = self._database.id_columns(query, ("id",), (json_ids(items),))
        return [Posting("text", np.sort(items), np.ones(items.size, dtype=np.int64))]

    def matching_items(self, expression: str) -> Ids:
        """All items that match an FTS5 expression over the columns of words.WORD_COLUMNS, ascending.

        English words are stemmed (Porter). Chinese, Japanese and Korean lie as bigrams in the column
        ``grams``: see words.grams_query. A document's title, name and fields belong to its first item.
        Raises ValueError for an expression that FTS5 can't read.
        """
        return wordindex.matching(self._database, "words", expression)

    def matching_substrings(self, expression: str) -> Ids:
        """All items that match an FTS5 expression over the columns of words.SUBSTRING_COLUMNS, ascending.

        A quoted string of 3 characters or more is found anywhere, within words too, without case; ``name`` is
        the path as it is. As ``matching_items`` otherwise.
        """
        return wordindex.matching(self._database, "substrings", expression)

    def matching_pieces(self, wanted: Sequence[tuple[str, str]]) -> list[tuple[Ids, Ids]]:
        """``matching_items`` of the first and ``matching_substrings`` of the second expression of each pair."""
        return [(self.matching_items(one), self.matching_substrings(other)) for one, other in wanted]

    def fields(self) -> dict[str, FieldInfo]:
        """All metadata fields by name, sorted."""
        return overview.fields(self._database, self.field_names())

    def facets(self, field: str, among: Ids | None = None) -> list[tuple[FieldValue, int]]:
        """The values of a field with the number of documents that have each, most frequent first.

        A list counts for each of its parts; values that differ in nothing but case count as one, and so do
        long ones with the same first 100 characters. ``among`` limits to the documents of these items.
        Raises UsageError for a field that no document has.
        """
        names = spellings(field, self.field_names())
        if not names:
            raise UsageError(unknown_field(field, self.field_names()))
        return overview.facets(self.facet_counts(names, among))

    def facet_counts(self, names: Sequence[str], among: Ids | None = None) -> list[FacetCount]:
        """How many documents have each value of the fields ``names``, by value; as ``facets`` otherwise."""
        return overview.facet_counts(self._database, names, among)

    def number_pairs(self, one: str, other: str, items: Ids) -> tuple[Ids, Scores, Scores]:
        """Those of ``items`` (n,) whose documents have the two fields as numbers, in their order, and these (m,)."""
        query = """
            SELECT i.id, a.number, b.number FROM items i
            JOIN fields a ON a.document_id = i.document_id AND a.name = ? AND a.number IS NOT NULL
            JOIN fields b ON b.document_id = i.document_id AND b.name = ? AND b.number IS NOT NULL
            WHERE i.id IN (SELECT value FROM json_each(?))
        """
        found = {item: pair for item, *pair in self._database.rows(query, (one, other, json_ids(items)))}
        kept = [item for item in items.tolist() if item in found]
        pairs = np.array([found[item] for item in kept], dtype=np.float64).reshape(-1, 2)
        return np.array(kept, dtype=np.int64), pairs[:, 0], pairs[:, 1]

    def statistics(self) -> Statistics:
        """What the catalogue holds, in numbers."""
        with self.snapshot():
            return overview.statistics(self._database, self.generation(), self.corpora())
