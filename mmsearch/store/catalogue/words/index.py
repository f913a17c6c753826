"""The word indexes (FTS5): matching, counting, and keeping them in step with the documents."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from mmsearch.store.catalogue.values import json_ids
from mmsearch.store.catalogue.words import postings
from mmsearch.store.catalogue.words.grams import SUBSTRING_COLUMNS, WORD_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.store.catalogue.words.access import Access
    from mmsearch.types import Ids

WordTable: TypeAlias = Literal["words", "substrings"]
_Column: TypeAlias = Literal["document_id", "item_id"]

_COLUMNS: dict[WordTable, tuple[str, ...]] = {"words": WORD_COLUMNS, "substrings": SUBSTRING_COLUMNS}
_SOURCES: dict[WordTable, str] = {"words": "word_source", "substrings": "substring_source"}
_ROWS_AT_ONCE = 4_096


def matching(database: Access, table: WordTable, expression: str) -> Ids:
    """All items that match, ascending."""
    query = f"SELECT group_concat(rowid) FROM {table} WHERE {table} MATCH ?"
    try:
        [[listed]] = database.rows(query, (expression,))
    except sqlite3.OperationalError as error:
        raise ValueError(f"not an FTS5 expression: {error}") from error
    return np.sort(np.fromstring(listed or "", dtype=np.int64, sep=","))


def forget(database: Access, document_ids: Sequence[int]) -> None:
    """Take the words of documents out, *before* anything that they are made of changes."""
    _forget(database, "document_id", document_ids)


def learn(database: Access, document_ids: Sequence[int]) -> None:
    """Put the words of documents in, after they are stored."""
    _learn(database, "document_id", document_ids)


def forget_items(database: Access, item_ids: Sequence[int]) -> None:
    """As ``forget``, of single items."""
    _forget(database, "item_id", item_ids)


def learn_items(database: Access, item_ids: Sequence[int]) -> None:
    """As ``learn``, of single items."""
    _learn(database, "item_id", item_ids)


def _forget(database: Access, column: _Column, ids: Sequence[int]) -> None:
    listed = json_ids(ids)
    for table, source in _SOURCES.items():
        database.connection.execute(
            f"""
            DELETE FROM {table} WHERE rowid IN (
                SELECT item_id FROM {source} WHERE {column} IN (SELECT value FROM json_each(?))
            )
            """,
            (listed,),
        )
    postings.forget(database.connection, "id" if column == "item_id" else column, listed)


def _learn(database: Access, column: _Column, ids: Sequence[int]) -> None:
    for table, source in _SOURCES.items():
        names = ", ".join(("item_id", *_COLUMNS[table]))
        rows = database.connection.execute(
            f"SELECT {names} FROM {source} WHERE {column} IN (SELECT value FROM json_each(?)) ORDER BY item_id",
            (json_ids(ids),),
        ).fetchall()
        marks = ", ".join("?" * (1 + len(_COLUMNS[table])))
        database.connection.executemany(
            f"INSERT INTO {table} (rowid, {', '.join(_COLUMNS[table])}) VALUES ({marks})", rows
        )
        if table == "words":
            postings.learn(database.connection, [(row[0], row[1:]) for row in rows])


def damage(database: Access) -> list[str]:
    """The word indexes, and lists of postings, that disagree with the documents; needs a connection that may write."""
    damaged: list[str] = []
    for table in _SOURCES:
        try:
            database.connection.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)")
        except sqlite3.OperationalError:  # locked, or the disk: this says nothing of the index
            raise
        except sqlite3.DatabaseError:
            damaged.append(table)
    if not damaged and not postings.are_sound(database.connection):
        damaged.append("postings")
    return damaged


def rebuild(database: Access) -> None:
    """Make the word indexes anew from the documents."""
    renew(database.connection)


def renew(connection: sqlite3.Connection) -> None:
    """The same on a connection, inside the caller's transaction."""
    for table in _SOURCES:
        connection.execute(f"INSERT INTO {table} ({table}) VALUES ('rebuild')")
    postings.clear(connection)
    columns = ", ".join(WORD_COLUMNS)
    rows = connection.execute(f"SELECT item_id, {columns} FROM word_source ORDER BY item_id")
    while some := rows.fetchmany(_ROWS_AT_ONCE):
        postings.learn(connection, [(row[0], row[1:]) for row in some])
    postings.join(connection, 1)


def tidy(database: Access) -> None:
    """Join what the batches of a run have left in pieces."""
    with database.transaction():
        postings.join(database.connection)


def optimize(database: Access) -> None:
    """Merge the word indexes' segments into one each."""
    for table in _SOURCES:
        database.connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")
    postings.join(database.connection, 1)
