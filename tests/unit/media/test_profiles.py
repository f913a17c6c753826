"""Embedded ICC profiles say what the numbers of a picture mean."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from mmsearch.media.picture import fit_picture, load_picture, thumbnail
from mmsearch.types import PictureSpec
from tests.unit.media.icc import ADOBE_RGB, DISPLAY_P3, gray_profile, matrix_profile, table_profile
from tests.unit.media.sample_pictures import BLUE, GREEN, RED, YELLOW, corners, encoded, quarters, same_color

SPEC = PictureSpec(64)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# linear sRGB -> XYZ under D50
TO_XYZ = np.array(
    [[0.4360657, 0.3851515, 0.1430784], [0.2224932, 0.7168870, 0.0606169], [0.0139239, 0.0970812, 0.7140994]]
)
COLORS = [RED, GREEN, BLUE, YELLOW]


def linear(rgb: np.ndarray) -> np.ndarray:
    values = rgb / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def in_space(colorants: tuple[tuple[float, ...], ...], gamma: float) -> Image.Image:
    """The corners as a camera writes them that measures by other primaries."""
    xyz = linear(np.asarray(corners(), dtype=float)) @ TO_XYZ.T
    values = xyz @ np.linalg.inv(np.array(colorants))
    return Image.fromarray((255 * values.clip(0, 1) ** (1 / gamma)).round().astype(np.uint8))


@pytest.mark.parametrize("colorants", [DISPLAY_P3, ADOBE_RGB], ids=["Display P3", "Adobe RGB"])
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_colors_of_a_wide_gamut_are_those_that_were_seen(
    colorants: tuple[tuple[float, ...], ...], file_format: str
) -> None:
    picture, profile = in_space(colorants, 2.2), matrix_profile(colorants, 2.2)
    plain = load_picture(encoded(picture, file_format), SPEC).pixels
    assert not all(map(same_color, quarters(plain), COLORS))

    pixels = load_picture(encoded(picture, file_format, icc_profile=profile), SPEC).pixels

    assert all(same_color(one, color, 9) for one, color in zip(quarters(pixels), COLORS, strict=True))
    picture.info["icc_profile"] = profile
    assert np.array_equal(
        fit_picture(picture, SPEC), load_picture(picture_file(picture, profile), SPEC).pixels
    )


def picture_file(picture: Image.Image, profile: bytes) -> bytes:
    return encoded(picture, "PNG", icc_profile=profile)


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA"])
def test_a_picture_in_srgb_is_left_as_it_is(mode: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).convert(mode)
    profile = gray_profile(2.2) if mode == "RGB" else SRGB  # neither one of another space
    plain = load_picture(encoded(picture, "PNG"), SPEC).pixels
    assert np.array_equal(load_picture(encoded(picture, "PNG", icc_profile=profile), SPEC).pixels, plain)
    if mode in ("RGB", "L"):
        jpeg = encoded(picture, "JPEG", icc_profile=SRGB)
        assert np.array_equal(
            load_picture(jpeg, SPEC).pixels, load_picture(encoded(picture, "JPEG"), SPEC).pixels
        )


def test_grays_are_those_that_were_seen() -> None:
    data = encoded(Image.new("L", (100, 100), 128), "PNG", icc_profile=gray_profile(1.8))
    expected = 255 * ((128 / 255) ** 1.8 * 1.055**2.4) ** (1 / 2.4) - 0.055 * 255
    assert load_picture(data, SPEC).pixels == pytest.approx(np.full((64, 64, 3), expected), abs=2)


def test_inks_are_those_of_the_printer() -> None:
    def pale(inks: np.ndarray) -> np.ndarray:
        """XYZ of a printer whose inks cover half of what is stated."""
        return ((1 - 0.5 * inks[:, :3]) * (1 - inks[:, 3:])) @ TO_XYZ.T

    cyan = Image.new("CMYK", (160, 120), (255, 0, 0, 0))
    profile = table_profile(b"CMYK", 4, pale, grid=5)
    for file_format in ("JPEG", "TIFF"):
        data = encoded(cyan, file_format, icc_profile=profile)
        assert same_color(tuple(load_picture(data, SPEC).pixels[30, 30]), (188, 255, 255), 6)
        assert same_color(
            tuple(load_picture(encoded(cyan, file_format), SPEC).pixels[30, 30]), (0, 255, 255), 3
        )


OPSIN = np.array([[0.30, 0.622, 0.078], [0.23, 0.692, 0.078], [0.243422689, 0.204767444, 0.551809867]])
BIAS = 0.0037930732552754493
OFFSET, SCALE = np.array([0.015386134, 0.0, 0.27770459]), np.array([22.995788804, 1.183000077, 1.502141333])


def to_xyb(rgb: np.ndarray) -> np.ndarray:
    """8-bit sRGB as libjxl's scaled XYB (X, Y, B - Y), 0..1: what its JPEGs hold instead of red, green, blue."""
    cones = np.cbrt(linear(rgb) @ OPSIN.T + BIAS) - np.cbrt(BIAS)
    x, y, b = (cones[..., 0] - cones[..., 1]) / 2, (cones[..., 0] + cones[..., 1]) / 2, cones[..., 2]
    return (np.stack([x, y, b - y], axis=-1) + OFFSET) * SCALE


