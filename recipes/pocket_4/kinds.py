"""What the ImageNet classes are called, and what they are a kind of: a sandal is a shoe, a beagle a hunting dog."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANIMALS = 398  # classes that come first
MOST = 130  # classes of a kind: what is wider says little ("vehicle" has 65, "animal" 398)
STEPS, KINDS, NAMES = 7, 8, 3  # up the hierarchy; of a class; further names of it
# Words of the hierarchy that nobody would call a picture by.
USELESS = frozenset(
    {
        "covering", "consumer goods", "commodity", "device", "structure", "matter", "aquatic vertebrate",
        "equipment", "instrumentation", "implement", "conveyance", "mechanism", "containerful", "artifact",
        "medium", "solid", "substance", "food", "foodstuff", "part", "creation", "way", "area",
        "passageway", "assembly", "attire", "protective covering", "obstruction", "barrier", "surface",
        "support", "supporting structure", "framework", "establishment", "fabric", "psychological feature",
        "abstraction", "unit", "system",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Named:
    """A class: its names, and the names of what it is a kind of, nearest first."""

    names: list[str]
    kinds: list[list[str]]


@dataclass(frozen=True, slots=True)
class _WordNet:
    """Synset -> words and synsets above it; word -> synsets."""

    words: dict[str, list[str]]
    above: dict[str, list[str]]
    synsets: dict[str, list[str]]

    def levels(self, synset: str) -> Iterator[list[str]]:
        """What ``synset`` is a kind of, level by level."""
        level, seen = [synset], set[str]()
        while level:
            level = [one for low in level for one in self.above[low] if one not in seen]
            seen.update(level)
            if level:
                yield level


def read_kinds(wordnet: Path, labels: Path, names: list[str]) -> list[Named]:
    """The classes in order; ``labels`` has a line of synonyms for each, after one for the background.

    A class is the synset that shares most of its words, among animals for the animals (a Chihuahua is no state of
    Mexico). Fellbaum (ed.), "WordNet: An Electronic Lexical Database", 1998.
    """
    net = _read(wordnet / "data.noun")
    lines = labels.read_text(encoding="utf-8").splitlines()[1:]
    chosen = [
        _synset(net, [word.strip().lower() for word in line.split(",")], animal=number < ANIMALS)
        for number, line in enumerate(lines)
    ]
    counts = Counter(one for synset in chosen for level in net.levels(synset) for one in level)
    result = []
    for synset, name in zip(chosen, names, strict=True):
        others = [word for word in net.words[synset] if word.lower() != name.lower()]
        found: list[list[str]] = []
        for level in list(net.levels(synset))[:STEPS]:
            for one in level:
                words = net.words[one][:2]
                if counts[one] <= MOST and words[0] not in USELESS and words not in found:
                    found.append(words)
        result.append(Named([name, *others[:NAMES]], found[:KINDS]))
    return result


def _synset(net: _WordNet, words: list[str], *, animal: bool) -> str:
    def fit(synset: str) -> tuple[bool, float, int]:
        own = {word.lower() for word in net.words[synset]}
        levels = list(net.levels(synset))
        above = [word for level in levels for one in level for word in net.words[one]]
        proper = ("animal" in above) == animal and (
            animal or not {"location", "attribute", "act"} & set(above)
        )
        return proper, len(own & set(words)) / len(own | set(words)), -len(levels)

    return max((synset for word in words for synset in net.synsets[word]), key=fit)


def _read(path: Path) -> _WordNet:
    words, above, synsets = {}, {}, defaultdict(list)
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):  # the licence
            continue
        fields = line.split(" | ")[0].split()
        count = int(fields[3], 16)
        pointers = fields[5 + 2 * count :]
        words[fields[0]] = [fields[4 + 2 * i].replace("_", " ") for i in range(count)]
        above[fields[0]] = [
            pointers[4 * i + 1] for i in range(len(pointers) // 4) if pointers[4 * i] in ("@", "@i")
        ]
        for word in words[fields[0]]:
            synsets[word.lower()].append(fields[0])
    return _WordNet(words, above, synsets)
