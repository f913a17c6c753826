"""Threads that do the work: as many as cores, and a bounded number of requests that wait for them."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from mmsearch.serve.problems import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Pool:
    """``threads`` that work and ``waiting`` calls that may wait; ``under_way`` are both. For one event loop.

    A search keeps one core busy and gains nothing from company in a batch (a text costs the tower 8.5 ms alone and 8.2
    among 32), so that more threads than cores would only share them.
    """

    def __init__(self, threads: int, waiting: int, seconds: float, name: str = "search") -> None:
        self.threads, self.waiting, self.seconds = threads, waiting, seconds
        self.under_way = 0
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` gives, in one of the threads. RefusedError (503) when too many wait, or it takes too long.

        What takes too long is not waited for; it keeps its thread until it ends.
        """
        if self.under_way >= self.threads + self.waiting:
            raise RefusedError(503, "too many requests are waiting: try again in a moment")
        self.under_way += 1
        done = self._executor.submit(work)
        done.add_done_callback(self._ended(asyncio.get_running_loop()))
        try:
            async with asyncio.timeout(self.seconds):
                return await asyncio.wrap_future(done)
        except TimeoutError as error:
            raise RefusedError(503, f"not finished within {self.seconds:g} s: ask for less") from error

    def _ended(self, loop: asyncio.AbstractEventLoop) -> Callable[[object], None]:
        def one_less() -> None:
            self.under_way -= 1

        def told(_: object) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(one_less)

        return told

    def close(self) -> None:
        """Finish what is under way, and take nothing more."""
        self._executor.shutdown(wait=True, cancel_futures=True)
