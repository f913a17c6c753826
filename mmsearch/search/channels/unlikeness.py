"""How like an excluded thing the items of an index are: what ``NOT`` ranks the items by that it leaves.

A weak encoder sees a dog in some pictures of dogs and misses it in others, so that removing what is surely a dog
leaves many. Items that are least like dogs of all hold the fewest. Three things make that measure truer.

A word is put into the sentences that captions are (prompt ensembles: Radford et al. 2021, arXiv:2103.00020).

What the part shares with what is looked for does not count against an item: in "animal NOT dog" a picture that is
like a dog because it is like an animal is wanted. So a share of the wanted part is taken off (a contrast, as between
two classes), both measured by how much they differ among the items.

Only what lies in the directions counts in which the items of this index differ most: along them an item's neighbors
speak for it, and what is left of a vector is mostly noise (latent semantic analysis: Deerwester et al. 1990,
doi:10.1002/(SICI)1097-4571(199009)41:6<391::AID-ASI1>3.0.CO;2-9).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.calibration.curve import QUARTILE
from mmsearch.search.calibration.standing import OWN_ITEMS
from mmsearch.search.channels.prompts import word_vectors
from mmsearch.search.index.sampling import sample
from mmsearch.search.query.value import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.ann.index import VectorIndex
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.channels.dense import DenseChannel
    from mmsearch.search.channels.probes import Probe
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.types import Ids, Scores, Vector, VectorKind, Vectors

# Directions that count, taken from so many items, and the share of the wanted part that is taken off: of 20, 30 and 50,
# and 0, 0.25, 0.35 and 0.45, chosen on the development sets of `python -m benchmarks exclusion` (docs/log.md).
DIRECTIONS = 20
SAMPLE = 2000
WANTED_SHARE = 0.25
# More words than this are a description, which needs no sentence around it.
LONGEST_WORD = 3


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """The items of ``index`` by their product with ``direction``, whose usual value is ``location`` +- ``scale``."""

    index: VectorIndex
    direction: Vector
    location: float
    scale: float

    def standing(self, ids: Ids) -> Scores:
        """How many scales (n,) above the usual item each of ``ids`` lies; below zero for what is less like it."""
        return np.asarray((self.index.scores(self.direction, ids) - self.location) / self.scale)


def likeness(
    index: SearchIndex, encoder: Encoder, channel: DenseChannel, wanted: Sequence[Probe] = ()
) -> Likeness:
    """How like the one part of ``channel``, and unlike the ``wanted`` parts of the query, its items are."""
    key = ("directions", encoder.fingerprint, channel.item_modality)
    items, leading = index.kept(key, lambda: _sampled(index, encoder, channel.item_modality))
    known = len(items) / (len(items) + OWN_ITEMS)

    def spread(part: Vector, usual: float) -> float:
        """The deviation of the items' products with ``part``; few items hardly know theirs."""
        return max(known * float((items @ part).std()) + (1.0 - known) * usual, 1e-6)

    (excluded,) = channel.probes
    usual = channel.backgrounds[0].scale
    part = _vector(encoder, excluded, channel.item_modality)
    deviation = spread(part, usual)
    contrast = part / deviation
    if read := [probe for probe in wanted if probe.is_read]:
        vectors = [probe.part.weight * _vector(encoder, probe, channel.item_modality) for probe in read]
        part = np.asarray(np.sum(vectors, axis=0), dtype=np.float32)
        contrast = contrast - WANTED_SHARE * part / spread(part, usual)
    direction = np.asarray(leading @ (leading.T @ contrast), dtype=np.float32)
    products = (items @ direction).astype(np.float64)
    low, middle, high = np.quantile(products, (0.25, 0.5, 0.75))
    scale = known * (high - low) / (2.0 * QUARTILE) + (1.0 - known) * usual / deviation
    return Likeness(channel.index, direction, float(middle), max(float(scale), 1e-6))


def _vector(encoder: Encoder, probe: Probe, kind: VectorKind) -> Vector:
    """The vector of a part for items of ``kind``: of a word or two, the mean of sentences about it."""
    content = probe.part.content
    if isinstance(content, Text) and kind != "document" and len(content.meaning.split()) <= LONGEST_WORD:
        vector: Vector = word_vectors(encoder, [content.meaning], kind)[0]
        return vector
    return probe.vector


def _sampled(index: SearchIndex, encoder: Encoder, kind: VectorKind) -> tuple[Vectors, Vectors]:
    """A sample of the items (n, d), and the directions (d, r), at right angles, in which they differ most (0.1 s)."""
    items = sample(index, encoder, kind, SAMPLE, seed=2)[1]
    centered = (items - items.mean(axis=0)).astype(np.float64)
    _, directions = np.linalg.eigh(centered.T @ centered / len(centered))
    count = max(1, min(DIRECTIONS, len(items) - 1))
    return items, np.asarray(directions[:, -count:], dtype=np.float32)
