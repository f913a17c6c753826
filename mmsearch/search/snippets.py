"""The piece of a text that shows why it was found, with the places of the words that were looked for."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from mmsearch.ann.words import terms

# Characters of a snippet, about three lines in a terminal.
LENGTH = 200
# Endings that the word index's stemmer takes off; what is left of a word must begin the other.
_ENDINGS = re.compile(r"(?:ing|ers?|ed|es|s|ly|ies|y|e)$")
_SHORTEST_STEM = 3


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text; ``highlights`` are (start, end) offsets in it, ascending, without overlap.

    ``cut_before`` and ``cut_after``: whether the text goes on.
    """

    text: str
    highlights: tuple[tuple[int, int], ...] = ()
    cut_before: bool = False
    cut_after: bool = False

    def marked(self, before: str, after: str) -> str:
        """The text with ``before`` and ``after`` around each highlight, and … where it goes on."""
        pieces, at = ["…" if self.cut_before else ""], 0
        for start, end in self.highlights:
            pieces += [self.text[at:start], before, self.text[start:end], after]
            at = end
        return "".join([*pieces, self.text[at:], "…" if self.cut_after else ""])


def snippet(text: str, query: str, length: int = LENGTH) -> Snippet:
    """At most ``length`` characters of ``text``, where most of the words of ``query`` stand close together."""
    places = _places(text, query)
    start = _best_start(text, places, length)
    end = min(len(text), start + length)
    if end < len(text):
        blank = text.rfind(" ", start + length // 2, end + 1)
        end = blank if blank > 0 else end
    while start < end and text[start].isspace():
        start += 1
    kept = tuple((a - start, b - start) for a, b in places if start <= a and b <= end)
    return Snippet(text[start:end], kept, start > 0, end < len(text))


def _places(text: str, query: str) -> list[tuple[int, int]]:
    """Where words of ``query`` stand in ``text``."""
    alternatives = [_pattern(term.written) for term in terms(query)]
    if not alternatives:
        return []
    places: list[tuple[int, int]] = []
    for found in re.finditer("|".join(alternatives), text, re.IGNORECASE):
        if found.end() > found.start() and (not places or found.start() >= places[-1][1]):
            places.append(found.span())
    return places


def _pattern(word: str) -> str:
    if any(unicodedata.category(letter) == "Lo" for letter in word):
        return re.escape(word)  # a script without cases; Chinese and Japanese have no blanks between words
    if word.endswith("*"):
        return rf"\b{re.escape(word[:-1])}\w*"
    stem = _ENDINGS.sub("", word)
    if len(stem) < _SHORTEST_STEM:
        return rf"\b{re.escape(word)}\b"
    return rf"\b{re.escape(stem)}(?:{re.escape(stem[-1])}?(?:ing|ers?|ed|es|s|ly|ies|y|e))?\b"


def _best_start(text: str, places: list[tuple[int, int]], length: int) -> int:
    """Where a window of ``length`` holds most of ``places``; a little before the first of them."""
    if not places or len(text) <= length:
        return 0
    counts = [sum(start <= a and b <= start + length for a, b in places) for start, _ in places]
    first = places[max(range(len(places)), key=lambda n: (counts[n], -n))][0]
    start = max(0, first - length // 5)
    blank = text.find(" ", start, first)
    return 0 if start == 0 else blank + 1 if blank >= 0 else start
