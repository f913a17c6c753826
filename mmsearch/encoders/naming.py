"""How often pictures were named to an encoder by each word: what training hardly ever named it hardly knows.

The table has one byte for each entry of the vocabulary, so that it is small, holds for every language that the
tokenizer knows, and needs no stemming: a word is known as well as the least known of its pieces.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    Counts: TypeAlias = NDArray[np.float64]

# A byte is so many times the decades of (1 + pictures); the last is for what no language's captions were counted of.
STEPS = 40
UNKNOWN = 255
BLOCK = 1_000  # pictures whose captions are tokenized at a time


@dataclass(frozen=True, slots=True)
class NamedWord:
    """A word of a text as it is written, and the ``decades`` of (1 + pictures) that it named; None where not known."""

    word: str
    decades: float | None

    @property
    def pictures(self) -> float | None:
        """About how many pictures it named in training."""
        return None if self.decades is None else 10.0**self.decades - 1.0


def count_named(tokenizer: Tokenizer, captions: Iterable[Sequence[str]]) -> tuple[Counts, int]:
    """How many pictures each entry of the vocabulary (v,) named, by the ``captions`` of each, and how many there are.

    A noun and its plural count as one: where an entry is another one's letters and an s, both have the sum.
    """
    vocabulary: dict[str, int] = tokenizer.get_vocab()
    counts = np.zeros(tokenizer.get_vocab_size())
    pictures = 0
    block: list[Sequence[str]] = []
    for said in captions:
        block.append(said)
        pictures += 1
        if len(block) == BLOCK:
            _add(counts, tokenizer, block)
            block = []
    _add(counts, tokenizer, block)
    together = counts.copy()
    for word, entry in vocabulary.items():
        plural = vocabulary.get(f"{word}s")
        if plural is not None and word.isalpha() and len(word) > 2:
            together[entry] = together[plural] = counts[entry] + counts[plural]
    return together, pictures


def _add(counts: Counts, tokenizer: Tokenizer, block: Sequence[Sequence[str]]) -> None:
    flat = [caption for said in block for caption in said]
    encoded = iter(tokenizer.encode_batch(flat, add_special_tokens=False))
    for said in block:
        counts[list({entry for _ in said for entry in next(encoded).ids})] += 1.0


def write_named(file: Path, counts: Counts, known: NDArray[np.bool_] | None = None) -> None:
    """Write ``counts`` (v,) of pictures; entries that are not ``known`` (v,) say nothing of their words."""
    codes = np.minimum(np.rint(STEPS * np.log10(1.0 + counts)), UNKNOWN - 1)
    if known is not None:
        codes[~known] = UNKNOWN
    np.save(file, codes.astype(np.uint8), allow_pickle=False)


def read_named(file: Path) -> NDArray[np.uint8]:
    """The table (v,) that ``write_named`` wrote; ValueError or OSError for another file."""
    table = np.load(file, allow_pickle=False)
    if table.dtype != np.uint8 or table.ndim != 1:
        raise ValueError(f"{file} is no table of how often words were named")
    return np.asarray(table)


def pictures_named(table: NDArray[np.uint8]) -> tuple[Counts, NDArray[np.bool_]]:
    """The counts and the known entries, both (v,), of which ``table`` was written, as far as a byte tells."""
    return 10.0 ** (table / float(STEPS)) - 1.0, table != UNKNOWN


def named_words(tokenizer: Tokenizer, table: NDArray[np.uint8], text: str) -> list[NamedWord]:
    """Each word of ``text`` that has a letter or a digit, with how often it named a picture."""
    encoding = tokenizer.encode(text, add_special_tokens=False)
    pieces: dict[int, list[int]] = {}
    spans: dict[int, tuple[int, int]] = {}
    for entry, word, (start, end) in zip(encoding.ids, encoding.word_ids, encoding.offsets, strict=True):
        if word is not None:
            pieces.setdefault(word, []).append(entry)
            spans[word] = (min(start, spans.get(word, (start, end))[0]), end)
    found = []
    for word, entries in pieces.items():
        written = text[slice(*spans[word])]
        if any(character.isalnum() for character in written):
            codes = [int(table[entry]) if entry < table.size else UNKNOWN for entry in entries]
            known = [code for code in codes if code != UNKNOWN]
            found.append(NamedWord(written, min(known) / STEPS if len(known) == len(codes) else None))
    return found
