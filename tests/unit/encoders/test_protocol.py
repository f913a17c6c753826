from __future__ import annotations

import numpy as np

from mmsearch.encoders.protocol import KnowsItsAxes, KnowsItsLines, KnowsItsWords
from mmsearch.encoders.registry import load_encoder


class Plain:
    """An encoder that knows nothing of itself."""

    name = "plain"


def test_what_an_encoder_knows_of_itself_is_seen_from_its_methods() -> None:
    pocket = load_encoder("pocket")
    for kind in (KnowsItsLines, KnowsItsAxes, KnowsItsWords):
        assert isinstance(pocket, kind)
        assert not isinstance(Plain(), kind)


def test_pocket_gives_what_the_protocol_promises() -> None:
    pocket = load_encoder("pocket")
    texts = pocket.encode_texts(["a cat", "two dogs"])
    size = pocket.picture.size
    pictures = pocket.encode_images(np.zeros((1, size, size, 3), dtype=np.uint8))
    for vectors, rows in ((texts, 2), (pictures, 1)):
        assert vectors.shape == (rows, pocket.dimension)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    bank = pocket.bank("text")
    assert bank is not None
    assert bank.shape[1] == pocket.dimension
