"""Understand "without x" in an English query, 没有 x in a Chinese one, as "-x": encoders of pictures and texts do not
know negation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from mmsearch.search.query.negation_chinese import chinese_exclusion
from mmsearch.search.query.value import Part, Text

if TYPE_CHECKING:
    from collections.abc import Sequence


_BEFORE_NO = frozenset({"with", "but", "and"})
_DETERMINERS = frozenset({"a", "an", "any", "the", "some", "his", "her", "its", "their"})
_ALTERNATIVES = frozenset({"or", "nor", "and"})
# What ends the excluded words: "a street without cars | at night".
_ENDS = frozenset(
    re.findall(
        r"\w+",
        "about after against along among around at before behind below beside between but by during "
        "for from in inside into near next on onto outside over since that through to toward "
        "towards under until when where which while who with within without ",
    )
)
# A longer exclusion is more likely a sentence that this rule does not understand.
_LONGEST = 4


def understood_exclusions(words: Sequence[Word]) -> tuple[list[Word], list[Part], tuple[str, ...]]:
    """What is to be looked for, the minus parts for what "without", "with no", "but no", 没有 exclude, and notes.

    Words in quotation marks or after a backslash mean themselves. With nothing left to look for, nothing is
    taken as an exclusion.
    """
    kept: list[Word] = []
    parts: list[Part] = []
    notes: list[str] = []
    at = 0
    while at < len(words):
        length = _exclusion_length(words, at)
        excluded, after = _excluded(words, at + length) if length else ([], at)
        sought: list[Word] = []
        if not excluded and (chinese := None if words[at].literal else chinese_exclusion(words[at].text)):
            sought = [words[at]._replace(text=chinese[0])] if chinese[0] else []
            excluded, after = [[chinese[1]]], at + 1
        if not excluded or not (kept or sought or after < len(words)):
            kept.append(words[at])
            at += 1
            continue
        found = [Part(Text(" ".join(group)), "minus") for group in excluded]
        said = " ".join(word.text for word in words[at:after])
        notes.append(
            f'"{said}" is understood as {" ".join([*(word.text for word in sought), *map(str, found)])}; '
            f"put it in quotation marks to look for these words"
        )
        kept += sought
        parts += found
        at = after
    return (kept, parts, tuple(notes)) if kept else (list(words), [], ())


def _exclusion_length(words: Sequence[Word], at: int) -> int:
    """How many words at ``at`` say that an exclusion follows: 0, 1 ("without") or 2 ("with no")."""
    if _lower(words, at) == "without":
        return 1
    return 2 if _lower(words, at) in _BEFORE_NO and _lower(words, at + 1) == "no" else 0


def _excluded(words: Sequence[Word], at: int) -> tuple[list[list[str]], int]:
    """The excluded things, each a list of words, and where the rest goes on."""
    groups: list[list[str]] = []
    while True:
        group, at = _noun_group(words, at)
        if not group:
            return groups, at
        groups.append(group)
        follows = _lower(words, at)
        another = follows in _ALTERNATIVES and _lower(words, at + 1) not in (_DETERMINERS | {"", "no"})
        if not another or not _noun_group(words, at + 1)[0]:
            return groups, at
        at += 1


def _noun_group(words: Sequence[Word], at: int) -> tuple[list[str], int]:
    while _lower(words, at) in _DETERMINERS:
        at += 1
    group: list[str] = []
    while at < len(words) and len(group) < _LONGEST:
        word = _lower(words, at)
        if not word or word in _ENDS or word in _ALTERNATIVES:
            break
        bare = words[at].text.rstrip(".,;:!?")
        if bare:
            group.append(bare)
        at += 1
        if bare != words[at - 1].text:
            break
    return group, at


def _lower(words: Sequence[Word], at: int) -> str:
    """The word at ``at`` in lower case; "" at the end and for a word that means itself."""
    return "" if at >= len(words) or words[at].literal else words[at].text.lower()


class Word(NamedTuple):
    """A word or phrase as it was read. ``literal``: it was escaped or quoted, so it means itself."""

    text: str
    phrase: bool = False
    literal: bool = False
