"""The piece of a text that shows why it was found, with the places of the words that were looked for."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from mmsearch.ann.terms import terms
from mmsearch.store.catalogue.words.grams import code_parts, unspaced_runs
from mmsearch.store.folding import folded, folded_with_places

if TYPE_CHECKING:
    from collections.abc import Sequence

# Characters of a snippet, about three lines in a terminal.
LENGTH = 200
# Endings that the word index's stemmer takes off; what is left of a word must begin the other.
_ENDING = "(?:ing|ers?|ed|es|s|ly|ies|y|e)"
_ENDINGS = re.compile(f"{_ENDING}$")
_SHORTEST_STEM = 3
# What may stand between the letters and digits of a code.
_SEPARATOR = "[-./_:,' ]?"
_YEAR = 4


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a text; ``highlights`` are (start, end) offsets in it, ascending, without overlap.

    ``cut_before`` and ``cut_after``: whether the text goes on.
    """

    text: str
    highlights: tuple[tuple[int, int], ...] = ()
    cut_before: bool = False
    cut_after: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON's own values."""
        return {
            "text": self.text,
            "highlights": self.highlights,
            "cut_before": self.cut_before,
            "cut_after": self.cut_after,
        }

    def marked(self, before: str, after: str) -> str:
        """The text with ``before`` and ``after`` around each highlight, and … where it goes on."""
        pieces, at = ["…" if self.cut_before else ""], 0
        for start, end in self.highlights:
            pieces += [self.text[at:start], before, self.text[start:end], after]
            at = end
        return "".join([*pieces, self.text[at:], "…" if self.cut_after else ""])


def snippet(text: str, query: str, length: int = LENGTH, pieces: Sequence[str] = ()) -> Snippet:
    """At most ``length`` characters of ``text``, where most of the words of ``query`` stand close together.

    ``pieces`` are looked for within words, too.
    """
    places = _places(text, query, pieces)
    start = _best_start(text, places, length)
    end = min(len(text), start + length)
    if end < len(text):
        blank = text.rfind(" ", start + length // 2, end + 1)
        end = blank if blank > 0 else end
    while start < end and text[start].isspace():
        start += 1
    kept = tuple((a - start, b - start) for a, b in places if start <= a and b <= end)
    return Snippet(text[start:end], kept, start > 0, end < len(text))


def _places(text: str, query: str, pieces: Sequence[str]) -> list[tuple[int, int]]:
    """Where words of ``query`` stand in ``text``, ascending; those that overlap or touch as one."""
    places: list[tuple[int, int]] = []
    pattern = _words(query, tuple(pieces))
    if pattern is None:
        return []
    plain, origins = folded_with_places(text)
    for found in pattern.finditer(plain):
        start, end = origins[found.start(1)], _end(origins, *found.span(1))
        if places and start <= places[-1][1]:
            places[-1] = (places[-1][0], max(end, places[-1][1]))
        elif end > start:
            places.append((start, end))
    return places


@lru_cache(maxsize=64)
def _words(query: str, pieces: tuple[str, ...]) -> re.Pattern[str] | None:
    """What finds each place of a word as its group 1; None without words."""
    words_of_query = [
        term.written for term in terms(query) if term.weight == 1.0
    ]  # no single characters of many
    alternatives = [*_patterns(words_of_query), *map(re.escape, pieces)]
    if not alternatives:
        return None
    words = f"({'|'.join(alternatives)})"
    # What may overlap takes looking ahead at each letter: a run of Chinese is looked for by its pairs.
    overlapping = bool(pieces) or bool(unspaced_runs(folded(query)))
    return re.compile(f"(?={words})" if overlapping else words)


def _patterns(words: Sequence[str]) -> list[str]:
    """What finds each of ``words``, in their order, within one group.

    Neighbors with a stem share the endings: to compile these for each word takes longer than all else of a snippet.
    """
    found: list[str] = []
    group = 1
    for stemmed, some in groupby(words, key=lambda word: _stem(word) is not None):
        if stemmed:
            group += 1
            stems = "|".join(re.escape(stem) for word in some if (stem := _stem(word)) is not None)
            found.append(rf"\b(?:{stems})(?:(?<=(.))\{group}?{_ENDING})?\b")  # a last letter may be doubled
        else:
            found += map(_pattern, some)
    return found


def _pattern(word: str) -> str:
    """What finds a ``word`` that has no stem."""
    if _is_without_case(word):
        return re.escape(word)  # Chinese and Japanese have no blanks between words
    if word.endswith("*"):
        return rf"\b{re.escape(word[:-1])}\w*"
    if _is_code(word):
        return rf"\b{_SEPARATOR.join(map(re.escape, ''.join(code_parts(word))))}\b"
    before, after = (r"\b" if sign.isalnum() else "" for sign in (word[0], word[-1]))
    return f"{before}{re.escape(word)}{after}"


def _is_code(word: str) -> bool:
    """Whether ``word`` may have separators elsewhere, or none: a number of a year's length has not."""
    digits = sum(map(str.isdigit, word))
    return digits > 0 and (len(word) > _YEAR or digits < len(word)) and bool(code_parts(word))


def _end(origins: list[int], start: int, end: int) -> int:
    """Where in a text what is ``start`` to ``end`` when it is folded ends: behind the whole of its last letter."""
    last = origins[end - 1] if end > start else origins[start]
    while end < len(origins) - 1 and origins[end] == last:
        end += 1
    return origins[end] if end > start else last


def _stem(word: str) -> str | None:
    """What is left of ``word`` without its ending; None when that is too short, or the word has none."""
    if word.endswith("*") or _is_without_case(word) or not word.isalpha():
        return None
    stem = _ENDINGS.sub("", word)
    return stem if len(stem) >= _SHORTEST_STEM else None


def _is_without_case(word: str) -> bool:
    return any(unicodedata.category(letter) == "Lo" for letter in word)


def _best_start(text: str, places: list[tuple[int, int]], length: int) -> int:
    """Where a window of ``length`` holds most of ``places``; a little before the first of them."""
    if not places or len(text) <= length:
        return 0
    counts = [sum(start <= a and b <= start + length for a, b in places) for start, _ in places]
    first = places[max(range(len(places)), key=lambda n: (counts[n], -n))][0]
    start = max(0, first - length // 5)
    blank = text.find(" ", start, first)
    return 0 if start == 0 else blank + 1 if blank >= 0 else start
