"""Which captions name a thing: by the words of English captions, by words of a dictionary in Chinese ones."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

# Words that may stand between those of a keyword: "rice meat" is named by "rice and meat".
FUNCTION_WORDS = frozenset(
    "a an the and or of with in on at by to from for his her their its is are some as into onto".split()  # noqa: SIM905
)
IRREGULAR = {
    "men": "man",
    "women": "woman",
    "children": "child",
    "feet": "foot",
    "geese": "goose",
    "leaves": "leaf",
    "knives": "knife",
    "wolves": "wolf",
    "shelves": "shelf",
    "teeth": "tooth",
    "mice": "mouse",
}
SHORTEST_PLURAL = 4
# A Chinese word is looked for in captions as far as this many characters.
LONGEST = 6
# Pictures whose training captions name a word: fewer than each bound, and the rest.
BOUNDS = (5, 30, 200)


def folded(word: str) -> str:
    """``word`` in lower case and in the singular, roughly: the same for both of its forms is what matters."""
    word = word.lower()
    if word in IRREGULAR:
        return IRREGULAR[word]
    if len(word) < SHORTEST_PLURAL or word.endswith(("ss", "us", "is")) or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith(("shes", "ches", "xes", "sses")) else word[:-1]


def words_of(text: str) -> tuple[str, ...]:
    """The folded words of an English ``text``, without those that name nothing."""
    found = re.findall(r"[a-z]+", text.lower())
    return tuple(folded(word) for word in found if word not in FUNCTION_WORDS)


def named_by(captions: Sequence[Iterable[str]]) -> Mapping[tuple[str, ...], frozenset[int]]:
    """For each run of one to three words, the numbers of the pictures of which a caption has it.

    ``captions``: those of each picture.
    """
    found: dict[tuple[str, ...], set[int]] = {}
    for number, some in enumerate(captions):
        for caption in some:
            words = words_of(caption)
            for length in (1, 2, 3):
                for start in range(len(words) - length + 1):
                    found.setdefault(words[start : start + length], set()).add(number)
    return {run: frozenset(pictures) for run, pictures in found.items()}


def chinese_named_by(captions: Sequence[Iterable[str]], known: frozenset[str]) -> dict[str, frozenset[int]]:
    """For each of the words ``known``, the numbers of the pictures of which a Chinese caption has it.

    Captions are cut into the longest known words from the left; a word names what its end names too (小狗 is a 狗,
    while 马路 is no 马).
    """
    found: dict[str, set[int]] = {}
    for number, some in enumerate(captions):
        for caption in some:
            for word in _cut(caption, known):
                for start in range(len(word)):
                    if word[start:] in known:
                        found.setdefault(word[start:], set()).add(number)
    return {word: frozenset(pictures) for word, pictures in found.items()}


def _cut(caption: str, known: frozenset[str]) -> Iterable[str]:
    place = 0
    while place < len(caption):
        lengths = range(min(LONGEST, len(caption) - place), 0, -1)
        length = next((n for n in lengths if caption[place : place + n] in known), 1)
        yield caption[place : place + length]
        place += length


def dictionary(file: Path) -> dict[str, str]:
    """CC-CEDICT's words, each with the folded English noun that is the first of its meanings; "" for what has none."""
    meanings: dict[str, str] = {}
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            first = next((part.strip() for gloss in entry["en"] for part in gloss.split(";")), "")
            plain = folded(first) if re.fullmatch(r"[a-z]+", first) else ""
            meanings[entry["zh"]] = meanings.get(entry["zh"]) or plain
    return meanings


def frequency_class(count: int) -> str:
    """What stands in the tables for a word that ``count`` training pictures were named by."""
    lower = 0
    for bound in BOUNDS:
        if count < bound:
            return f"< {bound}" if lower == 0 else f"{lower} to {bound - 1}"
        lower = bound
    return f"≥ {lower}"


def first_hits(found: Sequence[int], right: frozenset[int], depth: int = 5) -> tuple[bool, float]:
    """Whether the first of ``found`` is right, and the share of right ones among the first ``depth`` of them.

    The share is of what is possible: a word that names two pictures has 1 when both are found.
    """
    hits = sum(number in right for number in found[:depth])
    return found[0] in right, hits / min(depth, len(right))
