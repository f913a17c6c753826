from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmsearch.search.index.sampling import sample
from mmsearch.types import Locator

Build = Callable[[Sequence[Any]], Any]
WORDS = ("dog", "cat", "horse", "boat", "train", "tree", "bridge")


@pytest.fixture
def documents(doc: type[Any]) -> list[Any]:
    return [
        doc(f"{number:03}.jpg", f"{one} {other}", captions=[f"a {one} and a {other}"])
        for number, (one, other) in enumerate((one, other) for one in WORDS for other in WORDS)
    ]


def drawn(index: Any, kind: Any, n: int, seed: int = 1) -> list[tuple[str, Locator]]:
    ids, vectors = sample(index, index.encoder, kind, n, seed)
    np.testing.assert_array_equal(vectors, index.vector_index(index.encoder, kind).vectors(ids))
    stored = {item.item_id: item for item in index.catalogue.items(ids)}
    return [(stored[number].path, stored[number].locator) for number in ids.tolist()]


def test_a_sample_is_the_same_for_the_same_seed_whenever_items_came(
    documents: list[Any], build: Build, tmp_path: Path
) -> None:
    index = build(documents)
    other = type(index)(_made(tmp_path / "other"), documents[::-1])
    for seed in range(5):
        assert drawn(index, "image", 10, seed) == drawn(other, "image", 10, seed)
    assert len({tuple(drawn(index, "image", 10, seed)) for seed in range(5)}) == 5


def test_the_first_of_a_union_are_among_the_first_of_its_parts(
    documents: list[Any], build: Build, tmp_path: Path
) -> None:
    index = build(documents)
    parts = [type(index)(_made(tmp_path / str(n)), documents[n::3]) for n in range(3)]
    whole = drawn(index, "text", 12)
    assert set(whole) <= {one for part in parts for one in drawn(part, "text", 12)}


def test_items_of_equal_content_are_drawn_in_their_order(doc: type[Any], build: Build) -> None:
    index = build([doc(f"{name}.jpg", "a dog", content="same") for name in "zyxab"])
    assert [path for path, _ in drawn(index, "image", 3)] == ["a.jpg", "b.jpg", "x.jpg"]


def test_all_are_drawn_when_there_are_no_more(documents: list[Any], build: Build) -> None:
    index = build(documents)
    assert sorted(path for path, _ in drawn(index, "image", 1000)) == [one.path for one in documents]
    assert drawn(index, "image", 0) == []


def test_of_what_is_not_there_nothing_is_drawn(doc: type[Any], build: Build) -> None:
    index = build([doc("a.txt", passages=["a dog"])])
    ids, vectors = sample(index, index.encoder, "image", 5, seed=1)
    assert ids.size == 0
    assert vectors.shape == (0, index.encoder.dimension)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
