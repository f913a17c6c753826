from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmsearch.media import fit as module
from mmsearch.media.fit import decoding_size, fit, shrink
from mmsearch.types import PictureSpec
from tests.unit.media.sample_pictures import BLUE, GREEN, RED, YELLOW, corners, quarters, same_color


@pytest.mark.parametrize("way", ["squash", "crop", "pad"])
def test_every_way_of_fitting_gives_the_square_with_each_corner_in_its_place(way: str) -> None:
    square = fit(corners(160, 120), PictureSpec(64, way))  # type: ignore[arg-type]
    assert square.size == (64, 64)
    for found, wanted in zip(quarters(np.asarray(square)), (RED, GREEN, BLUE, YELLOW), strict=True):
        assert same_color(found, wanted)


def test_padding_keeps_the_shape_between_equal_borders_of_gray() -> None:
    pixels = np.asarray(fit(Image.new("RGB", (200, 100), "red"), PictureSpec(60, "pad")))
    rows = (pixels != 128).any(axis=(1, 2)).nonzero()[0]
    assert (rows.min(), rows.max()) == (15, 44)


def test_a_picture_is_never_enlarged_by_shrinking() -> None:
    assert shrink(corners(40, 30), 100).size == (40, 30)
    assert shrink(corners(400, 300), 100).size == (100, 75)
    assert shrink(Image.new("RGB", (4_000, 1)), 100).size == (100, 1)


def test_a_picture_is_decoded_at_twice_what_is_kept_of_it() -> None:
    assert decoding_size((4_000, 3_000), PictureSpec(192)) == (384, 384)
    assert decoding_size((4_000, 3_000), PictureSpec(192, "pad")) == (384, 288)


def test_a_giant_that_is_reduced_in_strips_comes_out_as_one_that_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    giant = corners(1_200, 900).convert("RGBA")
    whole = np.asarray(fit(giant, PictureSpec(64)), dtype=int)
    monkeypatch.setattr(module, "STRIP_PIXELS", 10_000)
    assert abs(np.asarray(fit(giant, PictureSpec(64)), dtype=int) - whole).max() <= 8
