"""One PostgreSQL server: connections that are kept, and errors in one line."""

from __future__ import annotations

import atexit
import os
import threading
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from mmsearch.errors import DatabaseError, IndexDirectoryError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEOUT = 10  # seconds to connect
LEAST_VERSION = (0, 8)  # of pgvector: from there on HNSW goes on until a filter is satisfied
_MOST_IDLE = 8


@cache
def server(address: str) -> Server:
    """The server at ``address``, one for all indexes of this process."""
    return Server(address)


class Server:
    """The server at ``address``. Several threads may ask, each over a connection of its own."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._idle: list[Any] = []
        self._lock = threading.Lock()
        self._process = os.getpid()
        atexit.register(self.close)

    @contextmanager
    def asking(self) -> Iterator[Any]:
        """A connection in a transaction of its own, rolled back when what is inside fails.

        Raises DatabaseError when the server can't be asked, IndexDirectoryError when a table that was there is gone.
        """
        psycopg = _psycopg()
        connection = self._taken()
        try:
            with connection.transaction():
                yield connection
        except psycopg.errors.UndefinedTable as error:
            raise IndexDirectoryError(
                f"{self.place} has other tables of vectors than it had: `mmsearch postgres push` brings them anew"
            ) from error
        except psycopg.Error as error:
            raise DatabaseError(f"{self.place} can't be asked: {_said(error)}") from error
        finally:
            if connection.closed or connection.broken:
                self._forget(connection)
            else:
                with self._lock:
                    self._idle.append(connection)
        with self._lock:
            surplus = self._idle[_MOST_IDLE:]
            del self._idle[_MOST_IDLE:]
        for one in surplus:
            one.close()

    def close(self) -> None:
        """Close the connections that nobody uses."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @property
    def place(self) -> str:
        """The server as messages name it; an address holds no password."""
        return self.address

    def _taken(self) -> Any:
        with self._lock:
            if self._process != os.getpid():  # what was opened before a fork belongs to the parent
                self._process, self._idle = os.getpid(), []
            while self._idle:
                connection = self._idle.pop()
                if not connection.closed and _lives(connection):
                    return connection
                connection.close()
        return self._connected()

    def _connected(self) -> Any:
        psycopg = _psycopg()
        try:
            connection = psycopg.connect(
                self.address, autocommit=True, connect_timeout=TIMEOUT, application_name="mmsearch"
            )
        except (psycopg.Error, UnicodeError) as error:
            raise DatabaseError(
                f"{self.place} can't be reached: {_said(error)}; start it, or `mmsearch postgres detach` searches here"
            ) from error
        return connection

    def _forget(self, connection: Any) -> None:
        connection.close()
        self.close()  # what broke one of them broke the others, as a rule


def _lives(connection: Any) -> bool:
    """Whether the server has not hung up: a closed socket can be read, a quiet one can't."""
    import select

    try:
        return not select.select([connection.fileno()], [], [], 0)[0]
    except (OSError, ValueError, _psycopg().Error):
        return False


def _said(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]


def _psycopg() -> Any:
    try:
        import psycopg
    except ImportError as error:
        raise MissingExtraError("PostgreSQL", "postgres") from error
    return psycopg
