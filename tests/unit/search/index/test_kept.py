from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from mmsearch.search.index.kept import Kept


def test_what_was_made_is_made_once_for_each_key() -> None:
    kept, made = Kept(), list[str]()

    def make(name: str) -> str:
        made.append(name)
        return name

    for _ in range(3):
        assert kept(("mean", "a"), lambda: make("a")) == "a"
        assert kept(("mean", "b"), lambda: make("b")) == "b"
    assert made == ["a", "b"]


def test_none_is_a_value_too() -> None:
    kept, made = Kept(), list[int]()
    for _ in range(2):
        assert kept(("bank",), lambda: made.append(1)) is None
    assert made == [1]


def test_threads_that_ask_at_the_same_time_get_what_the_first_of_them_made() -> None:
    kept, made, together = Kept(), list[int](), Barrier(8)

    def asked(_: int) -> object:
        together.wait()
        return kept(("slow",), lambda: made.append(1) or object())

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(asked, range(8)))
    assert made == [1]
    assert all(one is found[0] for one in found)


def test_a_value_that_takes_long_keeps_nobody_from_another() -> None:
    kept, begun, other_is_there = Kept(), Event(), Event()

    def slow() -> bool:
        begun.set()
        return other_is_there.wait(30)

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(kept, ("slow",), slow)
        assert begun.wait(30)
        assert kept(("fast",), lambda: 1) == 1
        other_is_there.set()
        assert waiting.result()


def test_a_value_may_be_made_of_others() -> None:
    kept = Kept()
    assert kept(("sum",), lambda: kept(("one",), lambda: 1) + kept(("two",), lambda: 2)) == 3


def test_what_failed_is_tried_again() -> None:
    kept = Kept()

    def fail() -> int:
        raise ValueError("not now")

    with pytest.raises(ValueError, match="not now"):
        kept(("x",), fail)
    assert kept(("x",), lambda: 1) == 1


def test_one_kind_can_be_forgotten() -> None:
    kept = Kept()
    for key in (("background", "a"), ("background", "b"), ("documents",)):
        kept(key, lambda: "old")
    kept.forget("background")
    found = [kept(key, lambda: "new") for key in (("background", "a"), ("background", "b"), ("documents",))]
    assert found == ["new", "new", "old"]
