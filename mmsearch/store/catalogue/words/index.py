"""The word indexes (FTS5): matching, counting, and keeping them in step with the documents."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from mmsearch.store.catalogue.database import json_ids
from mmsearch.store.catalogue.values import WordStatistics
from mmsearch.store.catalogue.words.grams import SUBSTRING_COLUMNS, WORD_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.store.catalogue.database import Database
    from mmsearch.types import Ids, Scores

WordTable: TypeAlias = Literal["words", "substrings"]

_COLUMNS: dict[WordTable, tuple[str, ...]] = {"words": WORD_COLUMNS, "substrings": SUBSTRING_COLUMNS}
_SOURCES: dict[WordTable, str] = {"words": "word_source", "substrings": "substring_source"}
_AVERAGES = 1  # rowid of the record in FTS5's data table that counts rows and words


def match(
    database: Database,
    table: WordTable,
    expression: str,
    depth: int,
    weights: Mapping[str, float],
    among: Ids | None,
) -> tuple[Ids, Scores]:
    """Items best first, as CatalogueReader.match_words says."""
    columns = _COLUMNS[table]
    if unknown := sorted(weights.keys() - set(columns)):
        raise ValueError(f"no column {', '.join(unknown)} in {table}; there are {', '.join(columns)}")
    marks = ", ".join("?" * len(columns))
    # The + keeps FTS5 from running the whole query once for every id
    limit = "" if among is None else "AND +rowid IN (SELECT value FROM json_each(?))"
    query = f"""
        SELECT rowid, -bm25({table}, {marks}) AS score FROM {table} WHERE {table} MATCH ? {limit}
        ORDER BY score DESC, rowid LIMIT ?
    """
    values = [weights.get(column, 1.0) for column in columns]
    listed = [] if among is None else [json_ids(among)]
    rows = _matched(database, query, (*values, expression, *listed, depth))
    ids = np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))
    return ids, np.fromiter((row[1] for row in rows), dtype=np.float64, count=len(rows))


def count(database: Database, expression: str) -> int:
    """How many rows of ``words`` match."""
    [[matches]] = _matched(database, "SELECT count(*) FROM words WHERE words MATCH ?", (expression,))
    return int(matches)


def statistics(database: Database) -> WordStatistics:
    """Rows and mean lengths, from the record that FTS5 keeps for BM25."""
    record = database.value("SELECT block FROM words_data WHERE id = ?", (_AVERAGES,))
    rows, *words = [*_varints(record or b""), *[0] * (1 + len(WORD_COLUMNS))][: 1 + len(WORD_COLUMNS)]
    means: dict[str, float] = {
        column: total / max(rows, 1) for column, total in zip(WORD_COLUMNS, words, strict=True)
    }
    return WordStatistics(rows, means)


def forget(database: Database, document_ids: Sequence[int]) -> None:
    """Take the words of documents out, *before* anything that they are made of changes."""
    for table, source in _SOURCES.items():
        database.connection.execute(
            f"""
            DELETE FROM {table} WHERE rowid IN (
                SELECT item_id FROM {source} WHERE document_id IN (SELECT value FROM json_each(?))
            )
            """,
            (json_ids(document_ids),),
        )


def learn(database: Database, document_ids: Sequence[int]) -> None:
    """Put the words of documents in, after they are stored."""
    for table, source in _SOURCES.items():
        columns = ", ".join(_COLUMNS[table])
        database.connection.execute(
            f"""
            INSERT INTO {table} (rowid, {columns})
            SELECT item_id, {columns} FROM {source}
            WHERE document_id IN (SELECT value FROM json_each(?)) ORDER BY item_id
            """,
            (json_ids(document_ids),),
        )


def damage(database: Database) -> list[str]:
    """The word indexes that disagree with the documents; needs a connection that may write."""
    damaged: list[str] = []
    for table in _SOURCES:
        try:
            database.connection.execute(f"INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)")
        except sqlite3.OperationalError:  # locked, or the disk: this says nothing of the index
            raise
        except sqlite3.DatabaseError:
            damaged.append(table)
    return damaged


def rebuild(database: Database) -> None:
    """Make both word indexes anew from the documents."""
    for table in _SOURCES:
        database.connection.execute(f"INSERT INTO {table} ({table}) VALUES ('rebuild')")


def optimize(database: Database) -> None:
    """Merge the word indexes' segments into one each."""
    for table in _SOURCES:
        database.connection.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")


def _matched(database: Database, query: str, parameters: Sequence[object]) -> list[tuple[float, ...]]:
    try:
        return database.rows(query, parameters)
    except sqlite3.OperationalError as error:
        raise ValueError(f"not an FTS5 expression: {error}") from error


def _varints(record: bytes) -> list[int]:
    """SQLite's variable-length integers: 7 bits a byte, high bit set on all but the last."""
    numbers, number = [], 0
    for byte in record:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(number)
            number = 0
    return numbers
