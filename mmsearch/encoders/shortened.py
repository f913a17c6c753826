"""The first floats of an encoder's vectors, as vectors of their own.

Encoders that were trained for it put what matters most first, so that a prefix nearly serves as well as the whole
(Kusupati et al., Matryoshka Representation Learning, 2022). Others lose more; any may be asked to.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmsearch.encoders.protocol import KnowsItsLines
from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.types import Images, Modality, PictureSpec, Vectors


@dataclass(frozen=True, slots=True)
class ShortenedEncoder:
    """``whole``, of whose vectors the first ``dimension`` floats are kept, at unit length; an ``Encoder``.

    It has a fingerprint of its own: its vectors never meet the whole ones.
    """

    whole: Encoder
    dimension: int

    @property
    def name(self) -> str:
        return self.whole.name

    @property
    def modalities(self) -> frozenset[Modality]:
        return self.whole.modalities

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(f"{self.whole.fingerprint} {self.dimension}".encode()).hexdigest()

    @property
    def picture(self) -> PictureSpec:
        return self.whole.picture

    @property
    def parallel(self) -> bool:
        return self.whole.parallel

    def encode_images(self, batch: Images) -> Vectors:
        return shorten(self.whole.encode_images(batch), self.dimension)

    def encode_texts(self, batch: Sequence[str]) -> Vectors:
        return shorten(self.whole.encode_texts(batch), self.dimension)

    def prior(self, query: Modality, item: Modality) -> str | None:
        """None: what was measured is how whole vectors score."""
        return None

    def bank(self, modality: Modality) -> Vectors | None:
        whole = self.whole.bank(modality)
        return None if whole is None else shorten(whole, self.dimension)

    def bank_lines(self) -> Sequence[str]:
        return self.whole.bank_lines() if isinstance(self.whole, KnowsItsLines) else ()


def shortened(encoder: Encoder, dimension: int | None) -> Encoder:
    """``encoder`` itself where ``dimension`` is all of its own, or None.

    Raises UsageError for less than one float, or more than there are.
    """
    if dimension is None or dimension == encoder.dimension:
        return encoder
    if not 0 < dimension < encoder.dimension:
        raise UsageError(
            f"{encoder.name} has vectors of {encoder.dimension} dimensions: keep 1 to {encoder.dimension} of them"
        )
    return ShortenedEncoder(encoder, dimension)


def shorten(vectors: Vectors, dimension: int) -> Vectors:
    """The first ``dimension`` floats of unit vectors (n, d), at unit length: (n, dimension) float32.

    A vector that has nothing there, which no encoder makes, becomes the first axis.
    """
    import numpy as np

    kept = np.array(vectors[:, :dimension], dtype=np.float32)
    lengths = np.linalg.norm(kept, axis=1, keepdims=True)
    kept[lengths[:, 0] == 0, 0] = 1.0
    return np.asarray(kept / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)
