"""One SQLite file: opening it, transactions, and errors that a user understands."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import IndexDirectoryError, IndexFormatError, IndexLockedError, UsageError
from mmsearch.store.catalogue.dates.dates import key_compares, read_date
from mmsearch.store.catalogue.migrations import (
    APPLICATION_ID,
    OLDEST_READABLE,
    SCHEMA_VERSION,
    WORDS_FOLDED,
    migrate,
)
from mmsearch.store.catalogue.words.grams import grams, name_words, searchable
from mmsearch.store.durable.files import full_disk
from mmsearch.store.durable.witness import has_log
from mmsearch.store.folding import composed, folded
from mmsearch.store.globs import compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    import sqlite_utils

    from mmsearch.store.durable.witness import Witness
    from mmsearch.types import Ids

    Seen = tuple[tuple[int, int, int], ...]

# What the views of the word index, filters and migrations call.
_FUNCTIONS: dict[str, Callable[[str], str | None]] = {
    "folded": folded,
    "searchable": searchable,
    "grams": grams,
    "name_words": name_words,
    "composed": composed,
}
# Before a catalogue knew this form, its fields were folded by another: a view stands in their place.
_FOLDED_FIELDS = """
    CREATE TEMP VIEW fields AS
    SELECT id, document_id, name, kind, text,
        coalesce(date, substr(folded(text), 1, 100)) AS folded,
        coalesce(number, CAST(substr(date, 1, 4) AS REAL)) AS number
    FROM (SELECT *, CASE WHEN kind IN ('text', 'part', 'integer') THEN date_key(text) END AS date FROM main.fields)
