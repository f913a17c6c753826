"""The requests that come most often, a search in JSON and a photo to search by, answered without the framework's way.

FastAPI takes 0.8 ms of processor time to find the route and to read the fields, a remembered answer by itself a tenth
of that; its reader of forms hands a photo of 4 MB to the disk, and to a thread, in sixty pieces. What isn't plain, or
makes no sense, goes the framework's way, so that all is answered as it is described.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from mmsearch.serve.asked import asked_of
from mmsearch.serve.forms import only_file
from mmsearch.serve.models.requests import SearchFields
from mmsearch.serve.routes.common import API, Json
from mmsearch.serve.searching import answered, searched
from mmsearch.serve.sending import keep_picture, keep_sound

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from mmsearch.serve.asked import Asked
    from mmsearch.serve.service import Service

PATH = f"{API}/search"
# What is sent to search by: where, and what is done with it. Larger ones go by way of the disk.
SENDING = {f"{API}/pictures": keep_picture, f"{API}/sounds": keep_sound}
MOST_SENT = 8 * 1024 * 1024
# Requests whose meaning is remembered, and how long they are at most, in bytes.
MOST_REMEMBERED, LONGEST_REMEMBERED = 2_000, 1_000
# What names pictures, which are not kept for ever, or a place in a list, which may have changed.
_PASSING = (b"pictures", b"sent:", b"cursor")


@dataclass(frozen=True, slots=True)
class _Route:
    """What the figures call it."""

    path: str


class Direct:
    """An ASGI application around another: answers ``POST /api/v1/search`` itself. For one event loop."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.service = app, service
        self._known: OrderedDict[bytes, Asked] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if not _is_plain(scope):
            await self.app(scope, receive, send)
            return
        body = await _whole(receive)
        if body is None:  # the client has gone
            return
        path = scope["path"]
        content = await (self._answer(body) if path == PATH else self._kept(scope, body))
        if content is None:
            await self.app(scope, _again(body, receive), send)
            return
        scope["route"] = _Route(path)
        await Json(content, 200 if path == PATH else 201)(scope, receive, send)

    async def _kept(self, scope: Scope, body: bytes) -> bytes | None:
        """The answer to the file in a form; None where there is more in it. Raises as `keep_picture`."""
        data = only_file(body, _header(scope, b"content-type"))
        return None if data is None else await SENDING[scope["path"]](self.service, data)

    async def _answer(self, body: bytes) -> bytes | None:
        """The answer to the fields in ``body``; None where they are none. Raises as `searched`."""
        asked = self._known.get(body)
        if asked is None:
            try:
                given = SearchFields.model_validate_json(body).given()
            except ValidationError:
                return None
            if len(body) > LONGEST_REMEMBERED or any(word in body for word in _PASSING):
                return await searched(self.service, given)
            asked = self._known[body] = asked_of(given, self.service)
            if len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(body)
        return await answered(self.service, asked)


def _is_plain(scope: Scope) -> bool:
    """Whether this is a search in JSON, or a file of some megabytes that is sent."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return False
    if scope["path"] == PATH:
        return _header(scope, b"content-type").partition(b";")[0].strip().lower() == b"application/json"
    length = _header(scope, b"content-length")
    return scope["path"] in SENDING and length.isdigit() and int(length) <= MOST_SENT


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for one, value in scope["headers"] if one == name), b"")


async def _whole(receive: Receive) -> bytes | None:
    """All that is sent; None when the client goes before it has."""
    parts = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """``receive`` as it was before ``body`` was read."""
    told = False

    async def replayed() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
