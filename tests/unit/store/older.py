"""A catalogue as earlier versions wrote it, made of one of now."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from mmsearch.store.catalogue import migrations
from mmsearch.store.catalogue.database import Database

if TYPE_CHECKING:
    from pathlib import Path


def made_older(path: Path, version: int) -> None:
    """Bring the catalogue at ``path``, of documents that were folded as they are now, back to an earlier schema.

    Words are those of the old rules; what the tables of later schemas held is gone.
    """
    with Database(path, write=True) as database, database.unchecked(), database.transaction():
        for table in ("words", "substrings", "entries", "postings", "unreadable"):
            database.connection.execute(f"DROP TABLE {table}")
        for view in ("word_source", "substring_source"):
            database.connection.execute(f"DROP VIEW {view}")
        for statement in migrations._WORDS:
            database.connection.execute(statement)
        for index in ("documents_by_key", "items_by_finding"):
            database.connection.execute(f"DROP INDEX {index}")
        for table, column in (("documents", "key"), ("items", "finding_id"), ("encoders", "sound")):
            database.connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        for table in ("findings", "enriched", "enrichments"):
            database.connection.execute(f"DROP TABLE {table}")
        database.connection.execute("UPDATE fields SET folded = lower(text)")
        if version < 5:
            database.connection.execute("DROP TABLE checksums")
        if version < 3:
            database.connection.execute("DROP INDEX fields_by_date")
        if version < 2:
            database.connection.execute("ALTER TABLE encoders DROP COLUMN precision")
        for table in ("words", "substrings"):
            database.connection.execute(f"INSERT INTO {table} ({table}) VALUES ('rebuild')")
        database.connection.execute(f"PRAGMA user_version = {version}")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
