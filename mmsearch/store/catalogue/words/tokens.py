"""The tokens of words: what FTS5's tokenizer, which the word index uses, makes of folded text."""

from __future__ import annotations

import sqlite3
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Letters are folded before; vowel signs are parts of words, and English words lose their endings.
TOKENIZE = "porter unicode61 remove_diacritics 0 categories 'L* N* M* Co'"


class Counted(NamedTuple):
    """One token in one column of several rows: the places of those ``rows``, one for each time that it stands there."""

    token: str
    column: int
    rows: list[int]


class Tokenizer:
    """FTS5's tokenizer, asked through a table in memory. Safe in threads."""

    def __init__(self, columns: int) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        names = ", ".join(f"c{number}" for number in range(columns))
        self._connection.execute(
            f'CREATE VIRTUAL TABLE t USING fts5 ({names}, content = "", tokenize = "{TOKENIZE}")'
        )
        self._connection.execute("CREATE VIRTUAL TABLE v USING fts5vocab (t, instance)")
        self._insert = f"INSERT INTO t (rowid, {names}) VALUES ({', '.join('?' * (columns + 1))})"

    def counts(self, rows: Sequence[Sequence[str | None]]) -> Iterator[Counted]:
        """All tokens of ``rows`` of folded texts, by token."""
        query = "SELECT term, substr(col, 2), group_concat(doc) FROM v GROUP BY term, col"
        for token, column, listed in self._read(rows, query):
            yield Counted(token, int(column), [int(row) for row in listed.split(",")])

    def tokens(self, texts: Sequence[str]) -> list[list[str]]:
        """The tokens of each of ``texts``, in order."""
        found: list[list[str]] = [[] for _ in texts]
        for row, token in self._read(
            [[text] for text in texts], "SELECT doc, term FROM v ORDER BY doc, offset"
        ):
            found[row].append(token)
        return found

    def _read(self, rows: Sequence[Sequence[str | None]], query: str) -> list[tuple[Any, ...]]:
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                self._connection.executemany(self._insert, [(n, *row) for n, row in enumerate(rows)])
                return self._connection.execute(query).fetchall()
            finally:
                self._connection.execute("ROLLBACK")


@lru_cache(maxsize=2)
def tokenizer(columns: int = 1) -> Tokenizer:
    """The process's tokenizer for rows of so many columns."""
    return Tokenizer(columns)
