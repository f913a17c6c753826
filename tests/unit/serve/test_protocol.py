"""What a client may send around the content of a request is bounded; the content has the gate's own bounds."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("httptools", reason="no httptools: pip install 'mmsearch[serve]'")

import uvicorn

from mmsearch.serve.protocol import MOST_BYTES, BoundedHttp
from mmsearch.serve.run import listen

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ENDLESS = {
    "an address": [b"GET /" + b"a" * 4_000, *[b"a" * 4_000] * 40],
    "a header": [HEAD + b"X: ", *[b"a" * 4_000] * 40],
    "many headers": [HEAD, *[b"X: " + b"a" * 4_000 + b"\r\n"] * 40],
    "what follows chunks": [CHUNKED + b"1\r\na\r\n0\r\n", *[b"X: " + b"a" * 4_000 + b"\r\n"] * 40],
    "what is said of a chunk": [CHUNKED + b"1;", *[b"a" * 4_000] * 40],
}  # fmt: skip


async def _echo(scope: dict, receive: object, send: object) -> None:  # type: ignore[type-arg]
    """Answers how many bytes came; not before all have."""
    size, more = 0, True
    while more:
        message = await receive()  # type: ignore[operator]
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    body = b"%d" % size
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})  # type: ignore[operator]
    await send({"type": "http.response.body", "body": body})  # type: ignore[operator]


def exchanged(*pieces: bytes) -> tuple[bytes, int]:
    """What is answered to ``pieces`` until the connection is closed, and how many of their bytes were taken."""

    async def scenario() -> tuple[bytes, int]:
        listening = listen("127.0.0.1", 0)
        config = uvicorn.Config(_echo, http=BoundedHttp, ws="none", log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        sent, answer = 0, b""
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                sent += len(piece)
                await asyncio.sleep(0.001)
            answer = await asyncio.wait_for(reader.read(), 20)
        except ConnectionError:
            answer = b"closed"
        finally:
            writer.close()
            server.should_exit = True
            await serving
            listening.close()
        return answer, sent

    return asyncio.run(scenario())


@pytest.mark.parametrize("what", ENDLESS)
def test_what_has_no_end_closes_the_connection(what: str) -> None:
    answer, _ = exchanged(*ENDLESS[what])
    assert b" 200 " not in answer
    assert b" 400 " in answer or answer in (b"", b"closed")


def test_content_is_no_header() -> None:
    body = b"x" * (3 * MOST_BYTES)
    answer, _ = exchanged(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body), body)
    assert answer.endswith(b"%d" % len(body))


def test_each_request_of_a_connection_has_its_own_bound() -> None:
    one = HEAD + b"X: " + b"a" * (MOST_BYTES // 2) + b"\r\nContent-Length: 0\r\n"
    answer, _ = exchanged(*[one + b"\r\n"] * 3, one + b"Connection: close\r\n\r\n")
    assert answer.count(b" 200 ") == 4
