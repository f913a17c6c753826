"""How like two things of an index are, whatever their modalities: cosines of centered vectors on one scale.

Each modality's mean is taken off its vectors, which then have unit length again: otherwise pictures would be like
pictures for being pictures (arXiv 2507.19054, 2601.18525). What is left is counted in scales above the background
between items of the index that have nothing to do with each other. Measured by `python -m benchmarks recommendation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.calibration.centering import shared_mean
from mmsearch.search.calibration.estimation import estimate
from mmsearch.search.index.sampling import sample

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mmsearch.ann.index import VectorIndex
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.calibration.background import Background
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.types import Ids, Modality, Scores, Vectors

# Items that means and backgrounds are taken from, and those of them that stand for examples.
SAMPLE = 1000
ASKING = 300
# Rows that are multiplied in one go.
BLOCK = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """The items of one modality, and the ``mean`` (dimension,) that is taken off their vectors."""

    modality: Modality
    index: VectorIndex
    mean: NDArray[np.float32]

    def centered(self, vectors: Vectors) -> Vectors:
        """``vectors`` (n, dimension) of this modality without its mean, at unit length."""
        rows = vectors - self.mean
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return np.asarray(rows / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)

    def roughly(self, probes: Vectors, ids: Ids) -> Scores:
        """Centered cosines (n, p) of items with centered ``probes`` (p, dimension), right to 1e-4; fast."""
        asked = np.concatenate([probes, self.mean[None]]).T
        blocks = [self.index.vectors(ids[at : at + BLOCK]) @ asked for at in range(0, ids.size, BLOCK)]
        products = np.concatenate(blocks) if blocks else np.empty((0, asked.shape[1]))
        return self._cosines(products.astype(np.float64), probes)

    def exactly(self, probes: Vectors, ids: Ids) -> Scores:
        """The same to the last bit: an item's cosine depends on nothing but itself and the probe."""
        products = [self.index.scores(asked, ids) for asked in (*probes, self.mean)]
        return self._cosines(np.stack(products, axis=1), probes)

    def _cosines(self, products: Scores, probes: Vectors) -> Scores:
        off = np.array([float(np.einsum("i,i->", probe, self.mean)) for probe in probes])
        square = float(np.einsum("i,i->", self.mean, self.mean))
        lengths = np.sqrt(np.maximum(1.0 - 2.0 * products[:, -1] + square, 1e-6))
        return np.asarray((products[:, :-1] - off) / lengths[:, None])


def spaces(index: SearchIndex, encoder: Encoder, modalities: Sequence[Modality]) -> dict[Modality, Space]:
    """The spaces of those of ``modalities`` that the index has items of."""
    found: dict[Modality, Space] = {}
    for modality in modalities:
        vectors = index.vector_index(encoder, modality) if modality in encoder.modalities else None
        if vectors is not None and vectors.ids.size:
            mean = index.kept(
                ("mean", encoder.fingerprint, modality), partial(_mean, index, encoder, modality)
            )
            found[modality] = Space(modality, vectors, mean)
    return found


def _mean(index: SearchIndex, encoder: Encoder, modality: Modality) -> NDArray[np.float32]:
    return shared_mean(sample(index, encoder, modality, SAMPLE, seed=3)[1])


def item_background(index: SearchIndex, encoder: Encoder, asking: Space, asked: Space) -> Background:
    """Centered cosines between items of ``asking`` and of ``asked`` that belong to different documents (0.2 s)."""

    def estimated() -> Background:
        ids, vectors = sample(index, encoder, asking.modality, ASKING, seed=4)
        others, rows = sample(index, encoder, asked.modality, SAMPLE, seed=5)
        return estimate(
            asking.centered(vectors),
            asked.centered(rows),
            query_groups=index.documents.of(ids),
            item_groups=index.documents.of(others),
        )

    key = ("background between items", encoder.fingerprint, asking.modality, asked.modality)
    return index.kept(key, estimated)
