"""The vectors of one encoder and kind on all servers: a table on each, and a line in a list of such tables.

Row r of the store lies on server r mod n. Rows never change and none goes: a list of rows that is another, as after a
compaction, gets new tables, and the old ones go in the same transaction.
"""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from mmsearch.errors import DatabaseError
from mmsearch.postgres.rows import copied, literal, read
from mmsearch.postgres.server import LEAST_VERSION, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mmsearch.ann.placement import StoredRows
    from mmsearch.postgres.rows import Halves
    from mmsearch.types import Ids, Scores, Vector

T = TypeVar("T")
SCHEMA = "mmsearch"
LIST = f"{SCHEMA}.tables"
_LISTED = f"""
create table if not exists {LIST} (
  name text primary key, relation text not null, dimension int not null, rows bigint not null, state text not null,
  approximate boolean not null, part int not null, parts int not null, index text not null,
  changed timestamptz not null)
"""
# Rows that HNSW looks at: at most so many (pgvector's own bound).
MOST_LOOKED_AT = 1000


@dataclass(frozen=True, slots=True)
class Found:
    """What one server names: its nearest ``rows`` (n,) with their inner products ``near`` (n,), falling, and their
    ``vectors`` (n, dimension); ``all``: there are no more."""

    rows: Ids
    near: Scores
    vectors: Halves
    all: bool


class Table:
    """The rows 0 to ``rows`` - 1 that ``state`` names, in the tables ``relations`` of ``servers``, one on each."""

    def __init__(
        self,
        servers: Sequence[Server],
        relations: Sequence[str],
        dimension: int,
        rows: int,
        state: str,
        *,
        approximate: bool,
    ) -> None:
        self.servers, self.relations = tuple(servers), tuple(relations)
        self.dimension, self.rows, self.state, self.approximate = dimension, rows, state, approximate
        self._pool = ThreadPoolExecutor(len(self.servers)) if len(self.servers) > 1 else None

    @classmethod
    def open(cls, servers: Sequence[Server], name: str, dimension: int) -> Table | None:
        """What the ``servers`` have under ``name``; None where one of them has nothing, or not the same as the others.

        Raises DatabaseError when one can't be asked.
        """
        lines = [_listed(server, name) for server in servers]
        found = [line for line in lines if line is not None]
        if len(found) < len(servers) or not _agree(found, dimension):
            return None
        return cls(
            servers,
            [line["relation"] for line in found],
            dimension,
            found[0]["rows"],
            found[0]["state"],
            approximate=found[0]["approximate"],
        )

    def nearest(self, query: Vector, limit: int, among: Ids | None = None) -> list[Found]:
        """The ``limit`` rows of each server that are nearest to ``query``, of ``among`` if that is given."""
        written = literal(query)

        def ask(part: int) -> Found:
            chosen = "" if among is None else "where row = any(%(among)s)"
            values: dict[str, Any] = {"query": written, "limit": limit}
            if among is not None:
                values["among"] = among[among % len(self.servers) == part].tolist()
            statement = (
                f"select row, -(vector <#> %(query)s::halfvec), vector from {self.relations[part]} {chosen} "
                "order by vector <#> %(query)s::halfvec limit %(limit)s"
            )
            with self.servers[part].asking() as connection:
                if self.approximate:
                    looked_at = min(MOST_LOOKED_AT, max(40, 2 * limit))
                    connection.execute(
                        "select set_config('hnsw.iterative_scan', 'strict_order', true), "
                        f"set_config('hnsw.ef_search', '{looked_at}', true)"
                    )
                lines = connection.execute(statement, values, binary=True).fetchall()
            return Found(
                np.array([line[0] for line in lines], dtype=np.int64),
                np.array([line[1] for line in lines], dtype=np.float64),
                read([line[2] for line in lines], self.dimension),
                len(lines) < limit,
            )

        return self._each(ask)

    def vectors(self, rows: Ids) -> Halves:
        """The vectors (n, dimension) of ``rows`` (n,), each below ``rows``, in their order.

        Raises DatabaseError when one is missing.
        """
        found = np.zeros((rows.size, self.dimension), dtype=np.float16)
        parts = rows % len(self.servers)

        def ask(part: int) -> None:
            mine = np.flatnonzero(parts == part)
            if not mine.size:
                return
            wanted = np.unique(rows[mine])
            statement = f"select row, vector from {self.relations[part]} where row = any(%s)"
            with self.servers[part].asking() as connection:
                lines = connection.execute(statement, [wanted.tolist()], binary=True).fetchall()
            if len(lines) < wanted.size:
                raise DatabaseError(
                    f"{self.servers[part].place} lacks vectors that it had: `mmsearch postgres push --anew`"
                )
            there = np.array([line[0] for line in lines], dtype=np.int64)
            order = np.argsort(there)
            places = order[np.searchsorted(there[order], rows[mine])]
            found[mine] = read([line[1] for line in lines], self.dimension)[places]

        self._each(ask)
        return found

    def close(self) -> None:
        """End the threads that ask; connections belong to the servers."""
        if self._pool is not None:
            self._pool.shutdown(wait=False)

    def _each(self, ask: Callable[[int], T]) -> list[T]:
        if self._pool is None:
            return [ask(0)]
        return list(self._pool.map(ask, range(len(self.servers))))


