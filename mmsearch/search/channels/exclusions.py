"""What a query does not want: minus parts lower a document, NOT removes it.

Subtracting vectors moves a query away from everything that shares a direction with the excluded thing. Here the
excluded part is scored by itself. A minus part takes off what stands out against its background; NOT removes what
does, for all that it has in common with what is wanted (search/exclusion_removal.py), and ranks what it leaves by how
unlike the excluded thing, beside the wanted one, it is (search/exclusion_likeness.py).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.channels.dense import dense_channels
from mmsearch.search.channels.lexical import items_with
from mmsearch.search.channels.signals import Peaks, Scored, joined, peaks
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
class Exclusion:
    """One part that is not wanted: how each encoder scores items for it, and the items with its words.

    ``channels`` of ``NOT`` tell what it removes, ``likenesses`` what it ranks by; these are empty for a minus part.
    """

    label: str
    removes: bool
    weight: float
    channels: tuple[DenseChannel | Removal, ...]
    with_words: Ids
    likenesses: tuple[Likeness, ...] = ()

    def strengths(self, items: Ids, documents: Ids, groups: Documents) -> Peaks:
        """How like the part ``documents`` (n,), ascending, are by the most telling of their ``items``."""
        said = [channel.score(common(items, channel.index.ids)) for channel in self.channels]
        found = common(items, self.with_words)
        certain = np.full(found.size, np.inf)
        said.append(Scored(found, np.full(found.size, WITH_WORDS), certain, np.ones(found.size)))
        return peaks(documents, groups, joined(said))

    @property
    def origin(self) -> float:
        """What ``evidence`` has to exceed before this takes something off."""
        return LEAST_LIKE if self.removes else FROM

    def told(self, items: Ids, documents: Ids, groups: Documents, found: Peaks) -> tuple[Ids, Scores]:
        """The most telling item (n,) of each of ``documents`` and what it tells, in the units of the penalty.

        Of a minus part that is what its channels tell (``found``, of ``strengths``), in decades; of ``NOT`` how many
        scales the item lies above the usual one in likeness.
        """
        if not self.removes:
            return found.items, np.nan_to_num(found.calibrated)
        said: list[Scored] = []
        for part in self.likenesses:
            own = common(items, part.index.ids)
            unused = np.zeros(own.size)
            said.append(Scored(own, part.standing(own), unused, unused))
        likest = peaks(documents, groups, joined(said))
        return likest.items, np.nan_to_num(likest.calibrated, nan=LEAST_LIKE)

    def penalties(self, evidence: Scores) -> Scores:
        """What this takes off documents (n,) of which ``evidence`` (n,) tells that they are like the part."""
        return np.asarray(self.weight * np.maximum(0.0, evidence - self.origin))


@dataclass(frozen=True, slots=True, eq=False)
class Excluded:
    """What c exclusions do to n documents: ``penalties`` (n, c), at least 0; the ``items`` (n, c) that these are
    for, and how much ``evidence`` they give (`Exclusion.told`); and whether the document is ``removed`` (n,)."""

    penalties: NDArray[np.float64]
    items: NDArray[np.int64]
    evidence: NDArray[np.float64]
    removed: NDArray[np.bool_]


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
            made.append(Exclusion(label, True, NOT_WEIGHT, removals, words, likenesses))
        else:
            scored = tuple(channel for _, _, channel in channels)
            made.append(Exclusion(label, False, part.weight, scored, words))
    return tuple(made)


def exclude(wanted: Sequence[Exclusion], items: Ids, documents: Ids, groups: Documents) -> Excluded:
    """What ``wanted`` does to ``documents`` (n,), ascending, whose items are ``items``."""
    shape = (documents.size, len(wanted))
    penalties, told, evidence = np.zeros(shape), np.full(shape, -1, dtype=np.int64), np.zeros(shape)
    removed = np.zeros(documents.size, dtype=bool)
    for column, exclusion in enumerate(wanted):
        found = exclusion.strengths(items, documents, groups)
        told[:, column], evidence[:, column] = exclusion.told(items, documents, groups, found)
        penalties[:, column] = exclusion.penalties(evidence[:, column])
        if exclusion.removes:
            removed |= np.nan_to_num(found.surprise, posinf=np.inf) >= -math.log10(NOT_SURVIVAL)
    return Excluded(penalties, told, evidence, removed)
