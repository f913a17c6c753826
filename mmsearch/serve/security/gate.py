"""What each request passes on its way in, and each answer on its way out."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from typing import TYPE_CHECKING

from mmsearch.errors import MmsearchError
from mmsearch.serve.problems import RefusedError, answer_to
from mmsearch.serve.security.headers import secured
from mmsearch.serve.security.hosts import is_known_host, is_own_origin
from mmsearch.serve.security.tokens import is_let_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from mmsearch.serve.service import Service

# What is answered to those who have no token yet: the page that asks for one, and what watches the service.
OPEN = frozenset({"/", "/api/v1/session", "/api/v1/health", "/api/v1/ready"})
OPEN_BELOW = "/static/"
UPLOADS = frozenset({"/api/v1/pictures", "/api/v1/sounds"})
# Around a file in a form: boundaries and headers.
_FORM_BYTES = 1 << 16

log = logging.getLogger("mmsearch.serve")


class Gate:
    """An ASGI application around another: refuses what may not in, and counts.

    Hosts and origins first (`hosts`), then how many requests one client has under way, its token, and the size of
    what it sends.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.service = app, service
        self._under_way: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        client = scope["client"][0] if scope.get("client") else ""
        answer = _Answer(send)
        self._under_way[client] += 1
        try:
            self._check(scope, client)
            most, until = self._most_bytes(scope), started + self.service.settings.seconds
            body = _Body(receive, most, until)
            await self.app(scope, body.receive, answer.unless(lambda: body.refused))
            if body.refused is not None:
                raise body.refused
        except MmsearchError as error:
            await self._refuse(error, scope, receive, answer)
        except Exception:
            log.exception("a fault in mmsearch while it answered %s", scope["path"])
            await self._refuse(
                RefusedError(500, "a fault in mmsearch: its log has more"), scope, receive, answer
            )
        finally:
            self._under_way[client] -= 1
            if not self._under_way[client]:
                del self._under_way[client]
            route = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if scope["method"] in ("GET", "HEAD", "POST") else "other"
            self.service.metrics.answered(route, method, answer.status, time.perf_counter() - started)

    async def _refuse(self, error: MmsearchError, scope: Scope, receive: Receive, answer: _Answer) -> None:
        if not answer.begun:
            await answer_to(error)(scope, receive, answer.send)

    def _check(self, scope: Scope, client: str) -> None:
        settings = self.service.settings
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        if not is_known_host(headers.get(b"host"), settings.hosts):
            raise RefusedError(
                421, "this service is not called so: start it with --allow-host NAME to let it be"
            )
        if not is_own_origin(headers.get(b"origin"), headers.get(b"host")):
            raise RefusedError(403, "pages of other sites may not ask this service")
        if headers.get(b"sec-fetch-site") == "cross-site" and scope["path"] not in ("/",):
            raise RefusedError(403, "pages of other sites may not ask this service")
        if self._under_way[client] > settings.per_client:
            raise RefusedError(429, f"more than {settings.per_client} requests at once: wait for the answers")
        path: str = scope["path"]
        if settings.token is not None and not (path in OPEN or path.startswith(OPEN_BELOW)):
            authorization, cookie = headers.get(b"authorization"), headers.get(b"cookie")
            if not is_let_in(authorization, cookie, settings.token):
                raise RefusedError(401, "a token is needed: give the one that the service was started with")
        length = headers.get(b"content-length", "0")
        if not length.isascii() or not length.isdecimal() or int(length) > self._most_bytes(scope):
            raise _too_large(self._most_bytes(scope))

    def _most_bytes(self, scope: Scope) -> int:
        settings = self.service.settings
        return settings.upload.max_bytes + _FORM_BYTES if scope["path"] in UPLOADS else settings.body_bytes


def _too_large(most: int) -> RefusedError:
    return RefusedError(413, f"more than {most:,} bytes were sent: send less")


class _Answer:
    """What is sent back, with the headers that every answer has; ``status`` is 500 until it has ``begun``."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status, self.begun = 500, False

    async def send(self, message: Message) -> None:
        """Send a message on."""
        if message["type"] == "http.response.start":
            self.status, self.begun = message["status"], True
            message = {**message, "headers": secured(list(message.get("headers", ())))}
        await self._send(message)

    def unless(self, refused: Callable[[], MmsearchError | None]) -> Send:
        """``send``, which drops the answer to a request that was refused while it was read."""

        async def send(message: Message) -> None:
            if self.begun or refused() is None:
                await self.send(message)

        return send


class _Body:
    """What a client sends: no more than ``most`` bytes, however many were announced, and not too slowly.

    ``until``: when all must have been read, by ``time.perf_counter``. ``refused``: why it was read no further.
    """

    def __init__(self, receive: Receive, most: int, until: float) -> None:
        self._receive, self._most, self._until = receive, most, until
        self._seen, self._complete = 0, False
        self.refused: MmsearchError | None = None

    async def receive(self) -> Message:
        """The next message."""
        if self._complete:  # only the client's leaving is waited for
            return await self._receive()
        try:
            async with asyncio.timeout(max(0.0, self._until - time.perf_counter())):
                message = await self._receive()
        except TimeoutError as error:
            self.refused = RefusedError(408, "the request came too slowly: send it again")
            raise self.refused from error
        self._seen += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._seen > self._most:
            self.refused = _too_large(self._most)
            raise self.refused
        return message
