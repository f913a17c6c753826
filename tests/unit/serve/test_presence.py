"""Work that is given up when who asked for it has gone."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("starlette", reason="no starlette: pip install 'mmsearch[serve]'")

from starlette.requests import Request
from starlette.types import Message

from mmsearch.serve.presence import while_there
from mmsearch.serve.problems import RefusedError

pytestmark = pytest.mark.filterwarnings("error")


def request(messages: asyncio.Queue[Message]) -> Request:
    return Request({"type": "http", "method": "GET", "path": "/", "headers": []}, messages.get)


def test_who_stays_gets_what_was_made() -> None:
    async def asked() -> str:
        messages: asyncio.Queue[Message] = asyncio.Queue()
        messages.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        return await while_there(request(messages), asyncio.sleep(0.01, "made"))

    assert asyncio.run(asked()) == "made"


def test_an_error_is_the_askers() -> None:
    async def fail() -> None:
        raise RefusedError(404, "nothing there")

    with pytest.raises(RefusedError, match="nothing there"):
        asyncio.run(while_there(request(asyncio.Queue()), fail()))


def test_who_leaves_is_not_worked_for() -> None:
    async def asked() -> bool:
        messages: asyncio.Queue[Message] = asyncio.Queue()
        given_up = False

        async def work() -> None:
            nonlocal given_up
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                given_up = True
                raise

        waiting = asyncio.ensure_future(while_there(request(messages), work()))
        await asyncio.sleep(0)
        messages.put_nowait({"type": "http.disconnect"})
        with pytest.raises(RefusedError):
            await waiting
        await asyncio.sleep(0)
        return given_up

    assert asyncio.run(asked())
