"""Run the service: open the index, listen, stop when it is told to."""

from __future__ import annotations

import contextlib
import gc
import socket
from typing import TYPE_CHECKING

import uvicorn

from mmsearch.errors import UsageError
from mmsearch.serve.app import make_app
from mmsearch.serve.protocol import BoundedHttp
from mmsearch.serve.service import Service

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from mmsearch.library.library import Library
    from mmsearch.serve.settings import Settings

# How long a stop waits for what is under way.
GRACE_SECONDS = 10


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at ``host`` and ``port`` (0: any that is free); UsageError when it can't."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it, an answer's body waits 40 ms
    # for the acknowledgement of its head.
    opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
        opened.listen(256)
    except (OSError, OverflowError) as error:
        opened.close()
        raise UsageError(f"can't listen at {host}:{port} ({error}): choose another --port") from error
    return opened


def serve(
    library: Library, settings: Settings, listening: socket.socket, ready: Callable[[], None] | None = None
) -> None:
    """Answer at ``listening`` until a signal says to stop; ``ready`` is called when searches are answered."""
    service = Service(library, settings)
    config = uvicorn.Config(
        make_app(service),
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=True,
        forwarded_allow_ips=list(settings.proxies),
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=30,
        http=BoundedHttp,
        ws="none",
    )
    server = _Server(config, ready)
    with contextlib.closing(listening):
        server.run(sockets=[listening])


class _Server(uvicorn.Server):
    """A server that says when it has started."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None] | None) -> None:
        super().__init__(config)
        self._ready = ready

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in good order, and end as what has done its work; told again, stop at once."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        gc.freeze()  # what is there now stays: no collection need look at it again
        if self.started and self._ready is not None:
            self._ready()
