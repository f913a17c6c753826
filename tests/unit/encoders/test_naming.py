"""How often words named pictures: counted by pieces of words, kept in a byte each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from mmsearch.encoders.naming import (
    count_named,
    named_words,
    pictures_named,
    read_named,
    write_named,
)
from mmsearch.encoders.registry import load_encoder

PIECES = ["[UNK]", "a", "dog", "dogs", "vi", "##olin", "red", "gato"]


@pytest.fixture
def tokenizer() -> Tokenizer:
    made = Tokenizer(models.WordPiece({piece: n for n, piece in enumerate(PIECES)}, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return made


def test_each_picture_counts_once_and_plurals_count_with_their_nouns(tokenizer: Tokenizer) -> None:
    captions = [["A dog.", "a red dog, a dog"], ["dogs"], ["a violin"]]
    counts, pictures = count_named(tokenizer, captions)
    assert pictures == 3
    assert dict(zip(PIECES, counts, strict=True)) == {
        "[UNK]": 1, "a": 2, "dog": 2, "dogs": 2, "vi": 1, "##olin": 1, "red": 1, "gato": 0,
    }  # fmt: skip


def test_a_word_is_known_as_its_least_known_piece(tokenizer: Tokenizer, tmp_path: Path) -> None:
    counts = np.array([0, 40_000, 4_000, 4_000, 900, 20, 150, 0], dtype=np.float64)
    write_named(tmp_path / "named.npy", counts, np.array(PIECES) != "gato")
    table = read_named(tmp_path / "named.npy")
    words = {one.word: one.pictures for one in named_words(tokenizer, table, "A red Violin, gato!")}
    assert list(words) == ["A", "red", "Violin", "gato"]
    assert words["A"] == pytest.approx(40_000, rel=0.04)
    assert words["Violin"] == pytest.approx(20, rel=0.04)
    assert words["gato"] is None
    known_counts, known = pictures_named(table)
    np.testing.assert_allclose(known_counts[known], counts[known], rtol=0.04)
    assert known.sum() == 7


def test_entries_that_came_later_say_nothing(tokenizer: Tokenizer) -> None:
    [word] = named_words(tokenizer, np.zeros(3, dtype=np.uint8), "dogs")
    assert word.decades is None


def test_another_file_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "other.npy", np.zeros((2, 2)))
    with pytest.raises(ValueError, match="no table"):
        read_named(tmp_path / "other.npy")


def test_pocket_knows_what_it_saw_named() -> None:
    words = {one.word: one.pictures for one in load_encoder("pocket").named_words("dogs axolotl 狗")}
    assert (words["dogs"] or 0) > 1_000
    assert (words["axolotl"] or 0) < 10
    assert (words["狗"] or 0) > 1_000
