"""CLIP's tokenizer as JSON of the tokenizers library, from the merges that others keep it as."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# Words, numbers and marks as CLIP splits them (Radford et al. 2021, simple_tokenizer.py).
CLIP_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
START, END = "<start_of_text>", "<end_of_text>"
MERGES = 49_152 - 256 - 2  # of bpe_simple_vocab_16e6.txt, which has more lines


def clip_tokenizer(vocabulary: Mapping[str, int], merges: Sequence[tuple[str, str]]) -> str:
    """The tokenizer that has ``vocabulary`` (piece -> id) and ``merges``, the first ones first."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    fast = Tokenizer(models.BPE(dict(vocabulary), list(merges), end_of_word_suffix="</w>", unk_token=END))
    spaces = normalizers.Replace(Regex(r"\s+"), " ")
    fast.normalizer = normalizers.Sequence([normalizers.NFC(), spaces, normalizers.Lowercase()])
    words = pre_tokenizers.Split(Regex(CLIP_WORDS), behavior="removed", invert=True)
    fast.pre_tokenizer = pre_tokenizers.Sequence([words, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    fast.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}",
        pair=None,
        special_tokens=[(token, vocabulary[token]) for token in (START, END)],
    )
    json.loads(fast.to_str())  # what can't be written fails here, not in the user's hands
    return str(fast.to_str())


def read_merges(text: str) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges of ``text``, the content of ``bpe_simple_vocab_16e6.txt``; ValueError for another."""
    lines = text.split("\n")[1 : MERGES + 1]
    merges = [tuple(line.split()) for line in lines]
    if len(merges) != MERGES or any(len(pair) != 2 for pair in merges):
        raise ValueError("no list of merges of two pieces")
    letters = list(letters_of_bytes())
    pieces = letters + [f"{letter}</w>" for letter in letters] + ["".join(pair) for pair in merges]
    vocabulary = {piece: number for number, piece in enumerate([*pieces, START, END])}
    return vocabulary, [(first, second) for first, second in merges]


def letters_of_bytes() -> list[str]:
    """The letter that stands for each byte, printable ones first, as GPT-2 has them."""
    printable = [
        *range(ord("!"), ord("~") + 1),
        *range(ord("¡"), ord("¬") + 1),
        *range(ord("®"), ord("ÿ") + 1),
    ]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) for byte in printable] + [chr(256 + number) for number in range(len(others))]
