"""Which rows of the word index have each token, how often, and how long they are: what BM25 is reckoned from.

FTS5 finds rows but reads each of them to score it; here a token's rows lie side by side. What is learned gets entries
of ascending numbers, so that a token's list grows at its end, and an entry that is taken out is missing from the table
of entries while lists may still name it. Of scripts that are kept in pairs of characters the single ones have lists
too. Functions on an open connection, inside the caller's transaction.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mmsearch.store.catalogue.words.grams import WORD_COLUMNS
from mmsearch.store.catalogue.words.tokens import tokenizer

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mmsearch.store.catalogue.words.access import Access
    from mmsearch.types import Ids

# How entries and counts lie in the database.
_ENTRY, _COUNT = "<u4", "<u2"
_MOST = 2**16 - 1
# Lists of a token in more pieces than this are joined at the end of a run.
MOST_PIECES = 8


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """All n entries: their numbers ``ids`` (n,), ascending, the item of each, and its number of tokens."""

    ids: Ids
    items: Ids
    tokens: Ids


@dataclass(frozen=True, slots=True, eq=False)
class Posting:
    """The entries (n,) that have a token in a column of `WORD_COLUMNS`, ascending, and how often each has it."""

    column: str
    entries: NDArray[np.integer[Any]]
    counts: NDArray[np.integer[Any]]


def learn(connection: sqlite3.Connection, rows: Sequence[tuple[int, Sequence[str | None]]]) -> None:
    """Add ``rows``: an item's id and its columns, as the word index has them."""
    last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entries'").fetchone()
    first = 1 + (last[0] if last else 0)
    lengths = [0] * len(rows)
    pieces = []
    grams = WORD_COLUMNS.index("grams")
    characters: dict[str, Counter[int]] = defaultdict(Counter)
    counts: list[tuple[str, int, Counter[int]]] = []
    for token, column, places in tokenizer(len(WORD_COLUMNS)).counts([columns for _, columns in rows]):
        counted = Counter(places)
        for place, count in counted.items():
            lengths[place] += count
        if column == grams:
            characters[token[0]] += counted  # of two, or the last of a run
        if column != grams or len(token) > 1:
            counts.append((token, column, counted))
    counts += [(character, grams, counted) for character, counted in characters.items()]
    for token, column, counted in counts:
        entries = sorted(counted)
        pieces.append(
            (
                token,
                column,
                first + entries[0],
                _packed([first + place for place in entries], 4),
                _packed([min(counted[place], _MOST) for place in entries], 2),
            )
        )
    connection.executemany(
        "INSERT INTO entries (id, item_id, tokens) VALUES (?, ?, ?)",
        [(first + n, item, lengths[n]) for n, (item, _) in enumerate(rows)],
    )
    connection.executemany("INSERT INTO postings VALUES (?, ?, ?, ?, ?)", pieces)


def forget(connection: sqlite3.Connection, column: Literal["document_id", "id"], listed: str) -> None:
    """Take out the entries of items by a ``column`` of theirs, whose values are ``listed`` as JSON."""
    connection.execute(
        f"""
        DELETE FROM entries WHERE item_id IN (
            SELECT id FROM items WHERE {column} IN (SELECT value FROM json_each(?))
        )
        """,
        (listed,),
    )


def clear(connection: sqlite3.Connection) -> None:
    """Take everything out."""
    connection.execute("DELETE FROM postings")
    connection.execute("DELETE FROM entries")
    connection.execute("DELETE FROM sqlite_sequence WHERE name = 'entries'")


def join(connection: sqlite3.Connection, most_pieces: int = MOST_PIECES) -> None:
    """Join the lists that lie in more than ``most_pieces``, and drop from these the entries that are taken out."""
    scattered = connection.execute(
        "SELECT token, column FROM postings GROUP BY token, column HAVING count(*) > ?", (most_pieces,)
    ).fetchall()
    if not scattered:
        return
    living = np.array([row[0] for row in connection.execute("SELECT id FROM entries ORDER BY id")], np.int64)
    for token, column in scattered:
        entries, counts = _joined(connection, token, column)
        kept = np.isin(entries, living, assume_unique=True)
        connection.execute("DELETE FROM postings WHERE token = ? AND column = ?", (token, column))
        if kept.any():
            entries, counts = entries[kept], counts[kept]
            connection.execute(
                "INSERT INTO postings VALUES (?, ?, ?, ?, ?)",
                (token, column, int(entries[0]), entries.tobytes(), counts.tobytes()),
            )


def read_entries(database: Access) -> Entries:
    """All entries."""
    columns = database.id_columns("FROM entries", ("id", "item_id", "tokens"))
    order = np.argsort(columns[0], kind="stable")
    return Entries(*(column[order] for column in columns))


def read_postings(database: Access, token: str) -> list[Posting]:
    """Where ``token`` stands, by column; entries that were taken out may be among them."""
    columns = database.rows("SELECT DISTINCT column FROM postings WHERE token = ?", (token,))
    return [
        Posting(WORD_COLUMNS[column], *_joined(database.connection, token, column)) for (column,) in columns
    ]


def are_sound(connection: sqlite3.Connection) -> bool:
    """Whether the entries are those of the rows of the word index, and have as many tokens as are listed."""
    [[differ]] = connection.execute(
        """
        SELECT (SELECT count(*) FROM word_source WHERE item_id NOT IN (SELECT item_id FROM entries))
             + (SELECT count(*) FROM entries WHERE item_id NOT IN (SELECT item_id FROM word_source))
             + (SELECT count(*) - count(DISTINCT item_id) FROM entries)
        """
    )
    if differ:
        return False
    [[last]] = connection.execute("SELECT coalesce(max(id), 0) FROM entries")
    listed = np.zeros(last + 1, np.int64)
    grams = WORD_COLUMNS.index("grams")
    query = "SELECT entries, counts FROM postings WHERE column <> ? OR length(token) = 1"  # pairs are counted by these
    for entries, counts in connection.execute(query, (grams,)):
        places, numbers = np.frombuffer(entries, _ENTRY), np.frombuffer(counts, _COUNT)
        if places.size != numbers.size:
            return False
        known = places <= last
        listed[places[known]] += numbers[known]  # no entry stands twice in one list
    return all(
        listed[number] == tokens for number, tokens in connection.execute("SELECT id, tokens FROM entries")
    )


def _joined(
    connection: sqlite3.Connection, token: str, column: int
) -> tuple[NDArray[np.uint32], NDArray[np.uint16]]:
    pieces = connection.execute(
        "SELECT entries, counts FROM postings WHERE token = ? AND column = ? ORDER BY first", (token, column)
    ).fetchall()
    entries, counts = (b"".join(parts) for parts in zip(*pieces, strict=True))
    return np.frombuffer(entries, _ENTRY), np.frombuffer(counts, _COUNT)


def _packed(numbers: Sequence[int], size: int) -> bytes:
    return b"".join(number.to_bytes(size, "little") for number in numbers)