def publish(
    servers: Sequence[Server],
    name: str,
    stored: StoredRows,
    state: Callable[[int], str],
    *,
    approximate: bool,
    index: str,
    anew: bool = False,
) -> int:
    """Bring the rows of ``stored``, halves, to the ``servers`` under ``name``; how many were sent.

    Rows that are there are not sent again, if ``state`` names them as then; ``anew`` sends all. ``index`` tells people
    whose they are. Each server changes in one transaction. Raises DatabaseError when one can't be asked.
    """
    there = None if anew else Table.open(servers, name, stored.dimension)
    if there is not None and (there.rows > stored.rows or there.state != state(there.rows)):
        there = None
    if there is not None and there.rows == stored.rows and there.approximate == approximate:
        return 0
    first = 0 if there is None else there.rows
    sent = 0
    for part, server in enumerate(servers):
        rows = np.arange(first, stored.rows)
        rows = rows[rows % len(servers) == part]
        with server.asking() as connection:
            _prepare(connection, server)
            old = _line_of(connection, name)
            if there is not None and old is not None:
                relation = old["relation"]
            else:
                relation = f"{SCHEMA}.vectors_{secrets.token_hex(8)}"
                connection.execute(
                    f"create table {relation} (row bigint primary key, vector halfvec({stored.dimension}) not null)"
                )
                # halves hardly compress, and what is kept aside is slow to scan
                connection.execute(f"alter table {relation} alter column vector set storage plain")
            _send(connection, relation, rows, stored)
            _index(connection, relation, approximate)
            if old is not None and old["relation"] != relation:
                connection.execute(f"drop table if exists {old['relation']}")
            connection.execute(
                f"insert into {LIST} values (%s, %s, %s, %s, %s, %s, %s, %s, %s, now()) "
                "on conflict (name) do update set relation = excluded.relation, "
                "dimension = excluded.dimension, rows = excluded.rows, "
                "state = excluded.state, approximate = excluded.approximate, part = excluded.part, "
                "parts = excluded.parts, index = excluded.index, changed = excluded.changed",
                [
                    *(name, relation, stored.dimension, stored.rows, state(stored.rows)),
                    *(approximate, part, len(servers), index),
                ],
            )
        sent += int(rows.size)
        with server.asking() as connection:
            connection.execute(f"analyze {relation}")
    return sent


def drop(servers: Sequence[Server], prefix: str) -> int:
    """Delete all tables whose names begin with ``prefix``; how many there were."""
    gone = 0
    for server in servers:
        with server.asking() as connection:
            if connection.execute("select to_regclass(%s)", [LIST]).fetchone()[0] is None:
                continue
            lines = connection.execute(
                f"delete from {LIST} where starts_with(name, %s) returning relation", [prefix]
            ).fetchall()
            for (relation,) in lines:
                connection.execute(f"drop table if exists {_own(relation)}")
            gone += len(lines)
    return gone


def _send(connection: Any, relation: str, rows: Ids, stored: StoredRows) -> None:
    if not rows.size:
        return
    with connection.cursor().copy(f"copy {relation} (row, vector) from stdin (format binary)") as copy:
        halves = (
            np.concatenate([np.asarray(array) for array in stored.arrays]) if len(stored.arrays) > 1 else None
        )
        source = stored.arrays[0] if halves is None else halves
        for piece in copied(rows, source[rows] if rows.size < len(source) else source):
            copy.write(piece)


def _index(connection: Any, relation: str, approximate: bool) -> None:
    name = relation.rpartition(".")[2] + "_hnsw"
    if approximate:
        connection.execute(
            f"create index if not exists {name} on {relation} using hnsw (vector halfvec_ip_ops)"
        )
    else:
        connection.execute(f"drop index if exists {SCHEMA}.{name}")


def _prepare(connection: Any, server: Server) -> None:
    """See that the extension and the list are there; DatabaseError when the extension is missing or too old."""
    line = connection.execute("select extversion from pg_extension where extname = 'vector'").fetchone()
    if line is None:
        known = connection.execute("select 1 from pg_available_extensions where name = 'vector'").fetchone()
        if known is None:
            raise DatabaseError(f"{server.place} has no pgvector: install it there")
        connection.execute("create extension vector")
        line = connection.execute("select extversion from pg_extension where extname = 'vector'").fetchone()
    if tuple(int(part) for part in line[0].split(".")[:2]) < LEAST_VERSION:
        raise DatabaseError(f"{server.place} has pgvector {line[0]}: 0.8 or newer is wanted")
    connection.execute(f"create schema if not exists {SCHEMA}")
    connection.execute(_LISTED)


def _listed(server: Server, name: str) -> dict[str, Any] | None:
    with server.asking() as connection:
        return _line_of(connection, name)


def _line_of(connection: Any, name: str) -> dict[str, Any] | None:
    from psycopg.rows import dict_row

    if connection.execute("select to_regclass(%s)", [LIST]).fetchone()[0] is None:
        return None
    line: dict[str, Any] | None = (
        connection.cursor(row_factory=dict_row)
        .execute(f"select * from {LIST} where name = %s", [name])
        .fetchone()
    )
    if line is not None:
        _own(line["relation"])
    return line


def _own(relation: str) -> str:
    """The name of a table as ``publish`` makes it: it comes from a list that others may write to."""
    head, _, tail = relation.partition(".vectors_")
    if head != SCHEMA or not (tail.isascii() and tail.isalnum()):
        raise DatabaseError(f"the list of tables names {relation!r}, which is none of mmsearch's")
    return relation


def _agree(lines: Sequence[dict[str, Any]], dimension: int) -> bool:
    """Whether the servers hold parts of the same rows, in this order."""
    first = lines[0]
    return all(
        (line["part"], line["parts"]) == (part, len(lines))
        and line["dimension"] == dimension
        and all(line[key] == first[key] for key in ("rows", "state", "approximate"))
        for part, line in enumerate(lines)
    )
