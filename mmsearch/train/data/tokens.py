"""The tokenizer of a run: given, that of the text tower's first weights, or trained on the captions."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from mmsearch.datasets.pairs import read_pairs
from mmsearch.datasets.sources import find_sources
from mmsearch.errors import EncoderError
from mmsearch.train.towers.pretrained import find_tokenizer, find_weights

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tokenizers import Tokenizer

    from mmsearch.train.recipe import Recipe

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")  # padding is 0 everywhere


def load_tokenizer(recipe: Recipe, data: Path, path: Path) -> Tokenizer:
    """The tokenizer of ``recipe``, written to ``path`` the first time; it cuts texts and pads nothing.

    EncoderError when it has more words than the recipe's text tower has vectors for.
    """
    from tokenizers import Tokenizer

    text = recipe.text
    if not path.exists():
        if text.tokenizer:
            shutil.copyfile(find_weights(text.tokenizer, data, (".json",)), path)
        elif text.kind == "openclip":
            from mmsearch.train.towers.clip import clip_tokenizer

            path.write_text(clip_tokenizer(recipe), encoding="utf-8")
        elif text.weights:
            shutil.copyfile(find_tokenizer(text.weights, data), path)
        else:
            train_tokenizer(_captions(recipe, data), text.vocabulary).save(str(path))
    tokenizer = Tokenizer.from_file(str(path))
    if text.kind != "openclip" and tokenizer.get_vocab_size() > text.vocabulary:
        raise EncoderError(
            f"the tokenizer has {tokenizer.get_vocab_size()} words, text.vocabulary is {text.vocabulary}; "
            "set it to no less"
        )
    tokenizer.no_padding()
    tokenizer.enable_truncation(text.max_tokens)
    return tokenizer


def train_tokenizer(texts: Iterable[str], size: int) -> Tokenizer:
    """A WordPiece tokenizer of at most ``size`` words and pieces, as BERT's: lower case, no accents."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        # each character stands at the start of a word and within one; the rest are [UNK]
        limit_alphabet=max(1, (size - len(SPECIAL)) // 2),
        special_tokens=list(SPECIAL),
        show_progress=False,
        min_frequency=2,
    )
    tokenizer.train_from_iterator(texts, trainer)
    ends = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    return tokenizer


def _captions(recipe: Recipe, data: Path) -> Iterable[str]:
    for name in recipe.data.train:
        for source, split in find_sources(data, name):
            for pair in read_pairs(source, recipe.data.extra_texts, split):
                yield from (*pair.captions, *pair.extra)
