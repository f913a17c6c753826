"""The piece of a text that shows why it was found, with the places of the words that were looked for."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from mmsearch.ann.terms import terms
from mmsearch.store.catalogue.words.grams import code_parts, unspaced_runs
from mmsearch.store.folding import folded, folded_with_places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Finder: TypeAlias = Callable[[str], Iterator[tuple[int, int]]]

# Characters of a snippet, about three lines in a terminal.
LENGTH = 200
# Endings that the word index's stemmer takes off; what is left of a word must begin the other.
_ENDING = ("ing", "er", "ers", "ed", "es", "s", "ly", "ies", "y", "e")
_ENDINGS = re.compile("(?:ing|ers?|ed|es|s|ly|ies|y|e)$")
_TOKEN = re.compile(r"\w+")
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
    find = _words(query, tuple(pieces))
    if find is None:
        return []
    plain, origins = folded_with_places(text)
    for first, after in find(plain):
        start, end = origins[first], _end(origins, first, after)
        if places and start <= places[-1][1]:
            places[-1] = (places[-1][0], max(end, places[-1][1]))
        elif end > start:
            places.append((start, end))
    return places


@lru_cache(maxsize=64)
def _words(query: str, pieces: tuple[str, ...]) -> Finder | None:
    """What finds the words of a ``query`` and ``pieces`` of words in a folded text, ascending; None without any."""
    words_of_query = [
        term.written for term in terms(query) if term.weight == 1.0
    ]  # no single characters of many
    stemmed = [(word, _stem(word)) for word in words_of_query]
    forms = frozenset(form for _, stem in stemmed if stem is not None for form in _forms(stem))
    others = [*(_pattern(word) for word, stem in stemmed if stem is None), *map(re.escape, pieces)]
    if not others:
        return _Tokens(forms) if forms else None
    # What may overlap takes looking ahead at each letter: a run of Chinese is looked for by its pairs.
    overlapping = bool(pieces) or bool(unspaced_runs(folded(query)))
    found = f"({'|'.join(others)})"
    return _Mixed(re.compile(f"(?={found})" if overlapping else found), _Tokens(forms))


@dataclass(frozen=True, slots=True)
class _Tokens:
    """Finds the words of a text that are among ``forms``: for the few words of a query much cheaper than compiling a
    pattern of them."""

    forms: frozenset[str]

    def __call__(self, plain: str) -> Iterator[tuple[int, int]]:
        return (token.span() for token in _TOKEN.finditer(plain) if token[0] in self.forms)


@dataclass(frozen=True, slots=True)
class _Mixed:
    """Finds what a ``pattern`` has as its group 1, and words that are among ``forms``."""

    pattern: re.Pattern[str]
    words: _Tokens

    def __call__(self, plain: str) -> Iterator[tuple[int, int]]:
        return iter(sorted([*(one.span(1) for one in self.pattern.finditer(plain)), *self.words(plain)]))


def _forms(stem: str) -> Iterator[str]:
    """The words with this stem: as it is, and with each ending, before which its last letter may be doubled."""
    yield stem
    for ending in _ENDING:
        yield stem + ending
        yield stem + stem[-1] + ending


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
