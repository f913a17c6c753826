"""What a query does not want: minus parts lower a document, NOT removes it.

Subtracting vectors moves a query away from everything that shares a direction with the excluded thing. Here the
excluded part is scored by itself, against its own background, and only what stands out counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmsearch.search.channels import Scored, dense_channels
from mmsearch.search.documents import common
from mmsearch.search.lexical import items_with
from mmsearch.search.peaks import Peaks, joined, peaks
from mmsearch.search.query import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.channels import DenseChannel, Probe, SearchIndex
    from mmsearch.search.documents import Documents
    from mmsearch.types import Ids

# An excluded part takes off what it tells beyond this, in decades: what half of all strangers reach tells nothing.
FROM = 0.3
# A document in which the words of an excluded part stand counts as if it were like it to so many decades.
WITH_WORDS = 6.0
# NOT removes what is as like the excluded part as 5 in 100 strangers, and lowers the others twice as much as a
# minus part does, since an encoder does not know everything that it sees. Measured on PACS and on clothing, share
# of the excluded class in the top 20 and right ones: vector subtraction 5.5 % and 70 %, 2.8 % and 97 %; removing
# alone 6.6 % and 72 %, 3.2 % and 97 %; both 4.5 % and 73 %, 2.2 % and 98 %.
NOT_SURVIVAL = 0.05
NOT_WEIGHT = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Exclusion:
    """One part that is not wanted: how each encoder scores items for it, and the items with its words."""

    label: str
    removes: bool
    weight: float
    channels: tuple[DenseChannel, ...]
    with_words: Ids

    def strengths(self, items: Ids, documents: Ids, groups: Documents) -> Peaks:
        """How like the part ``documents`` (n,), ascending, are by the most telling of their ``items``."""
        import numpy as np

        said = [channel.score(common(items, channel.index.ids)) for channel in self.channels]
        found = common(items, self.with_words)
        certain = np.full(found.size, np.inf)
        said.append(Scored(found, np.full(found.size, WITH_WORDS), certain, np.ones(found.size)))
        return peaks(documents, groups, joined(said))


@dataclass(frozen=True, slots=True, eq=False)
class Excluded:
    """What c exclusions do to n documents: ``penalties`` (n, c), at least 0; the ``items`` (n, c) that these are
    for, and how much ``evidence`` they give; and whether the document is ``removed`` (n,)."""

    penalties: NDArray[np.float64]
    items: NDArray[np.int64]
    evidence: NDArray[np.float64]
    removed: NDArray[np.bool_]


def exclusions(
    index: SearchIndex, encoders: Sequence[Encoder], probes: Sequence[Sequence[Probe]]
) -> tuple[Exclusion, ...]:
    """The parts of a query that are not wanted, in order; ``probes`` (by encoder) are of all parts."""
    import numpy as np

    unwanted = [[probe for probe in found if probe.part.kind != "plus"] for found in probes]
    made: list[Exclusion] = []
    for part in dict.fromkeys(probe.part for found in unwanted for probe in found):
        own = [[probe for probe in found if probe.part is part] for found in unwanted]
        label = next(probe.label for found in own for probe in found)
        channels = [
            channel
            for encoder, found in zip(encoders, own, strict=True)
            for channel in dense_channels(index, encoder, found)
        ]
        words = np.empty(0, dtype=np.int64)
        if isinstance(part.content, Text):
            exact = bool(part.content.phrases)
            words = items_with(index.catalogue, part.content.text, exact=exact)
        weight = NOT_WEIGHT if part.kind == "not" else part.weight
        made.append(Exclusion(label, part.kind == "not", weight, tuple(channels), words))
    return tuple(made)


def exclude(wanted: Sequence[Exclusion], items: Ids, documents: Ids, groups: Documents) -> Excluded:
    """What ``wanted`` does to ``documents`` (n,), ascending, whose items are ``items``."""
    import numpy as np

    shape = (documents.size, len(wanted))
    penalties, told, evidence = np.zeros(shape), np.full(shape, -1, dtype=np.int64), np.zeros(shape)
    removed = np.zeros(documents.size, dtype=bool)
    for column, exclusion in enumerate(wanted):
        found = exclusion.strengths(items, documents, groups)
        told[:, column], evidence[:, column] = found.items, np.nan_to_num(found.calibrated)
        penalties[:, column] = exclusion.weight * np.maximum(0.0, evidence[:, column] - FROM)
        if exclusion.removes:
            removed |= np.nan_to_num(found.surprise, posinf=np.inf) >= -math.log10(NOT_SURVIVAL)
    return Excluded(penalties, told, evidence, removed)