"""
BUSY_SECONDS = 10.0  # other connections write only while they check or repair
_WITHOUT_LOCKS = "win32-none" if os.name == "nt" else "unix-none"  # one of SQLite's ways to reach files
_PRIMARY_CODE = 0xFF  # SQLite's extended result codes keep the primary code in the low byte


class Database:
    """A catalogue file, open for reading (``mode=ro``) or for writing.

    One connection, usable from any thread (SQLite is built serialized), one statement at a time.
    """

    def __init__(self, path: Path, *, write: bool, witness: Witness | None = None) -> None:
        """Open ``path``; created and migrated when ``write``. ``witness`` is told of what is written.

        Raises IndexDirectoryError (missing, damaged, older, full disk), IndexFormatError (newer, or no
        catalogue).
        """
        self.path, self.write, self._witness = path, write, witness
        self._depth = 0
        self._lock = threading.RLock()
        if not write and not path.exists():
            raise IndexDirectoryError(f"{path} is missing; `mmsearch check --repair` makes a new one")
        with plain_errors(path):
            self.connection, self._seen = _connected(path, write=write)
            try:
                self._prepare()
            except BaseException:
                self.connection.close()
                raise

    def _prepare(self) -> None:
        connection = self.connection
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        application = int(connection.execute("PRAGMA application_id").fetchone()[0])
        empty = not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        if empty and not self.write:
            raise IndexDirectoryError(
                f"{self.path} is empty, as after a copy without {self.path.name}-wal, or a run that was cut short; "
                "copy that too, or run `mmsearch index CORPUS` again"
            )
        if application != APPLICATION_ID and not empty:
            raise IndexFormatError(f"{self.path} is not a catalogue of mmsearch; choose another --index")
        if version > SCHEMA_VERSION:
            raise IndexFormatError(
                f"{self.path} was written by a newer mmsearch (schema {version}, this one reads up to "
                f"{SCHEMA_VERSION}); update mmsearch"
            )
        if self.write:
            # A commit in the write-ahead log survives the death of the process; NORMAL leaves out only the
            # sync at each commit, so that a power cut may take back the last ones, never damage the file.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA foreign_keys = ON")
            if version < SCHEMA_VERSION:
                with self.transaction():
                    migrate(connection, version)
                version = SCHEMA_VERSION
        elif version < OLDEST_READABLE:
            raise IndexDirectoryError(
                f"{self.path} was written by an older mmsearch (schema {version}); "
                "`mmsearch check --repair` brings it up to date"
            )
        elif version < WORDS_FOLDED:
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute(_FOLDED_FIELDS)
        self.version = version

    @cached_property
    def tables(self) -> sqlite_utils.Database:
        """The same connection as a sqlite-utils database, for writing (importing it takes 0.2 s)."""
        import sqlite_utils

        return sqlite_utils.Database(self.connection)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of one query."""
        with plain_errors(self.path):
            while True:
                found = self.connection.execute(sql, parameters).fetchall()
                if self._seen is None or self._seen == files_seen(self.path):
                    return found
                self._follow()

    def _follow(self) -> None:
        """Open the file anew: without locks nothing else tells that another process has written to it."""
        if self.connection.in_transaction:
            raise IndexDirectoryError(f"{self.path} was written to while it was read; run the command again")
        self.connection.close()
        self.connection, self._seen = _connected(self.path, write=False)

    def value(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """The first column of the first row; None when there is no row."""
        rows = self.rows(sql, parameters)
        return rows[0][0] if rows else None

    def id_columns(self, select: str, columns: Sequence[str], parameters: Sequence[object] = ()) -> list[Ids]:
        """The integer ``columns`` of ``SELECT ... {select}`` as arrays (n,) int64, aligned, in no order.

        SQLite joins each column into one text, which takes half the time of fetching rows.
        """
        joined = ", ".join(f"group_concat({column})" for column in columns)
        [texts] = self.rows(f"SELECT {joined} {select}", parameters)
        return [np.fromstring(text or "", dtype=np.int64, sep=",") for text in texts]

    def generation(self) -> int:
        """A number that grows with every change of what can be found."""
        return int(self.value("SELECT value FROM state WHERE name = 'generation'"))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; the outermost one commits. A failed commit is rolled back as well."""
        if self._depth:
            yield
            return
        if self._witness is not None:
            self._witness.begins()
        with plain_errors(self.path):
            self.connection.execute("BEGIN IMMEDIATE")
        self._depth += 1
        try:
            with plain_errors(self.path):
                yield
                self.connection.execute("COMMIT")
            if self._witness is not None:
                self._witness.committed(self.generation())
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._depth -= 1

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Reads inside see one state of the file, whatever a writer commits meanwhile."""
        with self._lock:  # one connection has one transaction, whoever uses it
            if self.connection.in_transaction:
                yield
                return
            if self._seen is not None and self._seen != files_seen(self.path):
                self._follow()
            with plain_errors(self.path):
                self.connection.execute("BEGIN")
            try:
                yield
            finally:
                self._roll_back()

    def _roll_back(self) -> None:
        """End a transaction, unless SQLite did so itself, as after some errors (a full disk among them)."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    @contextmanager
    def unchecked(self) -> Iterator[None]:
        """Without checking references at each row, for statements that can't break any."""
        self.connection.execute("PRAGMA foreign_keys = OFF")
        try:
            yield
        finally:
            self.connection.execute("PRAGMA foreign_keys = ON")

    def vacuum(self) -> None:
        """Rewrite the file without unused pages, and fold the write-ahead log into it."""
        if self._witness is not None:
            self._witness.begins()
        with plain_errors(self.path):
            self.tables.vacuum()
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def size(self) -> int:
        """Bytes of the file and its write-ahead log."""
        files = (self.path, self.path.with_name(self.path.name + "-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; a writer folds the write-ahead log into the file, if nobody reads just then."""
        with plain_errors(self.path):
            if self._witness is not None:
                self._fold()
            self.connection.close()
        if self._witness is not None:
            self._witness.closed()

    def _fold(self) -> None:
        with contextlib.suppress(sqlite3.Error):  # a full disk, a reader: the log stays, and all is in it
            self.connection.execute("PRAGMA busy_timeout = 0")
            self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def is_empty(path: Path) -> bool:
    """Whether the file at ``path`` is what SQLite leaves when its first transaction is cut short: no table."""
    try:
        connection, _ = _connected(path, write=False)
        try:
            return not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        finally:
            connection.close()
    except sqlite3.Error:
        return False


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """SQLite's errors that a user can mend, as such errors; a caller's bug stays what it is."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise UsageError("half a character is nowhere in an index: write whole ones") from error
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE
        if code == sqlite3.SQLITE_FULL:
            raise IndexDirectoryError(full_disk(path)) from error
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise IndexLockedError(
                f"another process is writing to {path}; try again when it is done"
            ) from error
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise IndexDirectoryError(
                f"{path} is damaged ({error}); `mmsearch check --repair` saves what is readable"
            ) from error
        if code in (
            sqlite3.SQLITE_IOERR,
            sqlite3.SQLITE_CANTOPEN,
            sqlite3.SQLITE_READONLY,
            sqlite3.SQLITE_PERM,
        ):
            raise IndexDirectoryError(
                f"{path} can't be read or written ({error}); check the disk and the permissions"
            ) from error
        raise


def _connected(path: Path, *, write: bool) -> tuple[sqlite3.Connection, Seen | None]:
    """A connection, and, if it takes no locks, the files as it saw them.

    Reading a database with a write-ahead log makes small files beside it (-shm). Where that can't be, a reader does
    without locks: SQLite then reads the log, if there is one, into memory, or takes the file for immutable.
    """
    try:
        return _connect(path, "mode=rwc" if write else "mode=ro"), None
    except sqlite3.DatabaseError as error:
        if write or error.sqlite_errorcode & _PRIMARY_CODE not in (
            sqlite3.SQLITE_CANTOPEN,
            sqlite3.SQLITE_READONLY,
        ):
            raise
    for file in (path, path.with_name(path.name + "-wal")):
        if file.exists() and not os.access(file, os.R_OK):
            raise IndexDirectoryError(
                f"{file} can't be read: Permission denied; ask its owner for the right to"
            )
    seen = files_seen(path)
    return _connect(path, f"mode=ro&vfs={_WITHOUT_LOCKS}" if has_log(path) else "mode=ro&immutable=1"), seen


def files_seen(path: Path) -> Seen:
    """What tells that a catalogue or its log has been written to."""
    seen = []
    for file in (path, path.with_name(path.name + "-wal")):
        try:
            found = file.stat()
            seen.append((found.st_ino, found.st_size, found.st_mtime_ns))
        except FileNotFoundError:
            seen.append((0, 0, 0))
    return tuple(seen)


def _connect(path: Path, how: str) -> sqlite3.Connection:
    """A connection that has read the file's header; sqlite3.DatabaseError when it can't."""
    connection = sqlite3.connect(
        f"file:{_quoted(path)}?{how}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,  # transactions are begun and ended here, not by the driver
        check_same_thread=False,
    )
    try:
        if "vfs" in how:  # no locks: nobody else has the log's index, and SQLite may keep its own in memory
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA user_version").fetchone()
        connection.execute("PRAGMA trusted_schema = ON")  # views call these
        for name, function in _FUNCTIONS.items():
            connection.create_function(name, 1, _of_text(function), deterministic=True)
        connection.create_function("matches", 2, _matches, deterministic=True)
        connection.create_function("date_compares", 3, key_compares, deterministic=True)
        connection.create_function("date_key", 1, _date_key, deterministic=True)
    except BaseException:
        connection.close()
        raise
    return connection


def _of_text(function: Callable[[str], str | None]) -> Callable[[str | None], str | None]:
    return lambda text: None if text is None else function(text)


def _matches(expression: str, text: str) -> bool:
    return compiled(expression).fullmatch(composed(text)) is not None


def _date_key(text: str) -> str | None:
    date = read_date(text)
    return None if date is None else date.key


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(str(path.absolute()))
