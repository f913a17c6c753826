"""Which items ``NOT`` removes: those that are too like the excluded part for what they are looked for.

What is like a dog as 1 in 10 strangers is, is removed. But a horse is like a dog because both are animals, and in
"animal NOT dog" it is wanted. So the strangers that an item is compared with are those that are as like the wanted part
as it is: of two scores with the correlation r, that of the excluded part has the mean r z and the deviation √(1 - r²)
where that of the wanted part lies z scales above its background (as for a bivariate Gaussian). An item that is no
more than usually like the wanted part is compared with all strangers, and so is every item where the parts have
nothing in common.

This matters most in small indexes and in those of one kind of thing. Their background is mostly that of the encoder,
to which all clothes are like a dress.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.channels.dense import dense_channels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.ann.index import VectorIndex
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.channels.dense import DenseChannel
    from mmsearch.search.channels.probes import Probe
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.types import Ids, Modality, Scores, Vector

# Parts that are written differently mean different things: beyond this correlation nothing could be told from noise.
MOST_SHARED = 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Removal:
    """Scores items by ``excluded``, a channel of one part, beside ``wanted``, the same items by what is looked for.

    ``slope``: how many scales an item stands higher as excluded for each that it stands above the usual as wanted;
    ``left``: the deviation of what that does not explain, in scales. 0 and 1 where the parts have nothing in common.
    """

    excluded: DenseChannel
    wanted: DenseChannel | None
    slope: float
    left: float

    @classmethod
    def of(
        cls, index: SearchIndex, encoder: Encoder, excluded: DenseChannel, sought: Sequence[Probe]
    ) -> Removal:
        """``excluded`` beside the parts ``sought`` that ``encoder`` can read."""
        same = [
            channel
            for channel in dense_channels(index, encoder, sought)
            if channel.item_modality == excluded.item_modality
        ]
        if not same:
            return cls(excluded, None, 0.0, 1.0)
        (wanted,) = same
        slope, left = _explained(index, encoder, excluded, wanted)
        return cls(excluded, wanted, slope, left)

    @property
    def index(self) -> VectorIndex:
        """The items that are scored."""
        return self.excluded.index

    def surprise(self, ids: Ids) -> Scores:
        """How rarely a stranger is as like the excluded part as each of ``ids`` (n,), in decades.

        Never more than the excluded part alone says: what is unlike the wanted part is not removed for that.
        """
        (background,), (raw,) = self.excluded.backgrounds, self.excluded.raw(ids)
        surprise = background.log_survival(raw) / -math.log(10.0)
        if self.wanted is not None and self.slope > 0.0:
            standing = np.array(self.wanted.weights) @ self.wanted.scales(self.wanted.raw(ids))
            beyond = background.scales(raw) - self.slope * np.maximum(standing, 0.0)
            left = background.location + background.scale * beyond / self.left
            surprise = np.minimum(surprise, background.log_survival(left) / -math.log(10.0))
        return np.asarray(surprise)


def _explained(
    index: SearchIndex, encoder: Encoder, excluded: DenseChannel, wanted: DenseChannel
) -> tuple[float, float]:
    """Slope and deviation left (see `Removal`), if items differ alike in all directions.

    Then the correlation of two parts' scores is the cosine of their vectors, less what all such vectors share. Where
    the encoder's banks do not tell what that is, the parts count as having nothing in common.
    """
    probes = (*excluded.probes, *wanted.probes)
    means = [mean for probe in probes if (mean := _mean(index, encoder, probe.modality)) is not None]
    if len(means) < len(probes):
        return 0.0, 1.0
    parts = np.stack([probe.vector - mean for probe, mean in zip(probes, means, strict=True)])
    part, *others = parts / np.maximum(np.linalg.norm(parts, axis=1, keepdims=True), 1e-6)
    mixed = np.array(wanted.weights) @ np.stack(others)
    length = float(np.linalg.norm(mixed))
    correlation = float(part @ mixed) / max(length, 1e-6)
    if correlation <= 0.0:
        return 0.0, 1.0
    correlation = min(correlation, MOST_SHARED)
    return correlation / length, math.sqrt(1.0 - correlation**2)


def _mean(index: SearchIndex, encoder: Encoder, modality: Modality) -> Vector | None:
    """The mean (dimension,) of the encoder's bank of such queries, which some have to encode; None without one."""

    def mean() -> Vector | None:
        bank = encoder.bank(modality)
        return None if bank is None else np.asarray(bank.mean(axis=0), dtype=np.float32)

    return index.kept(("mean of the bank", encoder.fingerprint, modality), mean)
