from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest

from mmsearch.errors import UsageError
from mmsearch.train.compile.vocabulary import keep_pieces, prune_vocabulary

tokenizers = pytest.importorskip("tokenizers")

WORDS = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "犬", "dog", "##s", "é", "λ", "да", "12", "."]


PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "b", "##a", "##b", "ab", "abba", "##ba", "bab"]


def tokenizer(pieces: Sequence[str] = WORDS) -> str:
    made = tokenizers.Tokenizer(
        tokenizers.models.WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]")
    )
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    first, last = pieces.index("[CLS]"), pieces.index("[SEP]")
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", first), ("[SEP]", last)]
    )
    return str(made.to_str())


def test_other_scripts_go_and_the_rest_keeps_its_rows() -> None:
    pruned, kept = prune_vocabulary(tokenizer(), {"LATIN"})
    assert [WORDS[row] for row in kept] == ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "dog", "##s", "é", "12", "."]

    old = tokenizers.Tokenizer.from_str(tokenizer())
    new = tokenizers.Tokenizer.from_str(pruned)
    for text in ("dogs 12 .", "é dog", ""):
        assert [kept[i] for i in new.encode(text).ids] == old.encode(text).ids
    assert new.encode("да").tokens == ["[CLS]", "[UNK]", "[SEP]"]


def test_a_word_whose_piece_is_gone_is_written_with_shorter_ones() -> None:
    pruned, kept = keep_pieces(tokenizer(PIECES), set(), 9)
    assert [PIECES[row] for row in kept] == PIECES[:9]
    reading = tokenizers.Tokenizer.from_str(pruned)
    assert reading.encode("abba ab").tokens == ["[CLS]", "ab", "##b", "##a", "ab", "[SEP]"]
    assert reading.encode("ab").ids == [2, 8, 3]


def test_wanted_pieces_keep_their_rows() -> None:
    pruned, kept = keep_pieces(tokenizer(PIECES), {9})
    assert kept == [*range(8), 9]
    old, new = (tokenizers.Tokenizer.from_str(one) for one in (tokenizer(PIECES), pruned))
    assert [kept[i] for i in new.encode("abba b").ids] == old.encode("abba b").ids


def test_fewer_pieces_than_must_stay_leave_those() -> None:
    assert keep_pieces(tokenizer(PIECES), set(), 2)[1] == [*range(8)]


@pytest.mark.parametrize("template", [True, False], ids=["template", "bert"])
def test_what_stands_around_a_text_gets_the_new_ids(template: bool) -> None:
    """Also where [CLS] and [SEP] are a BertProcessing's pairs, and padding has an id of its own."""
    made = tokenizers.Tokenizer.from_str(tokenizer())
    if not template:
        made.post_processor = tokenizers.processors.BertProcessing(("[SEP]", 4), ("[CLS]", 3))
    made.enable_padding(pad_id=0, length=6)
    pruned, kept = prune_vocabulary(str(made.to_str()), {"LATIN"})
    new = tokenizers.Tokenizer.from_str(pruned)
    assert [kept[i] for i in new.encode("dogs").ids] == made.encode("dogs").ids == [3, 6, 7, 4, 0, 0]


@pytest.mark.parametrize(
    "prune",
    [lambda text: prune_vocabulary(text, {"LATIN"}), lambda text: keep_pieces(text, set(), 5)],
    ids=["scripts", "pieces"],
)
def test_only_wordpiece_can_be_pruned(prune: Callable[[str], object]) -> None:
    content = json.loads(tokenizer())
    content["model"]["type"] = "BPE"
    with pytest.raises(UsageError, match="WordPiece"):
        prune(json.dumps(content))


def test_single_characters_stay_unless_they_are_named() -> None:
    kept = keep_pieces(tokenizer(), set())[1]
    assert {WORDS[row] for row in kept} >= {"犬", "é", "λ"}
    kept = keep_pieces(tokenizer(), {WORDS.index("dog")}, left_out={"犬", "dog"})[1]
    assert "犬" not in {WORDS[row] for row in kept}
    assert {"dog", "é"} <= {WORDS[row] for row in kept}
