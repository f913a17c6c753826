"""What a user typed, as words to look up and as expressions for the catalogue's word index (FTS5).

Every word is quoted, and only folded letters, digits and marks get that far: no input is syntax.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from mmsearch.store.catalogue.words.grams import (
    LETTER,
    SEPARATED,
    SIGNED,
    SPACED_NUMBER,
    SYMBOL,
    VOWEL_SIGNS,
    WORD,
    code_parts,
    grams_query,
    is_southeast,
    joined_code,
    signed_words,
    spelled,
    unspaced_runs,
    without_runs,
)
from mmsearch.store.folding import folded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
# A longer run of Chinese, Japanese or Korean is a sentence: its pairs of characters are looked up instead. A Thai word
# is written with more characters.
LONGEST_RUN, LONGEST_SOUTHEAST_RUN = 4, 12
# What one character of it counts beside the pairs: of 0, 0.2, 0.3, 0.5, 0.7 and 1, on Chinese questions (XQuAD, dev).
CHARACTER_WEIGHT = 0.5
# A substring is found by its three-character pieces.
SHORTEST_SUBSTRING = 3
# The letters before a number that is written apart from them here and in one elsewhere: ZX 9041.
LONGEST_PREFIX = 3
_PREFIXED = re.compile(rf"\b([^\W\d_]{{1,{LONGEST_PREFIX}}}) (\d\d+)\b")
# A part of a code that is a word by itself, of so many letters or more, counts too where the code is not found.
SHORTEST_PART = 3

# A letter that an apostrophe ties to a word: Newton's, l'eau, don't.
_CLIPPED = re.compile(rf"(?<=\w)'[^\W_](?!{LETTER})|(?<![^\W_])(?<![{VOWEL_SIGNS}])[^\W_]'(?=[^\W_]{LETTER})")
_TOKEN = re.compile(
    rf"(?P<signed>{SIGNED.pattern})|(?P<number>{SPACED_NUMBER.pattern})|(?P<code>{SEPARATED.pattern})"
    rf"|(?P<symbol>{SYMBOL.pattern})|(?P<word>{WORD.pattern})"
)


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a query: as it was ``written`` (folded), and the FTS5 ``expression`` that finds it.

    ``tokens`` are words of the index any of which is this one; none where only the expression finds it: beginnings and
    runs of several characters. An ``optional`` term counts where it is found, with its ``weight``, but an item without
    it may have all of the query.
    """

    written: str
    expression: str
    tokens: tuple[str, ...] = ()
    optional: bool = False
    weight: float = 1.0

    @property
    def is_stop_word(self) -> bool:
        """Whether the word says nothing about what is looked for."""
        return self.written in STOP_WORDS


@lru_cache(maxsize=64)
def terms(text: str) -> tuple[Term, ...]:
    """The different words of ``text`` in order, at most ``MOST_TERMS``; ``word*`` finds what begins with it.

    Stop words are left out unless there is nothing else. A code is one word, found with its separators and without
    them. A short run of a script without spaces counts as one word, which is found wherever it stands; of a longer
    one, each pair of characters does.
    """
    found: dict[str, Term] = {}
    for term in _paired(list(_terms(folded(text)))):
        found.setdefault(term.written, term)
    telling = [term for term in found.values() if not term.is_stop_word]
    return tuple(telling or found.values())[:MOST_TERMS]


def all_of(found: Sequence[Term]) -> str:
    """The expression for items that have all of the terms (one or more) that are not optional."""
    return " AND ".join(term.expression for term in found if not term.optional)


def phrase(text: str) -> str | None:
    """The expression for ``text`` as it is, word after word; None when it has no word.

    A run of a script without spaces within it must occur too, but beside the other words it need not stand in the same
    place. Codes may have separators or not.
    """
    plain = folded(text)
    parts = [_gram(run) for run in unspaced_runs(plain)]
    rest = without_runs(plain)
    parts += [f'"{word}"' for word in signed_words(rest)]
    joined = _PREFIXED.sub(r"\1\2", SEPARATED.sub(_joined, SPACED_NUMBER.sub(_joined, rest)))
    apart = WORD.sub(_apart, rest)
    ways = dict.fromkeys(" ".join(WORD.findall(spelled(way))) for way in (rest, joined, apart))
    written = [f'"{way}"' for way in ways if way]
    if written:
        parts.append(written[0] if len(written) == 1 else f"({' OR '.join(written)})")
    return " AND ".join(parts) or None


