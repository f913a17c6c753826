"""Answers are remembered, and equal requests under way are answered once."""

from __future__ import annotations

import asyncio

import pytest

from mmsearch.serve.answers import Answers


def given(answer: bytes) -> asyncio.Future[bytes]:
    found: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(found.set_result, answer)
    return found


def test_equal_requests_under_way_are_answered_once() -> None:
    async def scenario() -> None:
        answers, release, made = Answers(1_000), asyncio.Event(), 0

        async def work() -> bytes:
            nonlocal made
            made += 1
            await release.wait()
            return b"answer"

        def make() -> asyncio.Future[bytes]:
            return asyncio.ensure_future(work())

        waiting = [asyncio.ensure_future(answers.get("key", make)) for _ in range(5)]
        await asyncio.sleep(0)
        waiting[0].cancel()  # the one that asked first goes away
        await asyncio.sleep(0)
        release.set()
        assert await asyncio.gather(*waiting[1:]) == [b"answer"] * 4
        assert await answers.get("key", make) == b"answer"
        assert (made, answers.counts.shared, answers.counts.remembered) == (1, 4, 1)

    asyncio.run(scenario())


def test_what_fails_is_not_remembered_and_fails_for_all_that_wait() -> None:
    async def scenario() -> None:
        answers = Answers(1_000)

        def fail() -> asyncio.Future[bytes]:
            found: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(found.set_exception, ValueError("no"))
            return found

        found = await asyncio.gather(*(answers.get("key", fail) for _ in range(3)), return_exceptions=True)
        assert [str(one) for one in found] == ["no"] * 3
        assert answers.find("key") is None

    asyncio.run(scenario())


def test_the_least_recently_used_go_first() -> None:
    async def scenario() -> None:
        answers = Answers(30)

        def ten() -> asyncio.Future[bytes]:
            return given(b"0123456789")

        for key in ("a", "b", "c", "a", "d"):
            await answers.get(key, ten)
        assert [key for key in "abcd" if answers.find(key)] == ["a", "c", "d"]
        assert answers.bytes == 30

        def long() -> asyncio.Future[bytes]:
            return given(b"x" * 31)

        assert await answers.get("long", long) == b"x" * 31
        assert answers.find("long") is None

    asyncio.run(scenario())


@pytest.mark.parametrize("states", [("1", "2")])
def test_another_state_of_the_index_is_another_answer(states: tuple[str, str]) -> None:
    async def scenario() -> list[bytes]:
        answers = Answers(1_000)

        async def of(state: str) -> bytes:
            return await answers.get((state, "query"), lambda: given(state.encode()))

        return [await of(state) for state in states]

    assert asyncio.run(scenario()) == [b"1", b"2"]
