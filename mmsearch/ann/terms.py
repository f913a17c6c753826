"""What a user typed, as expressions for the catalogue's word index (FTS5) that it can always read.

Every word is quoted, and only letters, digits, marks and apostrophes get that far: no input is syntax.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from mmsearch.store.catalogue.words.grams import cjk_runs, grams_query

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Words that say nothing about what is looked for. They count only when there are no others.
STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a about after all also am an and any are as at be been being but by can could did do does for from get "
        "had has have he her him his how i if in into is it its just me my no not of on one or our out over she "
        "show so some than that the their them then there these they this those to up us very was we were what "
        "when where which while who will with would you your",
    )
)
# So many different words of a query are looked up; a pasted page must not take seconds.
MOST_TERMS = 48
# A longer run of Chinese, Japanese or Korean is a sentence: its pairs of characters are looked up instead.
LONGEST_RUN = 4
# A substring is found by its three-character pieces.
SHORTEST_SUBSTRING = 3

_APOSTROPHES = "'’"


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a query: as it was ``written`` (in lower case), and the ``expression`` that finds it."""

    written: str
    expression: str

    @property
    def is_stop_word(self) -> bool:
        """Whether the word says nothing about what is looked for."""
        return self.written in STOP_WORDS


@lru_cache(maxsize=64)
def terms(text: str) -> tuple[Term, ...]:
    """The different words of ``text`` in order, at most ``MOST_TERMS``; ``word*`` finds what begins with it.

    Stop words are left out unless there is nothing else. A short run of Chinese, Japanese or Korean characters
    counts as one word, which is found wherever it stands; of a longer one, each pair of characters does.
    """
    found: dict[str, Term] = {}
    for word, starred in _words(text):
        for term in _terms_of(word, starred):
            found.setdefault(term.written, term)
    telling = [term for term in found.values() if not term.is_stop_word]
    return tuple(telling or found.values())[:MOST_TERMS]


def all_of(found: Sequence[Term]) -> str:
    """The expression for items that have all of the terms (one or more)."""
    return " AND ".join(term.expression for term in found)


def any_of(found: Sequence[Term]) -> str:
    """The expression for items that have at least one of the terms (one or more)."""
    return " OR ".join(term.expression for term in found)


def phrase(text: str) -> str | None:
    """The expression for ``text`` as it is, word after word; None when it has no word.

    A run of Chinese, Japanese or Korean characters within it must occur too, but beside the other words it
    need not stand in the same place.
    """
    runs = cjk_runs(text)
    parts = [_gram(run) for run in runs]
    rest = [word for word, _ in _words(_without(text, runs))]
    if rest:
        parts.append(f'"{" ".join(rest)}"')
    return " AND ".join(parts) or None


def in_columns(columns: Iterable[str], expression: str) -> str:
    """``expression``, which must match within ``columns``."""
    return f"{{{' '.join(columns)}}} : ({expression})"


def substring(text: str) -> str | None:
    """The expression that finds ``text`` within words, for the substring index; None when it is too short."""
    kept = "".join(letter if _is_readable(letter) else " " for letter in text).strip()
    return None if len(kept) < SHORTEST_SUBSTRING else '"' + kept.replace('"', '""') + '"'


def _terms_of(word: str, starred: bool) -> list[Term]:
    runs = cjk_runs(word)
    parts = [Term(piece, _gram(piece)) for run in runs for piece in _pieces(run)]
    for rest, _ in _words(_without(word, runs)) if runs else [(word, starred)]:
        parts.append(Term(f"{rest}*" if starred else rest, f'"{rest}" *' if starred else f'"{rest}"'))
    return parts


def _pieces(run: str) -> list[str]:
    if len(run) <= LONGEST_RUN:
        return [run]
    return [run[place : place + 2] for place in range(len(run) - 1)]


def _gram(run: str) -> str:
    return f"grams : {grams_query(run)}"


def _without(text: str, runs: Iterable[str]) -> str:
    text = unicodedata.normalize("NFKC", text)
    for run in runs:
        text = text.replace(run, " ", 1)
    return text


def _words(text: str) -> list[tuple[str, bool]]:
    """The words of ``text`` in lower case, and whether each ends in a star."""
    letters: list[str] = []
    normalized = unicodedata.normalize("NFKC", text).lower()
    for letter in normalized:
        known = letter in _APOSTROPHES or letter == "*" or _is_word_character(letter)
        letters.append(letter if known else " ")
    words = []
    for piece in "".join(letters).replace("*", "* ").split():
        word = piece.rstrip("*").strip(_APOSTROPHES)
        if any(_is_token_character(letter) for letter in word):
            words.append((word, piece.endswith("*")))
    return words


def _is_word_character(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LNM" or unicodedata.category(letter) == "Co"


def _is_token_character(letter: str) -> bool:
    """Whether FTS5's tokenizer makes a token of it: marks alone make none."""
    return unicodedata.category(letter)[0] in "LN" or unicodedata.category(letter) == "Co"


def _is_readable(letter: str) -> bool:
    """Neither NUL, which would end the expression, nor half a character, which SQLite refuses."""
    return letter != "\0" and unicodedata.category(letter) != "Cs"
