"""Vectors of texts and pictures, without an index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmsearch.encoders.registry import DEFAULT_ENCODER, load_encoder
from mmsearch.errors import UsageError
from mmsearch.types import is_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.types import Vectors


def embed(things: Sequence[Any], encoder: str = DEFAULT_ENCODER) -> Vectors:
    """Vectors of texts (``str``) and pictures (``Path`` or PIL image): (n, dimension) float32, unit rows.

    Raises UsageError for a text with half a character, MediaError for a picture that can't be decoded, TypeError for
    anything else than these three.
    """
    import numpy as np

    from mmsearch.media.fetch import given_pixels

    chosen = load_encoder(encoder)
    vectors = np.zeros((len(things), chosen.dimension), np.float32)
    texts = [i for i, thing in enumerate(things) if isinstance(thing, str)]
    if not all(is_whole(things[i]) for i in texts):
        raise UsageError("a text holds half a character: write whole ones")
    if texts:
        vectors[texts] = chosen.encode_texts([things[i] for i in texts])
    pictures = [i for i, thing in enumerate(things) if not isinstance(thing, str)]
    for start in range(0, len(pictures), 32):
        batch = pictures[start : start + 32]
        vectors[batch] = chosen.encode_images(
            np.stack([given_pixels(things[i], chosen.picture) for i in batch])
        )
    return vectors
