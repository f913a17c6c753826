"""What a query does not want: minus parts lower a document, NOT removes it.

Subtracting vectors moves a query away from everything that shares a direction with the excluded thing. Here the
excluded part is scored by itself. A minus part takes off what stands out against its background; NOT removes what
does, for all that it has in common with what is wanted (search/channels/removal.py), and ranks what it leaves by how
unlike the excluded thing, beside the wanted one, it is (search/channels/unlikeness.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import numpy as np

from mmsearch.search.channels.dense import dense_channels
from mmsearch.search.channels.lexical import items_with
from mmsearch.search.channels.signals import peaks, taken
from mmsearch.search.index.documents import common
from mmsearch.search.query.value import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.channels.dense import DenseChannel
    from mmsearch.search.channels.probes import Probe
    from mmsearch.search.channels.removal import Removal
    from mmsearch.search.channels.unlikeness import Likeness
    from mmsearch.search.index.documents import Documents
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.types import Ids, Scores

# An excluded part takes off what it tells beyond this, in decades: what half of all strangers reach tells nothing.
FROM = 0.3
# A document in which the words of an excluded part stand counts as if it were like it to so many decades.
WITH_WORDS = 6.0
# NOT removes what is as like the excluded part as 10 in 100 strangers of its kind, since who writes it would rather
# miss something than see the excluded thing. What is left loses so much for each scale that it lies above the least
# like items, which lie so many scales below the usual one. Of 1.25, 2, 3, 4, 6 and 8, chosen on the development sets of
# `python -m benchmarks exclusion` (docs/log.md).
NOT_SURVIVAL = 0.10
NOT_WEIGHT = 4.0
LEAST_LIKE = -2.0


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """How like an excluded part n documents are, ``values`` (n,), and by which of their ``items`` (n,), -1 for none."""

    items: Ids
    values: Scores


@dataclass(frozen=True, slots=True, eq=False)
class Minus:
    """A part that lowers what is like it, with its ``weight``: how each encoder scores items for it, and the items
    ``with_words`` of it. Its level is counted in decades of evidence."""

    label: str
    weight: float
    channels: tuple[DenseChannel, ...]
    with_words: Ids
    origin: ClassVar[float] = FROM

    def level(self, items: Ids, documents: Ids, groups: Documents) -> Level:
        """How like the part ``documents`` (n,), ascending, are by the most telling of their ``items``; 0 for none."""
        said = [(own := common(items, one.index.ids), one.score(own).evidence) for one in self.channels]
        found = common(items, self.with_words)
        return _most_like(documents, groups, [*said, (found, np.full(found.size, WITH_WORDS))], 0.0)

    def removed(self, items: Ids, documents: Ids, groups: Documents) -> NDArray[np.bool_]:
        """None (n,) of ``documents``."""
        return np.zeros(documents.size, dtype=bool)


@dataclass(frozen=True, slots=True, eq=False)
class Not:
    """A part that is not wanted at all: ``removals`` and the words say what goes, ``likenesses`` rank what is left.

    Its level is counted in scales above the usual item's likeness.
    """

    label: str
    removals: tuple[Removal, ...]
    likenesses: tuple[Likeness, ...]
    with_words: Ids
    weight: ClassVar[float] = NOT_WEIGHT
    origin: ClassVar[float] = LEAST_LIKE

    def level(self, items: Ids, documents: Ids, groups: Documents) -> Level:
        """How like the part ``documents`` (n,), ascending, are by those of their ``items`` that are likest."""
        said = [(own := common(items, one.index.ids), one.standing(own)) for one in self.likenesses]
        return _most_like(documents, groups, said, LEAST_LIKE)

    def removed(self, items: Ids, documents: Ids, groups: Documents) -> NDArray[np.bool_]:
        """Which (n,) of ``documents`` (n,), ascending, one of their ``items`` removes."""
        said = [(own := common(items, one.index.ids), one.surprise(own)) for one in self.removals]
        found = common(items, self.with_words)
        surprise = _most_like(documents, groups, [*said, (found, np.full(found.size, np.inf))], 0.0)
        return surprise.values >= -math.log10(NOT_SURVIVAL)


Exclusion: TypeAlias = Minus | Not


def _most_like(
    documents: Ids, groups: Documents, said: Sequence[tuple[Ids, Scores]], otherwise: float
) -> Level:
    """The highest of what is ``said`` of the items of each of ``documents``; ``otherwise`` where that is nothing."""
    items = np.concatenate([np.empty(0, dtype=np.int64), *(ids for ids, _ in said)])
    values = np.concatenate([np.empty(0), *(level for _, level in said)])
    places = peaks(documents, groups, items, values)
    return Level(taken(items, places, -1), taken(values, places, otherwise))


@dataclass(frozen=True, slots=True, eq=False)
class Excluded:
    """What c exclusions do to n documents: ``penalties`` (n, c), at least 0; the ``items`` (n, c) that these are for
    and their ``levels`` (n, c), decades for a minus part, scales for NOT; and which are ``removed`` (n,)."""

    penalties: NDArray[np.float64]
    items: NDArray[np.int64]
    levels: NDArray[np.float64]
    removed: NDArray[np.bool_]

    def __getitem__(self, rows: Ids | slice) -> Excluded:
        return Excluded(self.penalties[rows], self.items[rows], self.levels[rows], self.removed[rows])

    @classmethod
    def concatenate(cls, several: Sequence[Excluded]) -> Excluded:
        """What is done to several sets of documents, one after the other."""
        return cls(
            np.concatenate([one.penalties for one in several]),
            np.concatenate([one.items for one in several]),
            np.concatenate([one.levels for one in several]),
            np.concatenate([one.removed for one in several]),
        )


def exclusions(
    index: SearchIndex, encoders: Sequence[Encoder], probes: Sequence[Sequence[Probe]]
) -> tuple[Exclusion, ...]:
    """The parts of a query that are not wanted, in order; ``probes`` (by encoder) are of all parts."""
    unwanted = [[probe for probe in found if probe.part.kind != "plus"] for found in probes]
    wanted = [[probe for probe in found if probe.part.kind == "plus"] for found in probes]
    made: list[Exclusion] = []
    for part in dict.fromkeys(probe.part for found in unwanted for probe in found):
        own = [[probe for probe in found if probe.part is part] for found in unwanted]
        label = next(probe.label for found in own for probe in found)
        channels = [
            (encoder, sought, channel)
            for encoder, sought, found in zip(encoders, wanted, own, strict=True)
            for channel in dense_channels(index, encoder, found)
        ]
        words = np.empty(0, dtype=np.int64)
        if isinstance(part.content, Text):
            exact = bool(part.content.phrases)
            words = items_with(index.catalogue, part.content.text, exact=exact)
        if part.kind == "not":
            from mmsearch.search.channels.removal import Removal
            from mmsearch.search.channels.unlikeness import likeness

            removals = tuple(
                Removal.of(index, encoder, channel, sought) for encoder, sought, channel in channels
            )
            likenesses = tuple(
                likeness(index, encoder, channel, sought) for encoder, sought, channel in channels
            )
            made.append(Not(label, removals, likenesses, words))
        else:
            scored = tuple(channel for _, _, channel in channels)
            made.append(Minus(label, part.weight, scored, words))
    return tuple(made)


def exclude(wanted: Sequence[Exclusion], items: Ids, documents: Ids, groups: Documents) -> Excluded:
    """What ``wanted`` does to ``documents`` (n,), ascending, whose items are ``items``."""
    shape = (documents.size, len(wanted))
    told, levels = np.full(shape, -1, dtype=np.int64), np.zeros(shape)
    removed = np.zeros(documents.size, dtype=bool)
    for column, exclusion in enumerate(wanted):
        found = exclusion.level(items, documents, groups)
        told[:, column], levels[:, column] = found.items, found.values
        removed |= exclusion.removed(items, documents, groups)
    origins, weights = (np.array([getattr(one, name) for one in wanted]) for name in ("origin", "weight"))
    return Excluded(weights * np.maximum(0.0, levels - origins), told, levels, removed)
