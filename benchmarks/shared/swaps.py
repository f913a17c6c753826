"""Captions made false by one swap: a color, a number, a thing, a gender, a posture, or who does it to whom.

A caption is swapped only where no caption of its picture names what it would name then; so the swapped one is false as
far as captions can tell. The picture should be nearer to the true one; by chance it is for half of them.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchmarks.shared.naming import folded, words_of

COLORS = ["red", "blue", "green", "yellow", "black", "white", "brown", "pink", "orange", "purple", "gray"]
NUMBERS = ["two", "three", "four", "five", "six"]
# Of one kind each: what is swapped in might well stand there.
THINGS = [
    kind.split()
    for kind in (
        "dog cat horse cow sheep bird elephant",
        "ball frisbee kite stick rope",
        "bicycle motorcycle car bus truck skateboard surfboard snowboard",
        "beach street park field forest mountain kitchen pool river",
        "shirt jacket dress hat helmet",
        "grass snow sand water",
        "bench table couch fence bridge",
    )
]
GENDERS = {"man": "woman", "boy": "girl", "men": "women", "boys": "girls", "male": "female"}
# Words that only one gender has: a caption with them would say itself that a swapped word is wrong.
HIS, HERS = (
    frozenset(["he", "his", "him", "himself", "guy"]),
    frozenset(["she", "her", "hers", "herself", "lady"]),
)
MALE, FEMALE = (frozenset(map(folded, some)) for some in (GENDERS, GENDERS.values()))
POSTURES = ["sitting", "standing", "running", "lying", "jumping", "sleeping", "walking", "swimming"]
ACTORS = frozenset(
    ["man", "woman", "boy", "girl", "child", "dog", "cat", "horse", "baby", "bird", "player", "cow"]
)
KINDS = ("color", "number", "object", "gender", "posture", "roles")
SEED = 3


class Swap(NamedTuple):
    """The ``true`` caption of the picture ``picture`` (its number), and the ``false`` one, by what was swapped."""

    kind: str
    picture: int
    true: str
    false: str


def swaps(captions: Sequence[Sequence[str]]) -> list[Swap]:
    """All that can be made of the ``captions`` of each picture; one of a kind from each caption."""
    draw = random.Random(SEED)
    groups = {
        "color": [COLORS],
        "number": [NUMBERS],
        "object": THINGS,
        "posture": [POSTURES],
    }
    made = []
    for number, some in enumerate(captions):
        named = frozenset(word for caption in some for word in words_of(caption))
        for caption in some:
            for kind, choices in groups.items():
                false = _replaced(caption, choices, named, draw)
                if false is not None:
                    made.append(Swap(kind, number, caption, false))
            for kind, false in (("gender", _gender(caption, named)), ("roles", _roles(caption))):
                if false is not None:
                    made.append(Swap(kind, number, caption, false))
    return made


def _replaced(
    caption: str, choices: Sequence[Sequence[str]], named: frozenset[str], draw: random.Random
) -> str | None:
    """``caption`` with the first word that is in one of ``choices`` replaced by another of these, not ``named``."""
    for match in re.finditer(r"[A-Za-z]+", caption):
        word = match.group().lower()
        group = next((some for some in choices if word in some), None)
        if group is None:
            continue
        others = [other for other in group if other != word and named.isdisjoint(words_of(other))]
        if others:
            return _put(caption, match, draw.choice(others))
    return None


def _gender(caption: str, named: frozenset[str]) -> str | None:
    """``caption`` with its first man a woman, or the other way, where all captions are of one gender."""
    words = frozenset(_plain(caption))
    if words & (HIS | HERS):
        return None
    to_female = not named & (FEMALE | HERS)
    if not to_female and named & (MALE | HIS):
        return None
    changes = GENDERS if to_female else {other: one for one, other in GENDERS.items()}
    found = next((m for m in re.finditer(r"[A-Za-z]+", caption) if m.group().lower() in changes), None)
    return None if found is None else _put(caption, found, changes[found.group().lower()])


def _put(caption: str, match: re.Match[str], word: str) -> str:
    """``word`` where ``match`` was, with the article that it wants."""
    before, after = caption[: match.start()], caption[match.end() :]
    word = word.capitalize() if match.group()[0].isupper() else word
    article = re.search(r"\b([Aa])n? $", before)
    if article:
        before = f"{before[: article.start()]}{article[1]}{'n' if word[0].lower() in 'aeiou' else ''} "
    return f"{before}{word}{after}"


def _roles(caption: str) -> str | None:
    """The two who act change places: there must be two in the singular, of different names, not joined by "and"."""
    found = [match for match in re.finditer(r"[a-z]+", caption) if match.group() in ACTORS]
    if len(found) != 2 or found[0].group() == found[1].group():
        return None
    between = caption[found[0].end() : found[1].start()]
    if not _says_something(between):
        return None
    swapped = _put(caption, found[1], found[0].group())
    return _put(swapped, found[0], found[1].group())


def _says_something(between: str) -> bool:
    """Whether the words between the two make them differ: "and a", "with a" and commas do not."""
    words = list(_plain(between))
    return (
        "and" not in words and "," not in between and any(word not in {"a", "with", "the"} for word in words)
    )


def _plain(text: str) -> Iterator[str]:
    yield from (match.group().lower() for match in re.finditer(r"[A-Za-z]+", text))
