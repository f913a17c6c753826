"""A service that really listens, for the client that really asks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import mmsearch

pytest.importorskip("fastapi", reason="the service's packages come with the serve extra")

import uvicorn

from mmsearch.serve.app import make_app
from mmsearch.serve.run import listen
from mmsearch.serve.service import Service
from mmsearch.serve.settings import Settings

Listening = Callable[..., str]


@pytest.fixture(scope="session")
def listening(demo_index: Path) -> Iterator[Listening]:
    """Starts a service of the demo's index with the given settings; gives its address."""
    with ExitStack() as stack:

        def start(index: Path | None = None, **settings: object) -> str:
            opened = listen("127.0.0.1", 0)
            service = Service(mmsearch.open(index or demo_index), Settings(threads=2, **settings))  # type: ignore[arg-type]
            started = threading.Event()
            server = uvicorn.Server(uvicorn.Config(make_app(service), log_level="warning"))
            thread = threading.Thread(target=_run, args=(server, opened, started), daemon=True)
            thread.start()
            stack.callback(opened.close)
            stack.callback(thread.join, 10)
            stack.callback(setattr, server, "should_exit", True)
            while not server.started:
                assert thread.is_alive()
                started.wait(0.01)
            return f"http://127.0.0.1:{opened.getsockname()[1]}"

        yield start


def _run(server: uvicorn.Server, opened: object, started: threading.Event) -> None:
    server.run(sockets=[opened])  # type: ignore[list-item]
    started.set()


@pytest.fixture(scope="session")
def address(listening: Listening) -> str:
    return listening()
