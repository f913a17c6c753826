"""The catalogue: documents, items, fields and words in one SQLite file. Reading is in ``reading``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.store.catalogue.database import Database
from mmsearch.store.catalogue.reader import CatalogueReader
from mmsearch.store.catalogue.values import json_ids, json_texts
from mmsearch.store.catalogue.words import index as wordindex
from mmsearch.store.catalogue.words.grams import joined_grams, name_words
from mmsearch.store.durable.witness import Witness
from mmsearch.store.precision import DEFAULT_PRECISION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import Self

    from mmsearch.store.catalogue.enrichment import Enrichment, Finding
    from mmsearch.store.catalogue.values import Instalment, NewDocument, NewItem
    from mmsearch.store.durable.checksums import Checksum
    from mmsearch.store.precision import Precision
    from mmsearch.types import Ids, Modality

_FINGERPRINT_SHOWN = 12  # characters of the fingerprint in the name of an encoder's folder
_NAME_SHOWN = 40
_FIELD_TEXTS = "SELECT text FROM fields WHERE document_id = ? AND kind IN ('text', 'list') ORDER BY id"


class Catalogue(CatalogueReader):
    """The catalogue of an index, to read and to write.

    Each writing method is one transaction: it happens as a whole or, after an error or a kill, not at all.
    ``transaction()`` makes several of them one. Raises IndexDirectoryError for a damaged file or a full disk.
    """

    @classmethod
    def open(cls, path: Path, *, write: bool = False) -> Self:
        """Open the catalogue at ``path``; ``write`` creates and migrates it, and wants the index's lock held.

        Raises IndexDirectoryError when it is missing or damaged, or lacks what was stored last, IndexFormatError when
        it is newer or no catalogue.
        """
        witness = Witness(path)
        database = Database(path, write=write, witness=witness if write else None)
        try:
            witness.refuse_older(database.generation())
            if write:
                witness.committed(database.generation())
        except BaseException:
            database.close()
            raise
        return cls(database)

    def transaction(self) -> AbstractContextManager[None]:
        """All writing inside is one transaction; nests."""
        return self._database.transaction()

    def add_corpus(self, root: str) -> int:
        """The id of the corpus at ``root`` (absolute), made if it is new."""
        with self.transaction():
            self._execute("INSERT INTO corpora (root) VALUES (?) ON CONFLICT DO NOTHING", (root,))
            return int(self._database.value("SELECT id FROM corpora WHERE root = ?", (root,)))

    def move_corpus(self, corpus_id: int, root: str) -> None:
        """Point a corpus to its new place. ValueError when another corpus is there, or none has that id."""
        with self.transaction():
            if any(corpus.root == root and corpus.corpus_id != corpus_id for corpus in self.corpora()):
                raise ValueError(f"another corpus of this index lies at {root}")
            if not self._execute("UPDATE corpora SET root = ? WHERE id = ?", (root, corpus_id)):
                raise ValueError(f"no corpus has the id {corpus_id}")

    def add_encoder(
        self,
        name: str,
        fingerprint: str,
        dimension: int,
        modalities: Sequence[Modality],
        precision: Precision = DEFAULT_PRECISION,
        sound: str = "",
    ) -> int:
        """The id of the encoder with this fingerprint, made if it is new; ``precision`` is of a new one.

        One that is known may have learned to hear, or to hear otherwise: ``sound`` is the fingerprint of its sound
        tower, and vectors of another one are dropped.
        """
        readable = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:_NAME_SHOWN]
        folder = f"{readable or 'encoder'}-{fingerprint[:_FINGERPRINT_SHOWN]}"
        values = (name, fingerprint, dimension, ",".join(sorted(modalities)), folder, precision)
        with self.transaction():
            made = self._execute(
                """
                INSERT INTO encoders (name, fingerprint, dimension, modalities, folder, precision)
                VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (fingerprint) DO NOTHING
                """,
                values,
            )
            if made:
                self._changed()
            number = int(
                self._database.value("SELECT id FROM encoders WHERE fingerprint = ?", (fingerprint,))
            )
            if sound:
                self._hear(number, sound, modalities)
            return number

    def _hear(self, encoder_id: int, sound: str, modalities: Sequence[Modality]) -> None:
        before = self._database.value("SELECT sound FROM encoders WHERE id = ?", (encoder_id,))
        if before == sound:
            return
        for table in ("vectors", "checksums"):
            self._execute(f"DELETE FROM {table} WHERE encoder_id = ? AND modality = 'audio'", (encoder_id,))
        self._execute(
            "UPDATE encoders SET sound = ?, modalities = ? WHERE id = ?",
            (sound, ",".join(sorted(modalities)), encoder_id),
        )
        self._changed()

    def put(
        self,
        documents: Sequence[NewDocument],
        encoder_id: int,
        checksums: Mapping[Modality, Sequence[Checksum]] | None = None,
    ) -> None:
        """Store documents, or bring those that are there by (corpus, path) up to date.

        An item with equal modality, locator and key keeps its id, and any content keeps its vectors, of all
        encoders; items that are gone are removed. The rows that items point to must be on disk (synced);
        ``checksums`` are of the blocks that were written for them. Raises ValueError when a path occurs twice.
        """
        from mmsearch.store.catalogue.enrichment import show
        from mmsearch.store.catalogue.put import put_documents

        with self.transaction():
            show(self._database, put_documents(self._database, documents, encoder_id))
            for modality, listed in (checksums or {}).items():
                self._keep_checksums(encoder_id, modality, listed)
            self._changed()

    def put_instalments(
        self,
        instalments: Sequence[Instalment],
        encoder_id: int,
        checksums: Mapping[Modality, Sequence[Checksum]] | None = None,
    ) -> None:
        """As ``put``, of documents that may come in several parts, one after the other.

        Until the last part is there, the document has an empty stamp, so that it is read again, and keeps what it was
        made of before; what the parts did not bring again goes with the last.
        """
        from mmsearch.store.catalogue.enrichment import show
        from mmsearch.store.catalogue.instalments import put_part

        whole = [one.document for one in instalments if one.last and not one.first]
        with self.transaction():
            self.put(whole, encoder_id)
            for one in instalments:
                if one.first or not one.last:
                    number = put_part(self._database, one, encoder_id)
                    if one.last:
                        show(self._database, [number])
            for modality, listed in (checksums or {}).items():
                self._keep_checksums(encoder_id, modality, listed)
            self._changed()

    def put_findings(
        self,
        enrichment: Enrichment,
        found: Mapping[bytes, Sequence[Finding]],
        encoder_id: int,
        checksums: Mapping[Modality, Sequence[Checksum]] | None = None,
    ) -> None:
        """Store what an enrichment ``found`` in contents by their keys: items of all documents that hold them.

        It takes the place of what others of its kind have found there. Rows and checksums as in ``put``.
        """
        from mmsearch.store.catalogue.enrichment import put_findings

        with self.transaction():
            put_findings(self._database, enrichment, found, encoder_id)
            for modality, listed in (checksums or {}).items():
                self._keep_checksums(encoder_id, modality, listed)
            self._changed()

    def put_vectors(
        self,
        items: Sequence[NewItem],
        encoder_id: int,
        checksums: Mapping[Modality, Sequence[Checksum]] | None = None,
    ) -> None:
        """Tie contents to rows, as ``put`` does, of ``items`` that are there: what an encoder can't read is noted."""
        from mmsearch.store.catalogue import put
        from mmsearch.store.catalogue.values import NewDocument

        with self.transaction():
            document = NewDocument(0, "", "", None, {}, tuple(items))
            contents = put.store_contents(self._database, [document])
            put.store_vectors(self._database, [document], contents, encoder_id)
            put.store_unreadable(self._database, [document], contents, encoder_id)
            for modality, listed in (checksums or {}).items():
                self._keep_checksums(encoder_id, modality, listed)
            self._changed()

    def forget_other_versions(self, enrichment: Enrichment) -> None:
        """Drop what other versions of its kind and model have found and this one has not looked at."""
        from mmsearch.store.catalogue.enrichment import forget_others

        with self.transaction():
            forget_others(self._database, enrichment)
            self._changed()

    def remove_enrichment(self, kind: str, model: str | None = None) -> int:
        """Forget what enrichments of a kind (by one model, None: by any) have found; how many findings."""
        from mmsearch.store.catalogue.enrichment import remove

        with self.transaction():
            removed = remove(self._database, kind, model)
            self._changed()
        return removed

    def rename(self, document_id: int, path: str, stamp: str) -> None:
        """Give a document its new path; one that stood there before is removed.

        ValueError when no document has the id.
        """
        with self.transaction():
            rows = self._database.rows("SELECT corpus_id, title FROM documents WHERE id = ?", (document_id,))
            if not rows:
                raise ValueError(f"no document has the id {document_id}")
            [(corpus_id, title)] = rows
            query = "SELECT id FROM documents WHERE corpus_id = ? AND path = ? AND id <> ?"
            self.remove([row[0] for row in self._database.rows(query, (corpus_id, path, document_id))])
            wordindex.forget(self._database, [document_id])
            texts = [row[0] for row in self._database.rows(_FIELD_TEXTS, (document_id,))]
            self._execute(
                "UPDATE documents SET path = ?, stamp = ?, name = ?, grams = ? WHERE id = ?",
                (path, stamp, name_words(path), joined_grams([title, path, *texts]), document_id),
            )
            wordindex.learn(self._database, [document_id])
            self._changed()

    def touch(self, stamps: Mapping[int, str]) -> None:
        """Set the stamps of documents whose files changed in nothing but their stamp."""
        with self.transaction():
            self._database.connection.executemany(
                "UPDATE documents SET stamp = ? WHERE id = ?",
                [(stamp, number) for number, stamp in stamps.items()],
            )

    def remove(self, document_ids: Sequence[int]) -> int:
        """Remove documents; how many were there. Their vectors stay as tombstones until compaction.

        Words, texts and fields go at once. When the same content comes back, it isn't encoded again, and gets back
        the fields that it was given.
        """
        from mmsearch.store.catalogue import tagging

        listed = json_ids(list(document_ids))
        with self.transaction():
            tagging.set_aside(self._database, tagging.keep(self._database, document_ids))
            wordindex.forget(self._database, document_ids)
            for table in ("fields", "items"):
                self._execute(
                    f"DELETE FROM {table} WHERE document_id IN (SELECT value FROM json_each(?))", (listed,)
                )
            removed = self._execute(
                "DELETE FROM documents WHERE id IN (SELECT value FROM json_each(?))", (listed,)
            )
            if removed:
                self._changed()
        return removed

    def set_field(self, name: str, values: Mapping[int, str | None]) -> int:
        """Give documents (by id) a value of the field ``name``, "red; green" for a list; None takes it away.

        How many documents changed. Ids that are not there are passed over. Raises UsageError for a name that
        a field of the corpus has, or that can't be one.
        """
        from mmsearch.store.catalogue.tagging import set_field

        with self.transaction():
            changed = set_field(self._database, self.field_names(), name, values)
            if changed:
                self._changed()
        return changed

    def given_fields(self) -> list[str]:
        """The names of the fields that ``set_field`` has written, sorted."""
        from mmsearch.store.catalogue.tagging import given_fields

        return given_fields(self._database)

    def refuse(self, corpus_id: int, path: str, stamp: str, reason: str) -> None:
        """Remember that a file ended its decoder: ``reason`` holds as long as its stamp is this one."""
        with self.transaction():
            self._execute(
                "INSERT OR REPLACE INTO refused (corpus_id, path, stamp, reason) VALUES (?, ?, ?, ?)",
                (corpus_id, path, stamp, reason),
            )

    def pardon(self, corpus_id: int, paths: Sequence[str]) -> None:
        """Forget what ``refuse`` remembered of these files."""
        with self.transaction():
            self._execute(
                "DELETE FROM refused WHERE corpus_id = ? AND path IN (SELECT value FROM json_each(?))",
                (corpus_id, json_texts(paths)),
            )

    def live_contents(self, encoder_id: int, modality: Modality) -> tuple[Ids, Ids]:
        """Contents that an item has and their rows, (n,) int64 each, in the order of their first item."""
        contents, rows, items = self._database.id_columns(
            """
            FROM (
                SELECT v.content_id AS content, v.row AS row, min(i.id) AS item
                FROM vectors v JOIN items i ON i.modality = v.modality AND i.content_id = v.content_id
                WHERE v.encoder_id = ? AND v.modality = ? GROUP BY v.content_id
            )
            """,
            ("content", "row", "item"),
            (encoder_id, modality),
        )
        order = np.argsort(items)
        return contents[order], rows[order]

    def purge(
        self,
        encoder_id: int,
        folder: str,
        contents: Mapping[Modality, Ids],
        checksums: Mapping[Modality, Sequence[Checksum]],
    ) -> None:
        """For compaction: the encoder's vectors lie in ``folder`` now, row n of a modality being of
        ``contents[modality][n]``, with these ``checksums``; all its other vectors are dropped."""
        with self.transaction():
            for modality, listed in checksums.items():
                self.replace_checksums(encoder_id, modality, listed)
            self._execute("DELETE FROM vectors WHERE encoder_id = ?", (encoder_id,))
            self._database.connection.executemany(
                "INSERT INTO vectors (content_id, encoder_id, modality, row) VALUES (?, ?, ?, ?)",
                [
                    (content, encoder_id, modality, row)
                    for modality, listed in contents.items()
                    for row, content in enumerate(listed.tolist())
                ],
            )
            self._execute("UPDATE encoders SET folder = ? WHERE id = ?", (folder, encoder_id))
            self._changed()

    def drop_unreadable(self, encoder_id: int, is_read: Callable[[str], bool]) -> int:
        """Drop the vectors of texts that the encoder can't read by ``is_read``, once for each encoder; how many.

        Before schema 5 they had some, all of them alike.
        """
        checked = f"read by encoder {encoder_id}"
        if self._database.value("SELECT 1 FROM state WHERE name = ?", (checked,)):
            return 0
        texts = self._database.rows(
            """
            SELECT DISTINCT v.content_id, i.text FROM vectors v
            JOIN items i ON i.modality = v.modality AND i.content_id = v.content_id
            WHERE v.encoder_id = ? AND v.modality = 'text' AND i.text IS NOT NULL
            """,
            (encoder_id,),
        )
        unreadable = [(content, encoder_id) for content, text in texts if not is_read(text)]
        with self.transaction():
            self._database.connection.executemany(
                "DELETE FROM vectors WHERE content_id = ? AND encoder_id = ?", unreadable
            )
            self._database.connection.executemany(
                "INSERT INTO unreadable (content_id, encoder_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
                unreadable,
            )
            self._execute("INSERT INTO state VALUES (?, 1)", (checked,))
            if unreadable:
                self._changed()
        return len(unreadable)

    def tidy(self) -> None:
        """Join what the batches of a run have left of the word index in pieces; it finds the same."""
        wordindex.tidy(self._database)

    def drop_vectors(self, encoder_id: int, modality: Modality, rows: Ids) -> int:
        """Forget vectors by row, so that the next index run encodes their items anew; how many there were."""
        with self.transaction():
            dropped = self._execute(
                """
                DELETE FROM vectors WHERE encoder_id = ? AND modality = ?
                AND row IN (SELECT value FROM json_each(?))
                """,
                (encoder_id, modality, json_ids(rows)),
            )
            self._changed()
        return dropped

    def replace_checksums(self, encoder_id: int, modality: Modality, checksums: Iterable[Checksum]) -> None:
        """Let ``checksums`` be all that are known of an encoder's vectors."""
        with self.transaction():
            query = "DELETE FROM checksums WHERE encoder_id = ? AND modality = ?"
            self._execute(query, (encoder_id, modality))
            self._keep_checksums(encoder_id, modality, checksums)

    def _keep_checksums(self, encoder_id: int, modality: Modality, checksums: Iterable[Checksum]) -> None:
        self._database.connection.executemany(
            """
            INSERT INTO checksums (encoder_id, modality, block, rows, crc) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT (encoder_id, modality, block) DO UPDATE SET rows = excluded.rows, crc = excluded.crc
            """,
            [(encoder_id, modality, *checksum) for checksum in checksums],
        )

    def vacuum(self) -> None:
        """Drop contents that nothing has, merge the word indexes, and give unused pages back to the disk."""
        with self._database.unchecked(), self.transaction():
            self._execute("DELETE FROM unreadable WHERE content_id NOT IN (SELECT content_id FROM items)")
            for table in ("findings", "enriched"):  # of what no document holds any more
                self._execute(
                    f"""
                    DELETE FROM {table} WHERE key NOT IN (SELECT key FROM documents WHERE key IS NOT NULL)
                    AND key NOT IN (SELECT c.key FROM contents c JOIN items i ON i.content_id = c.id)
                    """
                )
            self._execute(
                """
                DELETE FROM contents WHERE id NOT IN (SELECT content_id FROM items)
                AND id NOT IN (SELECT content_id FROM vectors) AND id NOT IN (SELECT content_id FROM findings)
                """
            )
            wordindex.optimize(self._database)
        self._database.vacuum()

    def _execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        return self._database.connection.execute(sql, parameters).rowcount

    def _changed(self) -> None:
        self._execute("UPDATE state SET value = value + 1 WHERE name = 'generation'")
