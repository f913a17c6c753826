"""What every encoder offers: towers that turn media into unit vectors of one space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.encoders.naming import NamedWord
    from mmsearch.types import Images, Modality, PictureSpec, Sounds, SoundSpec, Vectors


class Encoder(Protocol):
    """A set of towers, one per modality, into one space. Vectors of two encoders never meet."""

    @property
    def name(self) -> str:
        """As the user wrote it: ``pocket``, ``openclip:ViT-B-32/laion2b_s34b_b79k``, a directory."""

    @property
    def dimension(self) -> int:
        """Length of every vector."""

    @property
    def modalities(self) -> frozenset[Modality]:
        """What this encoder can encode."""

    @property
    def fingerprint(self) -> str:
        """Hex SHA-256 over weights, tokenizer and preprocessing; the identity that an index stores.

        That of the towers for pictures and texts, where there are any: an index that was made before an encoder learned
        to hear stays its own (see ``sound_fingerprint``).
        """

    @property
    def sound_fingerprint(self) -> str:
        """Hex SHA-256 over the sound tower and its windows; empty where there is none."""

    @property
    def picture(self) -> PictureSpec:
        """The pictures that ``encode_images`` wants."""

    @property
    def sound(self) -> SoundSpec:
        """The windows of sound that ``encode_sounds`` wants, where "audio" is among ``modalities``."""

    @property
    def parallel(self) -> bool:
        """Whether threads gain by calling ``encode_images`` side by side (one core a call)."""

    def encode_images(self, batch: Images) -> Vectors:
        """(n, size, size, 3) uint8 RGB -> (n, dimension) float32, unit rows."""

    def encode_texts(self, batch: Sequence[str]) -> Vectors:
        """n texts -> (n, dimension) float32, unit rows; a longer text than the tower reads is cut."""

    def encode_sounds(self, batch: Sounds) -> Vectors:
        """(n, samples) float32 from -1 to 1, each a window of ``sound`` -> (n, dimension) float32, unit rows."""

    def prior(self, query: Modality, item: Modality) -> str | None:
        """How this encoder scores unrelated pairs, measured when it was made, for an index with few items.

        JSON of a `mmsearch.search.calibration.background.Background`, which this layer does not know; None when
        unknown.
        """

    def bank(self, modality: Modality) -> Vectors | None:
        """Vectors (m, dimension) of varied queries that ship with the encoder, for backgrounds.

        None when the encoder has none for that modality.
        """


@runtime_checkable
class KnowsItsLines(Protocol):
    """An encoder whose bank of texts is stored, with the lines that it was made of."""

    def bank_lines(self) -> Sequence[str]:
        """The texts (m) of ``bank("text")`` in its order; empty when they are not known."""


@runtime_checkable
class KnowsItsAxes(Protocol):
    """An encoder that knows along which axes its vectors differ most, for keeping less of them."""

    def axes(self) -> Vectors | None:
        """Orthonormal rows (dimension, dimension) float32, by falling share of what vectors are made of; or None."""


@runtime_checkable
class KnowsItsWords(Protocol):
    """An encoder with a vocabulary that leaves something out, as scripts that it was not made for.

    All that is unknown looks the same to it: an unreadable query would be near to every unreadable text.
    """

    def known_share(self, text: str) -> float:
        """The share of the letters of ``text`` that stand in words which the vocabulary can spell, 0 to 1.

        0 where there are no letters, as in numbers and emoji; 1 where there is nothing at all.
        """

    def fluency(self, text: str) -> float:
        """How near to whole words the pieces of ``text`` are that it is read in: 1 where each word is one, above 0."""


@runtime_checkable
class KnowsWhatItSaw(Protocol):
    """An encoder that knows how often training named pictures by a word."""

    def named_words(self, text: str) -> Sequence[NamedWord]:
        """The words of ``text`` in order; empty where nothing was counted."""