def from_xyb(values: np.ndarray) -> np.ndarray:
    x, y, b = (values / SCALE - OFFSET).T
    cones = np.stack([y + x, y - x, b + y], axis=-1) + np.cbrt(BIAS)
    return ((cones**3 - BIAS) @ np.linalg.inv(OPSIN).T).clip(0, 1) @ TO_XYZ.T


def test_a_jpeg_in_xyb_looks_as_the_picture_that_it_was_made_of() -> None:
    values = (255 * to_xyb(np.asarray(corners(), dtype=float)).clip(0, 1)).round().astype(np.uint8)
    profile = table_profile(b"RGB ", 3, from_xyb, grid=33)
    data = encoded(Image.fromarray(values), "JPEG", quality=95, keep_rgb=True, icc_profile=profile)
    pixels = load_picture(data, SPEC).pixels
    assert all(same_color(one, color, 16) for one, color in zip(quarters(pixels), COLORS, strict=True))


def test_what_is_transparent_stands_on_white_whatever_the_profile() -> None:
    clear = Image.new("RGBA", (80, 80), (10, 200, 30, 0))
    data = encoded(clear, "PNG", icc_profile=matrix_profile(ADOBE_RGB, 2.2))
    assert load_picture(data, SPEC).pixels.min() >= 254


@pytest.mark.parametrize(
    "profile",
    [b"", b"no profile", SRGB[:200], bytes(128), matrix_profile(ADOBE_RGB, 2.2)[:-40], bytes(9 << 20)],
    ids=["empty", "words", "cut off", "zeros", "half", "giant"],
)
def test_a_broken_profile_is_as_none(profile: bytes) -> None:
    picture = corners()
    picture.info["icc_profile"] = profile
    assert np.array_equal(fit_picture(picture, SPEC), fit_picture(corners(), SPEC))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_profile_never_costs_the_picture(data: st.DataObject) -> None:
    profile = bytearray(matrix_profile(DISPLAY_P3, 2.2))
    for _ in range(data.draw(st.integers(1, 4))):
        profile[data.draw(st.integers(0, len(profile) - 1))] = data.draw(st.integers(0, 255))
    assert load_picture(picture_file(corners(), bytes(profile)), SPEC).pixels.shape == (64, 64, 3)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_a_thumbnail_is_in_srgb_and_does_not_say_otherwise(image_format: str) -> None:
    data = picture_file(in_space(ADOBE_RGB, 2.2), matrix_profile(ADOBE_RGB, 2.2))
    small = Image.open(BytesIO(thumbnail(data, 60, image_format=image_format)))  # type: ignore[arg-type]
    assert all(map(same_color, quarters(np.asarray(small)), COLORS))
    assert "icc_profile" not in small.info
