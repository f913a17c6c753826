from __future__ import annotations

import contextlib

import numpy as np
import pytest

from mmsearch.errors import MediaError
from mmsearch.media.decode import decoded, open_picture
from mmsearch.media.limits import Limits
from tests.unit.media.sample_pictures import corners, encoded


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "TIFF", "BMP"])
def test_every_allowed_format_is_opened_and_decoded(name: str) -> None:
    picture = open_picture(encoded(corners(), name), Limits())
    with decoded(picture):
        assert picture.size == (160, 120)
        assert picture.getextrema()


def test_a_jpeg_may_be_decoded_smaller_but_not_below_what_is_wanted() -> None:
    picture = open_picture(encoded(corners(1_600, 1_200), "JPEG"), Limits())
    with decoded(picture, (390, 290)):
        assert picture.size == (400, 300)


def test_the_size_is_checked_before_anything_is_decoded() -> None:
    with pytest.raises(MediaError, match="160 x 120 pixels, more than the limit of 19199"):
        open_picture(encoded(corners(), "PNG"), Limits(max_pixels=19_199))


@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_damage_is_a_reason_and_never_another_error(name: str) -> None:
    data = encoded(corners(), name)
    rng = np.random.default_rng(0)
    for _ in range(40):
        mutated = bytearray(data[: rng.integers(20, len(data))])
        mutated[rng.integers(12, len(mutated))] ^= 1 << int(rng.integers(8))
        with contextlib.suppress(MediaError):
            picture = open_picture(bytes(mutated), Limits())
            with decoded(picture):
                picture.convert("RGB")
