"""Does an encoder give the same vectors here as where it was made?

A compiled encoder carries the vectors of a few texts, and of a few pictures and sounds that a program makes.
Processors have kernels of their own for integer arithmetic, and not all of them are exact: ONNX Runtime's saturate with
8-bit weights where there is no VNNI (`mmsearch.encoders.saturation`), and nothing but the vectors shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.encoders.description import CHECK, amend_description, read_description
from mmsearch.errors import EncoderError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mmsearch.encoders.description import Description
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.types import Images, Modality, Sounds, SoundSpec, Vectors

# The first of each is compared whenever its tower is loaded; the text is short, so that a cold query hardly waits.
TEXTS = (
    "a dog",
    "two children in red jackets build a snowman beside a frozen lake",
    "3,141 kg of steel",
    "The kettle stood on the stove for five minutes; then, since nobody came, she poured the tea herself.",
    "一只猫坐在窗边",
    "eine alte Kirche",
    "WHO ARE YOU?!",
    "wood " * 40,
)
PICTURES = 6
SOUNDS = 4
LEAST_COSINE = 0.998


@dataclass(frozen=True, slots=True)
class CheckVectors:
    """``texts``, the first pictures of `draw_picture` and sounds of `make_sound`, with the vectors that they had.

    Those are (n, d) float32.
    """

    texts: Sequence[str]
    text_vectors: Vectors
    picture_vectors: Vectors
    sound_vectors: Vectors


@dataclass(frozen=True, slots=True)
class Difference:
    """Vectors of one tower that have a cosine of ``cosine`` (of several: the least) to those it was made with."""

    encoder: str
    modality: Modality
    cosine: float

    def __str__(self) -> str:
        kind = {"text": "texts", "image": "pictures", "audio": "sounds"}[self.modality]
        return (
            f"{self.encoder} gives {kind} other vectors on this computer than where it was made (cosine "
            f"{self.cosine:.3f} instead of 1): hits are worse, and vectors of other computers don't fit; "
            "compile the encoder again, or use another version of onnxruntime"
        )


def draw_picture(number: int, size: int) -> Images:
    """(1, size, size, 3) uint8, for ``number`` from 0 to PICTURES - 1; of integers only, so equal on any machine."""
    y, x = np.mgrid[0:size, 0:size].astype(np.int64)
    middle = size // 2
    far = (x - middle) ** 2 + (y - middle) ** 2
    if number == 0:  # noise at full contrast
        grain = (x * 7919 + y * 104_729 + (x * y) % 251 * 65_537) % 256
        planes = (grain, grain[::-1], grain[:, ::-1])
    elif number == 1:  # a yellow disc on blue
        disc = far < (size // 3) ** 2
        planes = (np.where(disc, 255, 20), np.where(disc, 230, 90), np.where(disc, 40, 200))
    elif number == 2:  # a chessboard
        planes = (255 * ((x * 8 // size + y * 8 // size) % 2),) * 3
    elif number == 3:  # a gradient
        planes = (x * 255 // size, y * 255 // size, (x + y) * 255 // (2 * size))
    elif number == 4:  # sky over a field
        planes = (255 - y * 120 // size, np.where(y < middle, 190, 120), np.where(y < middle, 250, 40))
    else:  # rings
        planes = (far * 3 // size % 256, 255 - far * 5 // size % 256, (x ^ y) % 256)
    return np.stack(planes, axis=-1).astype(np.uint8)[None]


def make_sound(number: int, spec: SoundSpec) -> Sounds:
    """(1, samples) float32, for ``number`` from 0 to SOUNDS - 1; of integers only, so equal on any machine."""
    at = np.arange(spec.samples, dtype=np.int64)
    if number == 0:  # a sweep upwards
        level = (at * (200 + at // 20) // 8) % 4096 * 8 - 16_384
    elif number == 1:  # noise in bursts
        level = ((at * 7919 + at * at % 251 * 65_537) % 32_768 - 16_384) * (at // 2_000 % 2)
    elif number == 2:  # a low square wave
        level = (at // 80 % 2) * 20_000 - 10_000
    else:  # clicks that die away
        level = ((at * 104_729) % 65_536 - 32_768) // (1 + at % 4_000 // 40)
    return (level / 32_768).astype(np.float32)[None]


def write_check_vectors(directory: Path, encoder: Encoder) -> None:
    """Store what ``encoder``, which lies in ``directory``, gives for the texts, pictures and sounds above."""
    texts = encoder.encode_texts(TEXTS) if "text" in encoder.modalities else np.zeros((0, encoder.dimension))
    drawn = range(PICTURES) if "image" in encoder.modalities else range(0)
    pictures = [encoder.encode_images(draw_picture(number, encoder.picture.size)) for number in drawn]
    made = range(SOUNDS) if "audio" in encoder.modalities else range(0)
    sounds = [encoder.encode_sounds(make_sound(number, encoder.sound)) for number in made]
    vectors = np.concatenate([texts, *pictures, *sounds]).astype(np.float16)
    np.save(directory / CHECK, vectors, allow_pickle=False)
    stored = {"file": CHECK, "texts": TEXTS[: len(texts)], "pictures": len(pictures), "sounds": len(sounds)}
    amend_description(directory, check=stored)


def read_check_vectors(directory: Path, description: Description | None = None) -> CheckVectors | None:
    """What was stored in ``directory``; None in an older encoder. EncoderError when it is damaged.

    ``description`` is what the directory says of itself, where it was read already.
    """
    description = description or read_description(directory)
    if "check" not in description.files:
        return None
    path = directory / description.files["check"]
    try:
        vectors = np.load(path, allow_pickle=False).astype(np.float32)
    except (OSError, ValueError) as error:
        raise EncoderError(f"{path} can't be read ({error}): compile the encoder again") from error
    texts, pictures, sounds = description.check_texts, description.check_pictures, description.check_sounds
    fits = vectors.shape == (len(texts) + pictures + sounds, description.dimension)
    if not fits or not 0 <= pictures <= PICTURES or not 0 <= sounds <= SOUNDS:
        raise EncoderError(f"{path} does not fit its description: compile the encoder again")
    shown, heard = np.split(vectors[len(texts) :], [pictures])
    return CheckVectors(texts, vectors[: len(texts)], shown, heard)


def find_difference(
    encoder: Encoder, modality: Modality, stored: CheckVectors, most: int | None = None
) -> Difference | None:
    """How the tower's vectors differ from the first ``most`` (None = all) of ``stored``; None when they don't."""
    if modality == "text":
        expected = stored.text_vectors[:most]
        actual = encoder.encode_texts(stored.texts[:most])
    elif modality == "image":
        expected = stored.picture_vectors[:most]
        pictures = [draw_picture(number, encoder.picture.size) for number in range(len(expected))]
        actual = encoder.encode_images(np.concatenate(pictures)) if pictures else expected
    else:
        expected = stored.sound_vectors[:most]
        sounds = [make_sound(number, encoder.sound) for number in range(len(expected))]
        actual = encoder.encode_sounds(np.concatenate(sounds)) if sounds else expected
    cosines = (actual * expected).sum(axis=1) / np.maximum(np.linalg.norm(expected, axis=1), 1e-12)
    least = float(cosines.min(initial=1.0))
    return None if least >= LEAST_COSINE else Difference(encoder.name, modality, least)
