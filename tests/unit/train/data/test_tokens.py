from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from mmsearch.errors import EncoderError
from mmsearch.train.data.tokens import SPECIAL, load_tokenizer, train_tokenizer
from mmsearch.train.recipe import DataRecipe, Recipe, TextRecipe

pytestmark = pytest.mark.torch

TEXTS = ["a red boat on the water", "a red boat on the sand", "the sand and the water"] * 4


def test_a_trained_tokenizer_keeps_to_its_size_and_knows_what_it_saw() -> None:
    tokenizer = train_tokenizer(TEXTS, 60)
    assert tokenizer.get_vocab_size() <= 60
    assert [tokenizer.token_to_id(token) for token in SPECIAL] == [0, 1, 2, 3]
    assert tokenizer.encode("A RED boat").tokens == ["[CLS]", "a", "red", "boat", "[SEP]"]


def test_more_characters_than_room_do_not_push_out_the_rest() -> None:
    assert train_tokenizer(["".join(map(chr, range(0x4E00, 0x4F00)))] * 3, 40).get_vocab_size() <= 40


def test_a_run_keeps_its_tokenizer_and_texts_are_cut(data: Path, tmp_path: Path, recipe: Recipe) -> None:
    text = TextRecipe(vocabulary=40, max_tokens=4, weights=None)
    chosen = replace(recipe, text=text, data=DataRecipe(train=("colors",)))
    first = load_tokenizer(chosen, data, tmp_path / "tokenizer.json")
    assert len(first.encode("a picture of a red square").ids) == 4
    again = load_tokenizer(chosen, tmp_path / "nowhere", tmp_path / "tokenizer.json")
    assert again.to_str() == first.to_str()
    small = replace(chosen, text=replace(text, vocabulary=8))
    with pytest.raises(EncoderError, match=r"text\.vocabulary is 8"):
        load_tokenizer(small, data, tmp_path / "tokenizer.json")
