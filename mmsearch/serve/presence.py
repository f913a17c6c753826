"""Whether who asked is still there: a page that is scrolled on no longer waits for the pictures that it passed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from mmsearch.serve.problems import RefusedError

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from starlette.requests import Request

T = TypeVar("T")


async def while_there(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What ``work`` gives, or raises. It is cancelled when the client of ``request`` (one without a body) goes first.

    Then a RefusedError is raised, which nobody hears.
    """
    doing, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((doing, leaving), return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        raise RefusedError(408, "the client went away")
    finally:
        doing.cancel()
        leaving.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
