"""Saving what is readable of a damaged catalogue, row by row, into a new one."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from mmsearch.store.catalogue.database import Database
from mmsearch.store.catalogue.words import index as wordindex
from mmsearch.store.durable.files import PARTIAL, plain_errors, sync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# In an order in which nothing points to what is not there yet; with the column that a reader can step along.
_TABLES = {
    "corpora": "id",
    "encoders": "id",
    "checksums": "id",
    "documents": "id",
    "contents": "id",
    "vectors": "content_id",
    "enrichments": "id",
    "enriched": "id",
    "findings": "id",
    "items": "id",
    "fields": "id",
    "unreadable": "content_id",
    "departed": "id",
    "refused": "id",
}
_PARENTS = (
    ("checksums", "encoder_id", "encoders"),
    ("documents", "corpus_id", "corpora"),
    ("vectors", "content_id", "contents"),
    ("vectors", "encoder_id", "encoders"),
    ("enriched", "enrichment_id", "enrichments"),
    ("findings", "enrichment_id", "enrichments"),
    ("findings", "content_id", "contents"),
    ("items", "document_id", "documents"),
    ("items", "finding_id", "findings"),
    ("items", "content_id", "contents"),
    ("fields", "document_id", "documents"),
    ("unreadable", "content_id", "contents"),
    ("unreadable", "encoder_id", "encoders"),
    ("departed", "corpus_id", "corpora"),
    ("refused", "corpus_id", "corpora"),
)
_LONGEST_GAP = 2**32  # ids; beyond it a damaged table is given up
_ASIDE = ("", "-wal", "-shm")


def salvage(path: Path) -> None:
    """Replace the catalogue at ``path`` by what can be read of it.

    Documents lose their stamps, since one of them may have lost an item: the next index run reads all files
    again, and encodes only what has no vector. The damaged file stays beside, as ``*.damaged.sqlite``.
    """
    partial = path.with_name(path.name + PARTIAL)
    _delete(partial)
    with Database(partial, write=True) as new, new.unchecked(), new.transaction():
        _copy(path, new)
        for child, column, parent in _PARENTS:
            new.connection.execute(
                f"DELETE FROM {child} WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT id FROM {parent})"
            )
        new.connection.execute("UPDATE documents SET stamp = ''")
        wordindex.rebuild(new)
    with plain_errors(path):
        sync(partial)
        partial.replace(_recovered(path))
        _put_aside(path)
        finish_salvage(path)


def finish_salvage(path: Path) -> None:
    """Finish a salvage that was killed after it took the old catalogue away."""
    recovered = _recovered(path)
    with plain_errors(path):
        if recovered.exists() and not path.exists():
            _put_aside(path)  # its log may still be there, and must never meet the new file
            recovered.replace(path)
            sync(path.parent)
        else:
            _delete(recovered)


def _copy(path: Path, new: Database) -> None:
    if not path.exists():
        return
    old = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    old.text_factory = lambda data: data.decode("utf-8", "replace")
    try:
        for table, key in _TABLES.items():
            columns = _columns(old, new, table)
            marks = ", ".join("?" * len(columns))
            new.connection.executemany(
                f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})",
                _readable_rows(old, table, columns, key),
            )
        new.connection.executemany(
            "INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)",
            _stepped(old, "SELECT name, value FROM state WHERE value >= ?", 0),
        )
        new.connection.execute("UPDATE state SET value = value + 1 WHERE name = 'generation'")
        for name, last in _stepped(old, "SELECT name, seq FROM sqlite_sequence WHERE seq >= ?", 0):
            new.connection.execute(
                "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (last, name)
            )
    finally:
        old.close()


def _columns(old: sqlite3.Connection, new: Database, table: str) -> list[str]:
    """The columns of ``table``, without those that a catalogue of an older schema lacks."""
    there = {row[1] for row in _stepped(old, f"SELECT * FROM pragma_table_info('{table}') WHERE cid >= ?", 0)}
    columns = [str(row[1]) for row in new.rows(f"PRAGMA table_info({table})")]
    return [column for column in columns if column in there] or columns


def _readable_rows(
    old: sqlite3.Connection, table: str, columns: list[str], key: str
) -> Iterator[tuple[Any, ...]]:
    """All rows that can be read, by ascending ``key``: after a damaged page, from the next readable one."""
    query = f"SELECT {', '.join(columns)} FROM {table} WHERE {key} >= ? ORDER BY {key}"
    place = columns.index(key)
    start: int | None = 0
    while start is not None:
        last = start - 1
        for row in _stepped(old, query, start):
            yield row
            last = int(row[place])
        start = _next_readable(old, query, last + 1)


def _next_readable(old: sqlite3.Connection, query: str, start: int) -> int | None:
    """The lowest key from ``start`` on where reading works again; None at the end, or when nothing does.

    Doubling steps over the gap, then halving back to its end.
    """
    low, step = start, 1
    while not _works(old, query, low + step - 1):
        step *= 2
        if step > _LONGEST_GAP:
            return None
    fails, works = low + step // 2 - 1, low + step - 1
    while works - fails > 1:
        middle = (fails + works) // 2
        if _works(old, query, middle):
            works = middle
        else:
            fails = middle
    return works if next(_stepped(old, query, works), None) is not None else None


def _works(old: sqlite3.Connection, query: str, start: int) -> bool:
    try:
        old.execute(query, (start,)).fetchone()
    except sqlite3.DatabaseError:
        return False
    return True


def _stepped(old: sqlite3.Connection, query: str, start: int) -> Iterator[tuple[Any, ...]]:
    """The rows of a query up to the first that can't be read."""
    try:
        yield from old.execute(query, (start,))
    except sqlite3.DatabaseError:
        return


def _recovered(path: Path) -> Path:
    return path.with_name(f"{path.stem}.recovered{path.suffix}")


def _put_aside(path: Path) -> None:
    """Move the file and its log to ``*.damaged.sqlite``; an earlier one goes."""
    aside = path.with_name(f"{path.stem}.damaged{path.suffix}")
    for ending in _ASIDE:
        source = path.with_name(path.name + ending)
        if source.exists():
            source.replace(aside.with_name(aside.name + ending))


def _delete(path: Path) -> None:
    for ending in _ASIDE:
        path.with_name(path.name + ending).unlink(missing_ok=True)
