"""Vectors of queries that were asked before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import mmsearch
from mmsearch.encoders.compiled import CompiledEncoder
from mmsearch.search.index.remembered import QueryVectors


def test_what_is_known_is_not_made_again() -> None:
    vectors, made = QueryVectors(most=3), []

    def make(asked: Sequence[str]) -> np.ndarray:
        def chosen(places: Sequence[int]) -> np.ndarray:
            made.extend(asked[place] for place in places)
            return np.array([[float(ord(asked[place]))] for place in places])

        return vectors.of("e", asked, chosen)

    assert make(["a", "b", "a"]).tolist() == [[97.0], [98.0], [97.0]]
    assert make(["c", "a"]).tolist() == [[99.0], [97.0]]
    make(["d"])  # and "b", asked longest ago, is forgotten
    make(["a", "b"])
    assert sorted(set(made)) == ["a", "b", "c", "d"]
    assert made.count("b") == 2


def test_encoders_keep_apart() -> None:
    vectors = QueryVectors()
    assert vectors.of("one", ["a"], lambda _: np.array([[1.0]])).tolist() == [[1.0]]
    assert vectors.of("two", ["a"], lambda _: np.array([[2.0]])).tolist() == [[2.0]]


def test_paging_asks_the_tower_once(library: mmsearch.Library, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    plain = CompiledEncoder.encode_texts

    def counted(self: CompiledEncoder, batch: Sequence[str]) -> np.ndarray:
        asked.extend(batch)
        return plain(self, batch)

    monkeypatch.setattr(CompiledEncoder, "encode_texts", counted)
    first = library.search("a violin in the rain", k=5)
    again = library.search("a violin in the rain", k=5, sort="path")
    library.search("a violin in the rain", k=5, offset=5)
    assert asked.count("a violin in the rain") == 1
    assert first.hits
    assert again.searched == first.searched
