"""The tables of words, and how a catalogue comes to them whose words were found by other rules.

Statements of a migration: released ones are never edited. The functions that they call are those that every connection
of mmsearch brings along.
"""

from __future__ import annotations

from mmsearch.store.catalogue.words.tokens import TOKENIZE

# What encoders can't read has no vector of theirs, and must not be tried again in every run.
_UNREADABLE = """
    CREATE TABLE unreadable (
        content_id INTEGER NOT NULL REFERENCES contents (id),
        encoder_id INTEGER NOT NULL REFERENCES encoders (id),
        PRIMARY KEY (content_id, encoder_id)
    ) WITHOUT ROWID
"""

FOLDED_WORDS = (
    "DROP TABLE words",
    "DROP TABLE substrings",
    "DROP VIEW word_source",
    "DROP VIEW substring_source",
    """
    CREATE VIEW word_source AS
    SELECT
        i.id AS item_id,
        i.document_id AS document_id,
        CASE WHEN i.locator <> 'title' AND i.locator NOT LIKE 'caption%' THEN searchable(i.text) END AS text,
        CASE WHEN i.position = 0 THEN searchable(d.title) END AS title,
        CASE WHEN i.locator LIKE 'caption%' THEN searchable(i.text) END AS caption,
        CASE WHEN i.position = 0 THEN searchable(d.name) END AS name,
        CASE WHEN i.position = 0 THEN searchable((
            SELECT group_concat(text, char(10)) FROM (
                SELECT text FROM fields
                WHERE document_id = d.id AND kind IN ('text', 'list') ORDER BY id
            )
        )) END AS fields,
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
        folded(d.title) AS title,
        folded(d.path) AS name,
        folded((
            SELECT group_concat(text, char(10)) FROM (
                SELECT text FROM fields
                WHERE document_id = d.id AND kind IN ('text', 'list') AND length(folded) < 100 ORDER BY id
            )
        )) AS fields
    FROM documents d JOIN items i ON i.document_id = d.id AND i.position = 0
    """,
    f"""
    CREATE VIRTUAL TABLE words USING fts5 (
        text, title, caption, name, fields, grams,
        content = 'word_source', content_rowid = 'item_id', tokenize = "{TOKENIZE}"
    )
    """,
    """
    CREATE VIRTUAL TABLE substrings USING fts5 (
        title, name, fields,
        content = 'substring_source', content_rowid = 'item_id',
        tokenize = 'trigram'
    )
    """,
    "INSERT INTO words (words, rank) VALUES ('automerge', 16)",
    "INSERT INTO substrings (substrings, rank) VALUES ('automerge', 16)",
    """
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        item_id INTEGER NOT NULL,
        tokens INTEGER NOT NULL
    )
    """,
    "CREATE INDEX entries_by_item ON entries (item_id)",
    """
    CREATE TABLE postings (
        token TEXT NOT NULL,
        column INTEGER NOT NULL,
        first INTEGER NOT NULL,
        entries BLOB NOT NULL,
        counts BLOB NOT NULL,
        PRIMARY KEY (token, column, first)
    ) WITHOUT ROWID
    """,
    _UNREADABLE,
    """
    UPDATE documents SET name = name_words(path), grams = grams(
        coalesce(title, '') || char(10) || path || char(10) || coalesce((
            SELECT group_concat(text, char(10)) FROM (
                SELECT text FROM fields
                WHERE document_id = documents.id AND kind IN ('text', 'list') ORDER BY id
            )
        ), '')
    )
    """,
    "UPDATE items SET grams = grams(text) WHERE text IS NOT NULL AND locator <> 'title'",
    """
    UPDATE fields SET folded = substr(folded(text), 1, 100)
    WHERE NOT (kind IN ('text', 'part', 'integer') AND date_key(text) IS NOT NULL)
    """,
)
