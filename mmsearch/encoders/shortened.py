"""Less of an encoder's vectors, as vectors of their own.

Where the encoder knows its axes, vectors are projected on the first of these, which say most; the result is turned so
that its floats are of like size, which bytes and bits are made for. Else the first floats are kept: encoders that were
trained for it put what matters most there (Kusupati et al., Matryoshka Representation Learning, 2022), others lose
more; any may be asked to.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.encoders.protocol import KnowsItsAxes, KnowsItsLines, KnowsItsWords, KnowsWhatItSaw
from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.encoders.naming import NamedWord
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.types import Images, Modality, PictureSpec, Sounds, SoundSpec, Vectors


@dataclass(frozen=True, slots=True)
class ShortenedEncoder:
    """``whole``, of whose vectors ``dimension`` floats are kept, at unit length; an ``Encoder``.

    ``onto`` (whole.dimension, dimension) projects them; None keeps the first ones. It has a ``fingerprint`` of its own:
    its vectors never meet the whole ones.
    """

    whole: Encoder
    dimension: int
    fingerprint: str
    onto: Vectors | None = field(default=None, compare=False)

    @property
    def name(self) -> str:
        return self.whole.name

    @property
    def modalities(self) -> frozenset[Modality]:
        return self.whole.modalities

    @property
    def picture(self) -> PictureSpec:
        return self.whole.picture

    @property
    def sound(self) -> SoundSpec:
        return self.whole.sound

    @property
    def sound_fingerprint(self) -> str:
        return self.whole.sound_fingerprint

    @property
    def parallel(self) -> bool:
        return self.whole.parallel

    def encode_images(self, batch: Images) -> Vectors:
        return self.shorten(self.whole.encode_images(batch))

    def encode_texts(self, batch: Sequence[str]) -> Vectors:
        return self.shorten(self.whole.encode_texts(batch))

    def encode_sounds(self, batch: Sounds) -> Vectors:
        return self.shorten(self.whole.encode_sounds(batch))

    def prior(self, query: Modality, item: Modality) -> str | None:
        """None: what was measured is how whole vectors score."""
        return None

    def bank(self, modality: Modality) -> Vectors | None:
        whole = self.whole.bank(modality)
        return None if whole is None else self.shorten(whole)

    def bank_lines(self) -> Sequence[str]:
        return self.whole.bank_lines() if isinstance(self.whole, KnowsItsLines) else ()

    def known_share(self, text: str) -> float:
        return self.whole.known_share(text) if isinstance(self.whole, KnowsItsWords) else 1.0

    def fluency(self, text: str) -> float:
        return self.whole.fluency(text) if isinstance(self.whole, KnowsItsWords) else 1.0

    def named_words(self, text: str) -> Sequence[NamedWord]:
        return self.whole.named_words(text) if isinstance(self.whole, KnowsWhatItSaw) else ()

    def shorten(self, vectors: Vectors) -> Vectors:
        """Vectors (n, dimension) of those (n, whole.dimension) that the whole encoder gives."""
        return shorten(vectors if self.onto is None else vectors @ self.onto, self.dimension)


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
    identity = hashlib.sha256(f"{encoder.fingerprint} {dimension}".encode())
    axes = encoder.axes() if isinstance(encoder, KnowsItsAxes) else None
    if axes is None:
        return ShortenedEncoder(encoder, dimension, identity.hexdigest())
    identity.update(
        axes.astype("<f2").tobytes()
    )  # not what is reckoned from them, which may differ by machine
    return ShortenedEncoder(encoder, dimension, identity.hexdigest(), projection(axes, dimension))


def principal_axes(*parts: Vectors) -> Vectors:
    """Orthonormal rows (d, d) float32: the directions that vectors (n, d) of all ``parts`` lie along, most first.

    Each part counts the same. The vectors are not centered, since cosines are not either.
    """
    moment = sum(part.T.astype(np.float64) @ part / len(part) for part in parts if len(part))
    _, axes = np.linalg.eigh(moment)  # columns, by rising eigenvalue
    return np.ascontiguousarray(axes[:, ::-1].T, dtype=np.float32)


def projection(axes: Vectors, dimension: int) -> Vectors:
    """What takes vectors to the first ``dimension`` of ``axes`` (d, d) and turns them there: (d, dimension) float32.

    The turn is a cosine transform, whose every float has its part of every axis.
    """
    number = np.arange(dimension)
    turn = np.cos(np.pi * (2 * number[:, None] + 1) * number / (2 * dimension)) * (2 / dimension) ** 0.5
    turn[:, 0] /= 2**0.5
    return np.asarray(axes[:dimension].T @ turn.T, dtype=np.float32)


def shorten(vectors: Vectors, dimension: int) -> Vectors:
    """The first ``dimension`` floats of unit vectors (n, d), at unit length: (n, dimension) float32.

    A vector that has nothing there, which no encoder makes, becomes the first axis.
    """
    kept = np.array(vectors[:, :dimension], dtype=np.float32)
    lengths = np.linalg.norm(kept, axis=1, keepdims=True)
    kept[lengths[:, 0] == 0, 0] = 1.0
    return np.asarray(kept / np.where(lengths > 0, lengths, 1.0), dtype=np.float32)
