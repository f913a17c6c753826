"""What the search layer asks of an open index, and the dense channels: how an encoder scores items for a query."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.calibration.standing import Standing
from mmsearch.search.channels.signals import Signals
from mmsearch.search.index.protocol import WHOLE, SearchIndex
from mmsearch.search.index.sampling import sample
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.ann.index import VectorIndex
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.calibration.background import Background
    from mmsearch.search.channels.probes import Probe
    from mmsearch.search.channels.signals import Said
    from mmsearch.types import Ids, Scores, Vector, VectorKind, Vectors

# Items that show how a query stands in a channel. A quarter of them would do for the mean, not for the deviation.
CROWD = 1000


@dataclass(frozen=True, slots=True, eq=False)
class DenseChannel:
    """The items of one modality in one encoder's space, scored for all plus parts of a query together.

    With weights of Euclidean length 1 the scales of the parts above their backgrounds add up to some that mean the
    same, whatever their number: text and picture parts are mixed by how unlike chance they are, not by cosine.

    ``standing`` is where this query's mixed scores lie, in scales; it moves the evidence that
    channels are merged by, not the surprise, which has to say when nothing matches.
    """

    encoder: str
    item_modality: VectorKind
    index: VectorIndex
    probes: tuple[Probe, ...]
    backgrounds: tuple[Background, ...]
    weights: tuple[float, ...]
    standing: Standing

    @property
    def name(self) -> str:
        """As explanations call it: ``pocket text→image``."""
        kinds = "+".join(dict.fromkeys(probe.modality for probe in self.probes))
        return f"{self.encoder} {kinds}→{self.item_modality}"

    def nearest(self, depth: int, among: Ids | None) -> tuple[Said, Signals | None]:
        """The ``depth`` items that this channel says most of, and what that is; and what it says of the next one (1,),
        which is the most that it says of any other; None when there is no other.

        Of items that tie at the end none is named, so that it does not matter which of them an index gives first.
        """
        ranking = self.index.search(self._direction(), depth + 1, among)
        kept = len(ranking)
        if kept > depth:
            kept = int(np.count_nonzero(ranking.scores > ranking.scores[depth]))
        signals = self._signals(ranking.scores[None]) if len(self.probes) == 1 else self.score(ranking.ids)
        following = signals[depth:] if len(ranking) > depth else None
        return (ranking.ids[:kept], signals[:kept]), following

    def _direction(self) -> Vector:
        """What the items that this channel says most of are nearest to: scales add up, so it is one direction."""
        if len(self.probes) == 1:
            return self.probes[0].vector
        direction = np.sum(
            [
                weight / background.scale * probe.vector
                for probe, background, weight in zip(self.probes, self.backgrounds, self.weights, strict=True)
            ],
            axis=0,
        )
        length = float(np.linalg.norm(direction))
        direction = direction / length if length > 0 else self.probes[0].vector
        return np.asarray(direction, dtype=np.float32)

    def score(self, ids: Ids) -> Signals:
        """What this channel says of ``ids`` (n,), all of them in its index."""
        return self._signals(self.raw(ids))

    def _signals(self, raw: Scores) -> Signals:
        """The same from cosines (parts, n)."""
        mixed = self.mixed(raw)
        told = self.standing.corrected(mixed)
        evidence, surprise = np.zeros((2, mixed.size))
        foretold = 0.0
        for probe, background, weight in zip(self.probes, self.backgrounds, self.weights, strict=True):
            foretold += weight * background.familiar * probe.words.owed(self.item_modality) / background.scale
        for probe, background, weight in zip(self.probes, self.backgrounds, self.weights, strict=True):
            evidence += weight**2 * background.evidence(told)
            if len(raw) == 1:
                log = background.log_survival(
                    raw[0], probe.words.owed(self.item_modality), probe.words.brevity
                )
            else:
                left = background.location + background.scale * (mixed - foretold)
                log = background.log_survival(left, brevity=probe.words.brevity)
            surprise -= weight**2 / math.log(10.0) * log
        unit = raw[0] if len(raw) == 1 else np.average(raw, axis=0, weights=self.weights)
        return Signals(evidence, surprise, 0.5 + 0.5 * unit)

    def raw(self, ids: Ids) -> Scores:
        """Cosines (parts, n) of each part with each of ``ids``."""
        return np.array([self.index.scores(probe.vector, ids) for probe in self.probes])

    def scales(self, raw: Scores) -> Scores:
        """Cosines (parts, n) as scales above each part's background."""
        pairs = zip(raw, self.backgrounds, strict=True)
        return np.array([background.scales(row) for row, background in pairs])

    def mixed(self, raw: Scores) -> Scores:
        """The scales (n,) of all parts together, from cosines (parts, n)."""
        # one by one: a matrix product's last bits would depend on the items beside
        mixed = np.zeros(raw.shape[1])
        for row, weight in zip(self.scales(raw), self.weights, strict=True):
            mixed += weight * row
        return mixed


def dense_channels(
    index: SearchIndex, encoder: Encoder, parts: Sequence[Probe], *, whole: bool = False
) -> tuple[DenseChannel, ...]:
    """A channel for each modality that ``encoder`` has items of; none without parts that it can read.

    ``whole``: one of whole documents too, if the index has vectors of them.
    """
    channels = []
    parts = [probe for probe in parts if probe.is_read]
    length = math.sqrt(sum(probe.part.weight**2 for probe in parts))
    kinds: list[VectorKind] = [modality for modality in MODALITIES if modality in encoder.modalities]
    for modality in [*kinds, WHOLE] if whole else kinds:
        vectors = index.vector_index(encoder, modality) if parts else None
        if vectors is not None and vectors.ids.size:
            backgrounds = tuple(index.background(encoder, probe.modality, modality) for probe in parts)
            weights = tuple(probe.part.weight / length for probe in parts)
            crowd = index.kept(
                ("crowd", encoder.fingerprint, modality), partial(_crowd, index, encoder, modality)
            )
            standing = _standing(crowd, parts, backgrounds, weights)
            channels.append(
                DenseChannel(encoder.name, modality, vectors, tuple(parts), backgrounds, weights, standing)
            )
    return tuple(channels)


def _crowd(index: SearchIndex, encoder: Encoder, kind: VectorKind) -> Vectors:
    """The items (n, dimension) that show how a query stands."""
    return sample(index, encoder, kind, CROWD, seed=3)[1]


def _standing(
    crowd: Vectors, parts: Sequence[Probe], backgrounds: Sequence[Background], weights: Sequence[float]
) -> Standing:
    """How the mixed scales of ``parts`` lie among the items of the ``crowd`` (n, dimension)."""
    mixed, variance = np.zeros(len(crowd)), 0.0
    for probe, background, weight in zip(parts, backgrounds, weights, strict=True):
        mixed += weight * background.scales((crowd @ probe.vector).astype(np.float64))
        variance += (weight * background.own) ** 2
    return Standing.of(mixed, math.sqrt(variance))
