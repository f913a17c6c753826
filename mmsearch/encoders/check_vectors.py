"""Does an encoder give the same vectors here as where it was made?

A compiled encoder carries the vectors of a few texts, and of a few pictures that a program draws. Processors have
kernels of their own for integer arithmetic, and not all of them are exact: ONNX Runtime's saturate with 8-bit weights
where there is no VNNI (`mmsearch.encoders.saturation`), and nothing but the vectors shows it.
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
    from mmsearch.types import Images, Modality, Vectors

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
LEAST_COSINE = 0.998


@dataclass(frozen=True, slots=True)
class CheckVectors:
    """``texts`` and the first ``pictures`` of `draw_picture`, with the vectors that they had: (n, d) float32."""

    texts: Sequence[str]
    pictures: int
    text_vectors: Vectors
    picture_vectors: Vectors


@dataclass(frozen=True, slots=True)
class Difference:
    """Vectors of one tower that have a cosine of ``cosine`` (of several: the least) to those it was made with."""

    encoder: str
    modality: Modality
    cosine: float

    def __str__(self) -> str:
        kind = "texts" if self.modality == "text" else "pictures"
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


def write_check_vectors(directory: Path, encoder: Encoder) -> None:
    """Store what ``encoder``, which lies in ``directory``, gives for the texts and pictures above."""
    texts = encoder.encode_texts(TEXTS) if "text" in encoder.modalities else np.zeros((0, encoder.dimension))
    drawn = range(PICTURES) if "image" in encoder.modalities else range(0)
    pictures = [encoder.encode_images(draw_picture(number, encoder.picture.size)) for number in drawn]
    np.save(directory / CHECK, np.concatenate([texts, *pictures]).astype(np.float16), allow_pickle=False)
    stored = {"file": CHECK, "texts": TEXTS[: len(texts)], "pictures": len(pictures)}
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
    texts, pictures = description.check_texts, description.check_pictures
    if vectors.shape != (len(texts) + pictures, description.dimension) or not 0 <= pictures <= PICTURES:
        raise EncoderError(f"{path} does not fit its description: compile the encoder again")
    return CheckVectors(texts, pictures, vectors[: len(texts)], vectors[len(texts) :])


def find_difference(
    encoder: Encoder, modality: Modality, stored: CheckVectors, most: int | None = None
) -> Difference | None:
    """How the tower's vectors differ from the first ``most`` (None = all) of ``stored``; None when they don't."""
    if modality == "text":
        expected = stored.text_vectors[:most]
        actual = encoder.encode_texts(stored.texts[:most])
    else:
        expected = stored.picture_vectors[:most]
        pictures = [draw_picture(number, encoder.picture.size) for number in range(len(expected))]
        actual = encoder.encode_images(np.concatenate(pictures)) if pictures else expected
    cosines = (actual * expected).sum(axis=1) / np.maximum(np.linalg.norm(expected, axis=1), 1e-12)
    least = float(cosines.min(initial=1.0))
    return None if least >= LEAST_COSINE else Difference(encoder.name, modality, least)
