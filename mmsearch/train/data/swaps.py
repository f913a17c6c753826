"""Captions made false by one swap: a word for another of its kind, or two of a kind for each other.

What a batch of other captions seldom teaches: that two is not three, and who does it to whom. Like the hard negatives
of Yuksekgonul et al., "When and Why Vision-Language Models Behave Like Bags-of-Words", ICLR 2023.
"""

from __future__ import annotations

import re
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Kinds = Sequence[Sequence[str]]

WORD = re.compile(r"[^\W\d_]+")
JOINING = frozenset(["and", "or", "with"])  # "a man and a boy" says the same the other way around
MOST = 12  # of a caption


def read_kinds(lines: Sequence[str]) -> list[list[str]]:
    """The words of each of ``lines``, "red, blue, green", in lower case."""
    return [[word.strip().lower() for word in line.split(",") if word.strip()] for line in lines]


def false_captions(captions: Sequence[str], kinds: Kinds) -> list[list[str]]:
    """For each of a picture's ``captions`` at most ``MOST`` that differ from it by one swap within one of ``kinds``.

    No word is swapped in that another caption of the picture has, singular or plural: it may well be there.
    """
    named = {_singular(word) for caption in captions for word in WORD.findall(caption.lower())}
    return [_evenly([*_replaced(caption, kinds, named), *_exchanged(caption, kinds)]) for caption in captions]


def _replaced(caption: str, kinds: Kinds, named: set[str]) -> Iterator[str]:
    """``caption`` with a word replaced by each other of its kind that is not ``named``."""
    for match in WORD.finditer(caption):
        for kind in kinds:
            if match.group().lower() in kind:
                yield from (_put(caption, match, word) for word in kind if _singular(word) not in named)


def _exchanged(caption: str, kinds: Kinds) -> Iterator[str]:
    """``caption`` with two different words of a kind in each other's place, where what is between tells them apart."""
    for kind in kinds:
        found = [match for match in WORD.finditer(caption) if match.group().lower() in kind]
        for one, other in combinations(found, 2):
            between = caption[one.end() : other.start()]
            said = WORD.findall(between.lower())
            if one.group().lower() == other.group().lower() or "," in between or JOINING & {*said}:
                continue
            if any(len(word) > 2 for word in said):  # more than an article or "of"
                yield _put(_put(caption, other, one.group().lower()), one, other.group().lower())


def _put(caption: str, match: re.Match[str], word: str) -> str:
    """``word`` where ``match`` was, with the article and the capital that it wants."""
    before, after = caption[: match.start()], caption[match.end() :]
    article = re.search(r"\b([Aa])n? $", before)
    if article:
        before = f"{before[: article.start()]}{article[1]}{'n' if word[0] in 'aeiou' else ''} "
    return f"{before}{word.capitalize() if match.group()[0].isupper() else word}{after}"


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _evenly(texts: Sequence[str]) -> list[str]:
    """At most ``MOST`` different ones of ``texts``, from the first to the last."""
    different = list(dict.fromkeys(texts))
    step = max(1.0, len(different) / MOST)
    return [different[int(i * step)] for i in range(min(MOST, len(different)))]