def substring(text: str) -> str | None:
    """The expression that finds ``text`` within words, for the substring index; None when it is too short."""
    kept = "".join(letter if _is_readable(letter) else " " for letter in folded(text)).strip()
    return None if len(kept) < SHORTEST_SUBSTRING else '"' + kept.replace('"', '""') + '"'


def _terms(plain: str) -> Iterator[Term]:
    """The terms of folded text in order, repetitions included."""
    place = 0
    for run in unspaced_runs(plain):
        start = plain.index(run, place)
        yield from _spaced_terms(plain[place:start])
        place = start + len(run)
        yield from _run_terms(run)
    yield from _spaced_terms(plain[place:])


def _run_terms(run: str) -> Iterator[Term]:
    if len(run) <= 2:
        yield Term(run, _gram(run), (run,))
        return
    is_word = len(run) <= (LONGEST_SOUTHEAST_RUN if is_southeast(run) else LONGEST_RUN)
    if is_word:
        yield Term(run, _gram(run))
    for pair in (run[place : place + 2] for place in range(len(run) - 1)):
        yield Term(pair, _gram(pair), (pair,), optional=is_word)
    if not is_southeast(run):
        for character in run:
            yield Term(character, _gram(character), (character,), optional=True, weight=CHARACTER_WEIGHT)


def _spaced_terms(plain: str) -> Iterator[Term]:
    plain = _CLIPPED.sub("!", plain)  # which no sign of a word follows
    for token in _TOKEN.finditer(plain):
        written, starred = token.group(), plain[token.end() : token.end() + 1] == "*"
        match _kind(token):
            case "signed":
                [word] = signed_words(written) or [written]
                yield Term(written, f'"{word}"', (word,))
                yield from _word_parts(written)
            case "symbol":
                word = spelled(written).strip()
                yield Term(written, f'"{word}"', (word,))
            case "number" | "code":
                joined = joined_code(written)
                if joined is None:
                    yield from (_word(part) for part in WORD.findall(written))
                else:
                    yield _code(written, joined, WORD.findall(written), starred)
                    yield from _word_parts(written)
            case _:
                yield _word(written, starred)


def _kind(token: re.Match[str]) -> str:
    return next(kind for kind in ("signed", "number", "code", "symbol", "word") if token[kind] is not None)


def _word(word: str, starred: bool = False) -> Term:
    if starred:
        return Term(f"{word}*", f'"{word}" *')
    parts = code_parts(word)
    if len(parts) > 1 and joined_code(word) is not None:  # may be written in parts elsewhere
        return _code(word, word, parts, starred=False)
    return Term(word, f'"{word}"', (word,))


def _code(written: str, joined: str, parts: Sequence[str], starred: bool) -> Term:
    star = " *" if starred else ""
    expression = f'("{joined}"{star} OR "{" ".join(parts)}"{star})'
    return Term(f"{written}*" if starred else written, expression)


def _word_parts(written: str) -> Iterator[Term]:
    for part in WORD.findall(written):
        if part.isalpha() and len(part) >= SHORTEST_PART:
            yield replace(_word(part), optional=True)


def _paired(found: list[Term]) -> list[Term]:
    """A short word before a number may be written in one with it."""
    paired = list(found)
    for place, (word, number) in enumerate(pairwise(found)):
        if (
            len(word.written) <= LONGEST_PREFIX
            and word.written.isalpha()
            and number.written.isdigit()
            and len(number.written) > 1
            and not word.is_stop_word
            and word.tokens
            and number.tokens
        ):
            joined = word.written + number.written
            for at, term in ((place, word), (place + 1, number)):
                paired[at] = replace(
                    term, expression=f'("{term.written}" OR "{joined}")', tokens=(term.written, joined)
                )
    return paired


def _apart(word: re.Match[str]) -> str:
    """A word of letters and digits as these."""
    return word.group() if joined_code(word.group()) is None else " ".join(code_parts(word.group()))


def _joined(code: re.Match[str]) -> str:
    return joined_code(code.group()) or code.group()


def _gram(run: str) -> str:
    return f"grams : {grams_query(run)}"


def _is_readable(letter: str) -> bool:
    """Neither NUL, which would end the expression, nor half a character, which SQLite refuses."""
    return letter != "\0" and unicodedata.category(letter) != "Cs"
