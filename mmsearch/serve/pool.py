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

    def start(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """What ``work`` will give, in one of the threads; first come, first served.

        Raises RefusedError (503) when too many wait; the future does when it takes too long, waiting included. What
        takes too long keeps its thread until it ends.
        """
        if self.under_way >= self.threads + self.waiting:
            raise RefusedError(503, "too many requests are waiting: try again in a moment")
        loop = asyncio.get_running_loop()
        found: asyncio.Future[T] = loop.create_future()

        def late() -> None:
            if not found.done():
                found.set_exception(
                    RefusedError(503, f"not finished within {self.seconds:g} s: ask for less")
                )

        def done(result: T | None, error: BaseException | None) -> None:
            self.under_way -= 1
            timer.cancel()
            if found.done():
                return
            if error is None:
                found.set_result(result)  # type: ignore[arg-type]
            else:
                found.set_exception(error)

        def run() -> None:
            result, error = None, None
            try:
                result = work()
            except BaseException as raised:  # whoever waits for it is told, and no thread ends
                error = raised
            if not loop.is_closed():
                loop.call_soon_threadsafe(done, result, error)

        timer = loop.call_later(self.seconds, late)
        self.under_way += 1
        self._executor.submit(run)
        return found

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` gives; raises as `start`."""
        return await self.start(work)

    def close(self) -> None:
        """Finish what is under way, and take nothing more."""
        self._executor.shutdown(wait=True, cancel_futures=True)
