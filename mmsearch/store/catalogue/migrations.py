"""The catalogue's schema, as numbered migrations; ``PRAGMA user_version`` says how many are applied.

A migration that has been released is never edited: the next one changes what it made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmsearch.store.catalogue.words.schema import FOLDED_WORDS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

APPLICATION_ID = 0x6D6D_7365  # "mmse" in the file's header: tells a catalogue from any other SQLite file

_TABLES = (
    "CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
    "INSERT INTO state VALUES ('generation', 0)",
    "CREATE TABLE corpora (id INTEGER PRIMARY KEY, root TEXT NOT NULL UNIQUE)",
    """
    CREATE TABLE encoders (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        fingerprint TEXT NOT NULL UNIQUE,
        dimension INTEGER NOT NULL,
        modalities TEXT NOT NULL,
        folder TEXT NOT NULL UNIQUE
    )
    """,
    # Ids of documents and items are never used again (AUTOINCREMENT): others remember them.
    """
    CREATE TABLE documents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        corpus_id INTEGER NOT NULL REFERENCES corpora (id),
        path TEXT NOT NULL,
        stamp TEXT NOT NULL,
        title TEXT,
        name TEXT NOT NULL,
        grams TEXT,
        UNIQUE (corpus_id, path)
    )
    """,
    """
    CREATE TABLE contents (
        id INTEGER PRIMARY KEY,
        modality TEXT NOT NULL,
        key BLOB NOT NULL,
        UNIQUE (modality, key)
    )
    """,
    """
    CREATE TABLE vectors (
        content_id INTEGER NOT NULL REFERENCES contents (id),
        encoder_id INTEGER NOT NULL REFERENCES encoders (id),
        modality TEXT NOT NULL,
        row INTEGER NOT NULL,
        PRIMARY KEY (content_id, encoder_id),
        UNIQUE (encoder_id, modality, row)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE items (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        document_id INTEGER NOT NULL REFERENCES documents (id),
        position INTEGER NOT NULL,
        modality TEXT NOT NULL,
        locator TEXT NOT NULL,
        content_id INTEGER NOT NULL REFERENCES contents (id),
        text TEXT,
        grams TEXT
    )
    """,
    "CREATE INDEX items_by_document ON items (document_id, position, modality)",
    "CREATE INDEX items_by_content ON items (modality, content_id)",
    """
    CREATE TABLE fields (
        id INTEGER PRIMARY KEY,
        document_id INTEGER NOT NULL REFERENCES documents (id),
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        text TEXT NOT NULL,
        folded TEXT NOT NULL,
        number REAL
    )
    """,
    "CREATE INDEX fields_by_document ON fields (document_id)",
    # with all that counting the values of a field needs
    "CREATE INDEX fields_by_text ON fields (name, folded, kind, document_id)",
    "CREATE INDEX fields_by_number ON fields (name, number, document_id) WHERE number IS NOT NULL",
)

# The word indexes keep no text of their own: they read these views. A document's title, name and fields
# belong to its first item, so that a match of a name is one row, and a picture is found by its title; an item
# that is the title has no words of its own. Every row of a view is in its index, and no other.
_WORDS = (
    """
    CREATE VIEW word_source AS
    SELECT
        i.id AS item_id,
        i.document_id AS document_id,
        CASE WHEN i.locator <> 'title' AND i.locator NOT LIKE 'caption%' THEN i.text END AS text,
        CASE WHEN i.position = 0 THEN d.title END AS title,
        CASE WHEN i.locator LIKE 'caption%' THEN i.text END AS caption,
        CASE WHEN i.position = 0 THEN d.name END AS name,
        CASE WHEN i.position = 0 THEN (
            SELECT group_concat(text, ' ') FROM (
                SELECT text FROM fields
                WHERE document_id = d.id AND kind IN ('text', 'list') ORDER BY id
            )
        ) END AS fields,
        CASE
            WHEN i.position > 0 OR d.grams IS NULL THEN i.grams
            WHEN i.grams IS NULL THEN d.grams
            ELSE i.grams || ' ' || d.grams
        END AS grams
    FROM items i JOIN documents d ON d.id = i.document_id
    WHERE i.position = 0 OR (i.text IS NOT NULL AND i.locator <> 'title')
    """,
    """
    CREATE VIEW substring_source AS
    SELECT
        i.id AS item_id,
        d.id AS document_id,
        d.title AS title,
        d.path AS name,
        (
            SELECT group_concat(text, char(10)) FROM (
                SELECT text FROM fields
                WHERE document_id = d.id AND kind IN ('text', 'list') AND length(folded) < 100 ORDER BY id
            )
        ) AS fields
    FROM documents d JOIN items i ON i.document_id = d.id AND i.position = 0
    """,
    """
    CREATE VIRTUAL TABLE words USING fts5 (
        text, title, caption, name, fields, grams,
        content = 'word_source', content_rowid = 'item_id',
        tokenize = 'porter unicode61 remove_diacritics 2'
    )
    """,
    """
    CREATE VIRTUAL TABLE substrings USING fts5 (
        title, name, fields,
        content = 'substring_source', content_rowid = 'item_id',
        tokenize = 'trigram'
    )
    """,
    # Batches are small: with the default of 4, merging their segments takes more time than writing them.
    "INSERT INTO words (words, rank) VALUES ('automerge', 16)",
    "INSERT INTO substrings (substrings, rank) VALUES ('automerge', 16)",
)

_PRECISION = ("ALTER TABLE encoders ADD COLUMN precision TEXT NOT NULL DEFAULT 'float16'",)

# Dates in all spellings are folded to one; before, ISO dates without zones had their own text there already.
_DATES = (
    """
    UPDATE fields SET
        folded = date_key(text),
        number = coalesce(number, CAST(substr(date_key(text), 1, 4) AS REAL))
    WHERE kind IN ('text', 'part', 'integer') AND text GLOB '[0-9]*' AND date_key(text) IS NOT NULL
    """,
    # its condition is that of date_tests.DATED, by which it is chosen
    """
    CREATE INDEX fields_by_date ON fields (name, folded, number, document_id) WHERE
        number IS NOT NULL AND folded GLOB '[0-9][0-9][0-9][0-9]*'
        AND (length(folded) = 4 OR substr(folded, 5, 1) = '-')
    """,
)

# What outlives a document: the fields that it was given (``contents`` says to what, as tagging.py reckons it), and
# that a file ended its decoder, so that it is not tried again until its stamp changes.
_OUTLIVING = (
    """
    CREATE TABLE IF NOT EXISTS departed (
        id INTEGER PRIMARY KEY,
        corpus_id INTEGER NOT NULL REFERENCES corpora (id),
        path TEXT NOT NULL,
        contents BLOB NOT NULL,
        name TEXT NOT NULL,
        text TEXT NOT NULL,
        UNIQUE (contents, corpus_id, path, name)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS refused (
        id INTEGER PRIMARY KEY,
        corpus_id INTEGER NOT NULL REFERENCES corpora (id),
        path TEXT NOT NULL,
        stamp TEXT NOT NULL,
        reason TEXT NOT NULL,
        UNIQUE (corpus_id, path)
    )
    """,
)

# CRC-32 of the first ``rows`` rows of each block of 4,096 vectors; block -1 is the center of bits.
_CHECKSUMS = (
    """
    CREATE TABLE IF NOT EXISTS checksums (
        id INTEGER PRIMARY KEY,
        encoder_id INTEGER NOT NULL REFERENCES encoders (id),
        modality TEXT NOT NULL,
        block INTEGER NOT NULL,
        rows INTEGER NOT NULL,
        crc INTEGER NOT NULL,
        UNIQUE (encoder_id, modality, block)
    )
    """,
)

# What models and programs add to what lies in the corpus, kept by what it was found in (``key``: the SHA-256 of an
# item's content, or of a document's file), so that it outlives the documents. ``finding_id`` of an item says that it
# came from there.
_ENRICHMENTS = (
    "ALTER TABLE documents ADD COLUMN key BLOB",
    "CREATE INDEX documents_by_key ON documents (key) WHERE key IS NOT NULL",
    "ALTER TABLE items ADD COLUMN finding_id INTEGER REFERENCES findings (id)",
    "CREATE INDEX items_by_finding ON items (finding_id) WHERE finding_id IS NOT NULL",
    """
    CREATE TABLE enrichments (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        model TEXT NOT NULL,
        version TEXT NOT NULL,
        UNIQUE (kind, model, version)
    )
    """,
    """
    CREATE TABLE enriched (
        id INTEGER PRIMARY KEY,
        key BLOB NOT NULL,
        enrichment_id INTEGER NOT NULL REFERENCES enrichments (id),
        UNIQUE (key, enrichment_id)
    )
    """,
    "CREATE INDEX enriched_by_enrichment ON enriched (enrichment_id)",
    """
    CREATE TABLE findings (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        enrichment_id INTEGER NOT NULL REFERENCES enrichments (id),
        key BLOB NOT NULL,
        modality TEXT NOT NULL,
        place TEXT NOT NULL,
        content_id INTEGER NOT NULL REFERENCES contents (id),
        text TEXT,
        detail TEXT
    )
    """,
    "CREATE INDEX findings_by_key ON findings (key, enrichment_id)",
)

# Which sound tower an encoder's vectors of sounds are from: the fingerprint of the encoder does not tell.
_HEARD = ("ALTER TABLE encoders ADD COLUMN sound TEXT NOT NULL DEFAULT ''",)

MIGRATIONS: tuple[Sequence[str], ...] = (
    (*_TABLES, *_WORDS),
    _PRECISION,
    _DATES,
    _OUTLIVING,
    _CHECKSUMS,
    FOLDED_WORDS,
    _ENRICHMENTS,
    _HEARD,
)
PRECISION_SINCE, CHECKSUMS_SINCE = 2, 5  # the schemas that brought them
SCHEMA_VERSION = len(MIGRATIONS)
HEARD_SINCE = 1 + MIGRATIONS.index(_HEARD)
ENRICHED_SINCE = 1 + MIGRATIONS.index(_ENRICHMENTS)
WORDS_FOLDED = 1 + MIGRATIONS.index(
    FOLDED_WORDS
)  # before, words were found by other rules, and had no postings
OLDEST_READABLE = 1  # what later migrations added, the readers can do without


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Apply the migrations after ``version``, inside the caller's transaction."""
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            connection.execute(statement)
    if 0 < version < WORDS_FOLDED:
        from mmsearch.store.catalogue.words.index import renew

        renew(connection)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
