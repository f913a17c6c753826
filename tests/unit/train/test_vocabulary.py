from __future__ import annotations

import json

import pytest

from mmsearch.errors import UsageError
from mmsearch.train.vocabulary import prune_vocabulary

tokenizers = pytest.importorskip("tokenizers")

WORDS = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "犬", "dog", "##s", "é", "λ", "да", "12", "."]


def tokenizer() -> str:
    made = tokenizers.Tokenizer(
        tokenizers.models.WordPiece({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]")
    )
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 3), ("[SEP]", 4)]
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


def test_only_wordpiece_can_be_pruned() -> None:
    content = json.loads(tokenizer())
    content["model"]["type"] = "BPE"
    with pytest.raises(UsageError, match="WordPiece"):
        prune_vocabulary(json.dumps(content), {"LATIN"})
