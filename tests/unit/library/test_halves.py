"""Half a character is refused by every verb, whichever argument holds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import mmsearch
from mmsearch.errors import UsageError
from mmsearch.search.request import SearchRequest

HALF = "caf\ud800"
CALLS: dict[str, Callable[[Any], object]] = {
    "text": lambda library: library.search(HALF),
    "phrase": lambda library: library.search(f'"{HALF}"'),
    "where": lambda library: library.search(where=f"title: {HALF}"),
    "path": lambda library: library.search("x", path=[HALF]),
    "minus": lambda library: library.search("x", minus=["y", HALF]),
    "weights": lambda library: library.search("x", weights={HALF: 1}),
    "question": lambda library: library.ask(HALF),
    "like": lambda library: library.recommend(like=[HALF]),
    "duplicates": lambda library: library.duplicates(path=HALF),
    "find": lambda library: library.find(HALF),
    "remove": lambda library: library.remove([HALF]),
    "embed": lambda _: mmsearch.embed([HALF]),
    "json": lambda _: SearchRequest.from_json('{"text": "caf\\ud800"}'),
}


@pytest.mark.parametrize("call", CALLS)
def test_half_a_character_is_refused(library: mmsearch.Library, call: str) -> None:
    with pytest.raises(UsageError, match="half a character"):
        CALLS[call](library)


def test_a_number_beyond_all_floats_is_none() -> None:
    with pytest.raises(UsageError, match="cutoff in a query is a number"):
        SearchRequest.from_json('{"text": "x", "cutoff": 1' + "0" * 400 + "}")
