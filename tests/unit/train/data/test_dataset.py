from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mmsearch.errors import UsageError  # noqa: E402
from mmsearch.train.data.dataset import in_batches, load_pictures, load_texts, tokenize  # noqa: E402
from mmsearch.train.data.tokens import train_tokenizer  # noqa: E402
from mmsearch.train.recipe import Recipe  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.fixture
def tokenizer() -> object:
    return train_tokenizer(["a red square", "a picture of blue"] * 3, 60)


def test_a_batch_of_texts_is_padded_to_its_longest(tokenizer: object) -> None:
    texts = tokenize([["a red square"], ["a", "red"]], tokenizer)  # type: ignore[arg-type]
    ids, mask = texts.batch([0, 1])
    assert ids.shape == mask.shape == (2, 5)
    assert mask.sum(1).tolist() == [5, 3]
    assert (ids[1, 3:] == 0).all()
    assert texts.group.tolist() == [0, 1, 1]
    assert texts.first.tolist() == [0, 1, 3]


def test_pictures_are_decoded_once_and_damaged_ones_left_out(
    data: Path, recipe: Recipe, tmp_path: Path, tokenizer: object
) -> None:
    folder = tmp_path / "data" / "set"
    folder.mkdir(parents=True)
    for name in ("red", "blue"):
        (folder / f"{name}.png").write_bytes((data / "colors" / f"{name}.png").read_bytes())
        (folder / f"{name}.txt").write_text(f"a {name} square\n")
    (folder / "bad.png").write_bytes(b"no picture")
    (folder / "bad.txt").write_text("a bad square")

    def load() -> object:
        return load_pictures(["set"], tmp_path / "data", recipe, (), tokenizer, tmp_path / "cache")  # type: ignore[arg-type]

    found = load()
    assert [pair.captions for pair in found.pairs] == [("a blue square",), ("a red square",)]  # type: ignore[attr-defined]
    (folder / "red.png").write_bytes(b"gone")
    assert np.array_equal(load().pixels, found.pixels)  # type: ignore[attr-defined]


def test_pictures_that_share_a_caption_are_of_one_cluster(data: Path, recipe: Recipe, tmp_path: Path) -> None:
    captions = {"red": ["A  square", "red"], "blue": ["a square"], "green": ["green"]}
    records = [
        {"path": str(data / "colors" / f"{name}.png"), "captions": texts} for name, texts in captions.items()
    ]
    (tmp_path / "one.jsonl").write_text("\n".join(map(json.dumps, records)))
    tokenizer = train_tokenizer(["a square"] * 3, 40)
    found = load_pictures(["one"], tmp_path, recipe, (), tokenizer, tmp_path / "cache")
    assert found.cluster.tolist() == [0, 0, 2]


def test_texts_are_taken_so_many_of_a_group(data: Path, tokenizer: object) -> None:
    texts = load_texts(["groups"], data, tokenizer, most=1)  # type: ignore[arg-type]
    assert texts is not None
    assert len(texts) == 8
    assert load_texts([], data, tokenizer) is None  # type: ignore[arg-type]


def test_no_picture_that_can_be_decoded_is_said(recipe: Recipe, tmp_path: Path, tokenizer: object) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    (tmp_path / "one.jsonl").write_text('{"path": "a.png", "caption": "a"}')
    with pytest.raises(UsageError, match="none of the training pictures can be decoded"):
        load_pictures(["one"], tmp_path, recipe, (), tokenizer, tmp_path / "cache")  # type: ignore[arg-type]


def test_batches_are_joined_in_order() -> None:
    whole = torch.arange(10.0)
    assert torch.equal(in_batches(10, 3, lambda part: whole[part]), whole)
