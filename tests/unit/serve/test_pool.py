"""As many searches at once as there are threads, a bounded number that waits, and no request for ever."""

from __future__ import annotations

import asyncio
import threading

import pytest

from mmsearch.serve.pool import Pool
from mmsearch.serve.problems import RefusedError


def test_more_than_may_wait_are_sent_away_and_the_others_answered() -> None:
    async def scenario() -> None:
        pool, release = Pool(threads=2, waiting=3, seconds=30), threading.Event()
        running: list[int] = []

        def work() -> int:
            running.append(1)
            release.wait(20)
            return 7

        waiting = [asyncio.ensure_future(pool.run(work)) for _ in range(5)]
        while len(running) < 2:
            await asyncio.sleep(0.01)
        with pytest.raises(RefusedError, match="too many requests") as refused:
            await pool.run(work)
        assert refused.value.http_status == 503
        assert len(running) == 2
        release.set()
        assert await asyncio.gather(*waiting) == [7] * 5
        await asyncio.sleep(0.05)
        assert pool.under_way == 0
        assert await pool.run(lambda: 8) == 8
        pool.close()

    asyncio.run(scenario())


def test_what_takes_too_long_is_not_waited_for() -> None:
    async def scenario() -> None:
        pool, release = Pool(threads=1, waiting=1, seconds=0.05), threading.Event()
        with pytest.raises(RefusedError, match="not finished within"):
            await pool.run(lambda: release.wait(20))
        assert pool.under_way == 1  # its thread is still busy
        release.set()
        pool.close()

    asyncio.run(scenario())


def test_what_fails_fails_for_who_asked() -> None:
    async def scenario() -> None:
        pool = Pool(threads=1, waiting=1, seconds=5)
        with pytest.raises(ZeroDivisionError):
            await pool.run(lambda: 1 // 0)
        pool.close()

    asyncio.run(scenario())
