"""What the word index needs of the database that it lies in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from mmsearch.types import Ids


class Access(Protocol):
    """An open database; `mmsearch.store.catalogue.database.Database` is one."""

    connection: sqlite3.Connection

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of one query."""

    def id_columns(self, select: str, columns: Sequence[str], parameters: Sequence[object] = ()) -> list[Ids]:
        """The integer ``columns`` of ``SELECT ... {select}`` as arrays (n,), aligned, in no order."""

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing; the outermost one commits."""
