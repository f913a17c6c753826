"""Word pieces of a made-up language, found and given vectors by what translates them."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

pytest.importorskip("torch")

from tokenizers import Tokenizer, models, pre_tokenizers

from mmsearch.errors import EncoderError
from mmsearch.train.languages.lexicon import add_pieces, first_rows, own_pieces, with_foreign_letters

pytestmark = pytest.mark.torch

ENGLISH = ["dog", "cat", "bird", "runs", "sleeps", "sings", "here", "there"]
FOREIGN = dict(
    zip(ENGLISH, ["hund", "katze", "vogel", "rennt", "ruht", "singt", "hier", "dort"], strict=True)
)
OLD = [
    "[UNK]",
    *ENGLISH,
    "tom",
    *"abcdefghijklmnopqrstuvwxyz",
    *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz"),
]
SENTENCES = list(itertools.product(ENGLISH[:3], ENGLISH[3:6], ENGLISH[6:]))
# the other order of words, and a name that is written alike in both
PAIRS = [
    (f"tom {' '.join(words)}", f"{' '.join(FOREIGN[word] for word in reversed(words))} tom")
    for words in SENTENCES
]


def tokenizer() -> str:
    made = Tokenizer(models.WordPiece({piece: n for n, piece in enumerate(OLD)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.add_special_tokens(["[UNK]"])
    return str(made.to_str())


def test_the_words_of_the_translations_are_added_behind_the_old_ones() -> None:
    grown = Tokenizer.from_str(add_pieces(tokenizer(), PAIRS, 50))
    vocabulary = grown.get_vocab()
    assert [vocabulary[piece] for piece in OLD] == list(range(len(OLD)))
    for original, translation in PAIRS:
        assert grown.encode(original).tokens == original.split()  # read as before
        assert grown.encode(translation).tokens == translation.split()
    assert len(vocabulary) <= len(OLD) + 50


def test_no_more_than_asked_for_are_added() -> None:
    assert Tokenizer.from_str(add_pieces(tokenizer(), PAIRS, 3)).get_vocab_size() == len(OLD) + 3
    assert Tokenizer.from_str(add_pieces(tokenizer(), PAIRS, 0)).get_vocab_size() == len(OLD)


def test_what_both_languages_write_is_nobodys_own() -> None:
    grown = Tokenizer.from_str(add_pieces(tokenizer(), PAIRS, 50))
    own = {grown.id_to_token(int(number)) for number in own_pieces(grown, PAIRS)}
    assert set(FOREIGN.values()) <= own
    assert not own & {"tom", "[UNK]", *ENGLISH}


def test_texts_that_are_known_keep_a_new_piece_out() -> None:
    grown = Tokenizer.from_str(add_pieces(tokenizer(), PAIRS, 50, ["hundred katzes"]))
    assert not {"hund", "katze"} & grown.get_vocab().keys()
    assert "vogel" in grown.get_vocab()


def test_only_pieces_in_letters_of_their_own_are_foreign() -> None:
    made = tokenizer()
    content = json.loads(made)
    content["model"]["vocab"] |= {"狗": len(OLD), "##é": len(OLD) + 1, "!": len(OLD) + 2}
    grown = Tokenizer.from_str(json.dumps(content))
    pieces = np.array([grown.token_to_id(piece) for piece in ("dog", "狗", "##é", "!")])
    found = with_foreign_letters(grown, pieces, ["A dog!", "tom"])
    assert [grown.id_to_token(int(piece)) for piece in found] == ["狗", "##é"]
    assert not with_foreign_letters(grown, pieces, ["dog 狗 é"]).size


def test_a_words_first_vector_is_that_of_its_translation() -> None:
    grown = Tokenizer.from_str(add_pieces(tokenizer(), PAIRS, 50))
    old = np.eye(len(OLD), dtype=np.float32)
    pieces = np.array(sorted(grown.token_to_id(word) for word in FOREIGN.values()))
    rows = first_rows(grown, PAIRS, old, pieces)
    meant = {foreign: english for english, foreign in FOREIGN.items()}
    for piece, row in zip(pieces.tolist(), rows, strict=True):
        assert OLD[int(row.argmax())] == meant[grown.id_to_token(piece)]
        np.testing.assert_allclose(row.sum(), 1.0, rtol=1e-5)  # a mean of vectors


def test_a_piece_that_nothing_translates_has_the_mean() -> None:
    grown = Tokenizer.from_str(add_pieces(tokenizer(), PAIRS, 50))
    old = np.random.default_rng(0).normal(size=(len(OLD), 4)).astype(np.float32)
    row = first_rows(grown, PAIRS, old, np.array([grown.token_to_id("##z")]))
    np.testing.assert_allclose(row[0], old.mean(0), rtol=1e-5)


def test_a_vocabulary_of_another_kind_is_refused() -> None:
    content = json.loads(tokenizer())
    content["model"]["type"] = "BPE"
    with pytest.raises(EncoderError, match="WordPiece"):
        add_pieces(json.dumps(content), PAIRS, 10)
