"""Small tokenizers of the kinds that foreign encoders have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mmsearch.train.compile.export import bank_texts


def gemma_tokenizer(folder: Path, pieces: int = 2000) -> Any:
    """Like SigLIP 2's: BPE that falls back to bytes, spaces as ▁, <eos> behind each text, <pad> is 0."""
    from tokenizers import (
        AddedToken,
        Tokenizer,
        decoders,
        models,
        normalizers,
        pre_tokenizers,
        processors,
        trainers,
    )

    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    special = ["<pad>", "<eos>", "<bos>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    training = Tokenizer(models.BPE(unk_token="<unk>"))
    training.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    trainer = trainers.BpeTrainer(vocab_size=pieces, special_tokens=special, show_progress=False)
    training.train_from_iterator([line.lower() for line in bank_texts()], trainer)
    trained = json.loads(training.to_str())["model"]
    merges = [tuple(pair) for pair in trained["merges"]]
    tokenizer.model = models.BPE(
        trained["vocab"], merges, byte_fallback=True, unk_token="<unk>", fuse_unk=True
    )
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in special[:4]])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A <eos>", pair=None, special_tokens=[("<eos>", 1)]
    )
    tokenizer.decoder = decoders.Replace("▁", " ")
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"pad_token": "<pad>", "eos_token": "<eos>"}))
    return tokenizer


def roberta_tokenizer(folder: Path, pieces: int = 1500) -> Any:
    """Like XLM-RoBERTa's: Unigram, <s> and </s> around each text, <pad> is 1."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=pieces, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(bank_texts(), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair=None, special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"pad_token": {"content": "<pad>"}}))
    return tokenizer


def clip_json(folder: Path) -> Any:
    """CLIP's own in a small: the bytes, a few merges, <|startoftext|> and <|endoftext|>, the highest id last."""
    from tokenizers import Tokenizer

    from mmsearch.train.towers.clip_words import END, START, clip_tokenizer, letters_of_bytes

    letters = letters_of_bytes()
    merges = [
        ("t", "h"),
        ("th", "e</w>"),
        ("a", "n"),
        ("an", "d</w>"),
        ("r", "e"),
        ("d", "o"),
        ("do", "g</w>"),
    ]
    pieces = (
        letters + [f"{letter}</w>" for letter in letters] + ["".join(pair) for pair in merges] + [START, END]
    )
    words = clip_tokenizer({piece: number for number, piece in enumerate(pieces)}, merges)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(words, encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps({"pad_token": END}))
    return Tokenizer.from_str(words)
