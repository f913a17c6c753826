"""How much of a question a text says: its words, each by how few of the texts at hand have it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.ann.terms import terms
from mmsearch.search.results.snippets import snippet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.types import Scores

    Span = tuple[int, int]

# Of a question in the language of the texts more of all its words than this stand in one of them or another.
SPOKEN = 0.5
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+")


@dataclass(frozen=True, slots=True, eq=False)
class TellingWords:
    """The ``words`` of a question that tell what it is about, and how much each tells: ``weights`` (n,), summing to 1.

    A word tells -log of the share of texts that have it (inverse document frequency, Spärck Jones 1972).
    ``can_tell``: whether the texts speak the question's language, so that words which are missing mean something.
    """

    words: tuple[str, ...]
    weights: Scores
    can_tell: bool

    @classmethod
    def of(cls, question: str, texts: Sequence[str]) -> TellingWords:
        """Those of ``question`` among ``texts``, which were found for it."""
        words = tuple(term.written for term in terms(question) if not term.is_stop_word)
        counts = np.array([sum(_stands(word, text) for text in texts) for word in words], dtype=np.float64)
        weights = np.log1p((len(texts) + 1) / (counts + 1))
        return cls(words, weights / (weights.sum() or 1.0), _is_spoken(question, texts))

    def shares(self, text: str, spans: Sequence[Span]) -> Scores:
        """How much of the question (n,), 0 to 1, each of ``spans`` of ``text`` says."""
        found = np.zeros(len(spans))
        for word, weight in zip(self.words, self.weights.tolist(), strict=True):
            places = snippet(text, word, len(text) + 1).highlights
            for row, (start, end) in enumerate(spans):
                if any(start <= place and last <= end for place, last in places):
                    found[row] += weight
        return found


def _stands(word: str, text: str) -> bool:
    return bool(snippet(text, word, len(text) + 1).highlights)


def _is_spoken(question: str, texts: Sequence[str]) -> bool:
    asked = {word.casefold() for word in _WORD.findall(question)}
    said = {word.casefold() for text in texts for word in _WORD.findall(text)}
    return len(asked & said) > SPOKEN * len(asked)
