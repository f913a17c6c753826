"""A service for tests: the demo's index behind starlette's client."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import mmsearch

pytest.importorskip("fastapi", reason="the service's packages come with the serve extra")

from starlette.testclient import TestClient

from mmsearch.serve.app import make_app
from mmsearch.serve.service import Service
from mmsearch.serve.settings import Settings

Serving = Callable[..., TestClient]


@pytest.fixture
def serving(demo_index: Path) -> Iterator[Serving]:
    """Starts a service with the given settings, of the demo's index or another one."""
    with ExitStack() as stack:

        def start(index: Path | None = None, **settings: object) -> TestClient:
            service = Service(mmsearch.open(index or demo_index), Settings(threads=2, **settings))  # type: ignore[arg-type]
            return stack.enter_context(TestClient(make_app(service), base_url="http://127.0.0.1:8080"))

        yield start


@pytest.fixture
def client(serving: Serving) -> TestClient:
    return serving()


@pytest.fixture
def own_index(demo_index: Path, tmp_path: Path) -> Path:
    """A copy of the demo's index, to be written to."""
    return Path(shutil.copytree(demo_index, tmp_path / "own"))
