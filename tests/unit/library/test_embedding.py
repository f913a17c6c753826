"""Vectors without an index."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mmsearch


def test_texts_and_pictures_come_in_their_order_as_unit_rows(photographs: Path) -> None:
    from PIL import Image

    picture = photographs / "coffee.png"
    with Image.open(picture) as opened:
        vectors = mmsearch.embed(["a cup of coffee", picture, "a cat", opened.convert("RGB")])
    assert vectors.shape == (4, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)
    assert np.allclose(vectors[1], vectors[3], atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[2] @ vectors[1]
    assert mmsearch.embed([]).shape == (0, 384)


def test_what_is_neither_is_refused() -> None:
    with pytest.raises(TypeError, match="a picture is a path"):
        mmsearch.embed([3.5])
