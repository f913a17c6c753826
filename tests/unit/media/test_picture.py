"""Every kind of picture becomes the same square of RGB."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmsearch.errors import MediaError
from mmsearch.media.limits import Limits
from mmsearch.media.picture import (
    PICTURE_SUFFIXES,
    fit_picture,
    inspect_picture,
    is_pil_image,
    load_picture,
    thumbnail,
)
from mmsearch.types import PictureSpec
from tests.unit.media.sample_pictures import BLUE, GREEN, RED, YELLOW, corners, encoded, quarters, same_color

SPEC = PictureSpec(64)
UPRIGHT = [RED, GREEN, BLUE, YELLOW]
FORMATS = ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "TIFF", "BMP"]
ORIENTATION = 0x0112


def assert_upright(pixels: np.ndarray) -> None:
    assert pixels.shape == (64, 64, 3)
    assert pixels.dtype == np.uint8
    assert all(map(same_color, quarters(pixels), UPRIGHT)), quarters(pixels)


@pytest.mark.parametrize("file_format", FORMATS)
def test_each_format_is_decoded_with_its_size_and_name(file_format: str) -> None:
    data = encoded(corners(), file_format)

    picture = load_picture(data, SPEC)

    assert_upright(picture.pixels)
    assert (picture.width, picture.height) == (160, 120)
    assert picture.fields == {"width": 160, "height": 120, "format": file_format}
    assert inspect_picture(data) == picture.fields


def test_a_file_is_read_as_its_content_says_not_its_suffix(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(corners(), "PNG"))
    assert load_picture(path, SPEC).fields["format"] == "PNG"


@pytest.mark.parametrize("fit", ["squash", "crop", "pad"])
@pytest.mark.parametrize("size", [(64, 64), (30, 20), (300, 7), (1000, 800)])
def test_any_size_gives_exactly_the_size_of_the_spec(size: tuple[int, int], fit: str) -> None:
    spec = PictureSpec(48, fit)  # type: ignore[arg-type]
    assert load_picture(encoded(corners(*size), "JPEG"), spec).pixels.shape == (48, 48, 3)


def test_crop_keeps_the_middle_and_pad_keeps_all() -> None:
    stripes = Image.new("RGB", (300, 100), RED)
    stripes.paste(GREEN, (100, 0, 200, 100))

    cropped = fit_picture(stripes, PictureSpec(30, "crop"))
    padded = fit_picture(stripes, PictureSpec(30, "pad"))

    inner = cropped[:, 2:-2]  # the filter looks a little over the border, as if the whole had been scaled
    assert set(map(tuple, inner.reshape(-1, 3).tolist())) == {GREEN}
    assert tuple(padded[0, 15]) == tuple(padded[-1, 15]) == (128, 128, 128)
    assert [tuple(padded[15, x].tolist()) for x in (3, 15, 27)] == [RED, GREEN, RED]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("fit", ["squash", "crop", "pad"])
def test_a_picture_stored_turned_comes_out_upright(orientation: int, fit: str) -> None:
    to_stored = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = corners(200, 160)
    stored = upright.transpose(to_stored[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = encoded(stored, "JPEG", exif=exif, quality=95)
    spec = PictureSpec(64, fit)  # type: ignore[arg-type]

    picture = load_picture(data, spec)

    expected = fit_picture(upright, spec).astype(int)
    assert np.abs(picture.pixels - expected).mean() < 3
    assert (picture.width, picture.height) == (200, 160)
    with Image.open(BytesIO(data)) as opened:
        assert np.abs(fit_picture(opened, spec) - expected).mean() < 3
    with Image.open(BytesIO(thumbnail(data, 50))) as small:
        assert small.size == (50, 40)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "AVIF", "TIFF"])
def test_orientation_is_read_in_every_format_that_carries_it(file_format: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    data = encoded(corners().transpose(Image.Transpose.ROTATE_90), file_format, exif=exif)

    picture = load_picture(data, SPEC)

    assert_upright(picture.pixels)
    assert (picture.width, picture.height) == (160, 120)
    assert inspect_picture(data) == picture.fields


def test_inspecting_decodes_no_pixels() -> None:
    whole = encoded(corners(), "PNG")
    assert inspect_picture(whole[:100]) == {"width": 160, "height": 120, "format": "PNG"}


def with_alpha() -> Image.Image:
    """The four corners, the blue one fully transparent."""
    image = corners().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 60, 80, 120))
    return image


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "AVIF", "TIFF", "HEIF"])
def test_what_is_transparent_shows_white_paper(file_format: str) -> None:
    picture = load_picture(encoded(with_alpha(), file_format), SPEC)
    assert all(map(same_color, quarters(picture.pixels), [RED, GREEN, (255, 255, 255), YELLOW]))


def test_transparency_of_a_palette_or_of_one_color_shows_white_paper() -> None:
    flat = Image.new("RGB", (40, 40), RED)
    keyed = encoded(flat, "PNG", transparency=RED)
    palette = flat.quantize(2)
    palette.info["transparency"] = palette.getpixel((0, 0))
    gray = encoded(Image.new("LA", (40, 40), (90, 0)), "PNG")

    for data in (keyed, encoded(palette, "PNG"), encoded(palette, "GIF"), gray):
        assert (load_picture(data, SPEC).pixels == 255).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "I;16", "I", "F", "LAB"])
def test_color_modes_keep_what_they_show(mode: str) -> None:
    """A picture that is black on the left and white on the right, in modes as TIFF stores them."""
    gray = Image.new("L", (40, 40), 0)
    gray.paste(255, (20, 0, 40, 40))
    if mode in ("I;16", "I", "F"):
        dtype, white = {"I;16": (np.uint16, 65535), "I": (np.int32, 65535), "F": (np.float32, 1.0)}[mode]
        image = Image.fromarray((np.asarray(gray, np.float64) / 255 * white).astype(dtype))
    elif mode == "LAB":
        neutral = Image.new("L", (40, 40), 128)
        image = Image.merge("LAB", (gray, neutral, neutral))
    else:
        image = gray.convert("RGB").convert(mode)
    assert image.mode == mode

    pixels = load_picture(encoded(image, "TIFF"), SPEC).pixels

    assert pixels[:, :24].max() <= 6
    assert pixels[:, -24:].min() >= 249


def test_cmyk_and_gray_jpegs_are_decoded() -> None:
    assert all(map(same_color, quarters(load_picture(encoded(corners().convert("CMYK"), "JPEG"), SPEC).pixels),
                   UPRIGHT))  # fmt: skip
    gray = load_picture(encoded(Image.new("L", (50, 50), 77), "JPEG"), SPEC).pixels
    assert np.unique(gray).tolist() == [77]


def test_sixteen_bit_png_keeps_its_grays_and_its_colors() -> None:
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    pixels = load_picture(encoded(Image.fromarray(ramp), "PNG"), SPEC).pixels
    np.testing.assert_allclose(pixels[..., 0], ramp / 257, atol=1)


def test_the_first_frame_of_an_animation_is_taken() -> None:
    frames = [Image.new("RGB", (40, 40), color) for color in (RED, GREEN, BLUE)]
    for file_format in ("GIF", "WEBP", "PNG", "TIFF", "AVIF"):
        data = encoded(frames[0], file_format, save_all=True, append_images=frames[1:])
        assert same_color(tuple(load_picture(data, SPEC).pixels[32, 32].tolist()), RED), file_format


def test_scaled_decoding_is_close_to_decoding_every_pixel() -> None:
    noise = np.random.default_rng(0).integers(0, 60, (900, 1200, 3), dtype=np.uint8)
    picture = Image.fromarray(np.asarray(corners(1200, 900)) // 2 + noise)
    data = encoded(picture, "JPEG", quality=90)

    scaled = load_picture(data, SPEC).pixels.astype(int)
    exact = load_picture(data, SPEC, scaled_decoding=False).pixels.astype(int)

    assert np.abs(scaled - exact).mean() < 1
    assert np.abs(scaled - exact).max() <= 12


def test_a_giant_in_a_deep_mode_is_shrunk_like_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Giants are flattened strip by strip; here the strips are made small instead of the picture large."""
    from mmsearch.media import color, fit

    ramp = np.linspace(0, 900, 300 * 400).reshape(300, 400)
    images = [Image.fromarray(ramp.astype(np.uint16)), Image.fromarray(ramp.astype(np.float32))]
    images += [
        with_alpha().resize((400, 300)),
        corners(400, 300).convert("CMYK"),
        corners(400, 300).quantize(),
    ]
    for spec in (PictureSpec(32), PictureSpec(32, "crop"), PictureSpec(32, "pad")):
        whole = [fit_picture(image, spec).astype(int) for image in images]
        with monkeypatch.context() as patch:
            patch.setattr(color, "STRIP_PIXELS", 1000)
            patch.setattr(fit, "STRIP_PIXELS", 1000)
            stripped = [fit_picture(image, spec).astype(int) for image in images]
        for one, other in zip(whole, stripped, strict=True):
            assert np.abs(one - other).mean() < 1.5


PANORAMA = """
import resource, sys
from pathlib import Path
from mmsearch.media.picture import load_picture
from mmsearch.types import PictureSpec
load_picture(Path(sys.argv[2]), PictureSpec(64))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
picture = load_picture(Path(sys.argv[1]), PictureSpec(64))
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(picture.width, picture.height, grown // 1024)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="ru_maxrss is in KiB on Linux only")
@pytest.mark.parametrize(
    ("file_format", "mode", "most_mib"), [("PNG", "RGB", 190), ("PNG", "RGBA", 190), ("JPEG", "RGB", 20)]
)
def test_a_panorama_takes_no_more_memory_than_its_pixels(
    tmp_path: Path, file_format: str, mode: str, most_mib: int
) -> None:
    """20,000 x 2,000 pixels are 153 MiB in Pillow; a second copy of them would show."""
    panorama, small = tmp_path / "panorama", tmp_path / "small"
    options = {"compress_level": 1} if file_format == "PNG" else {}
    panorama.write_bytes(encoded(corners(20_000, 2_000).convert(mode), file_format, **options))
    small.write_bytes(encoded(corners().convert(mode), file_format))

    printed = subprocess.run(
        [sys.executable, "-W", "error", "-c", PANORAMA, panorama, small],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip

    width, height, grown = map(int, printed.split())
    assert (width, height) == (20_000, 2_000)
    assert grown < most_mib


def test_the_pixel_limit_counts_before_anything_is_decoded() -> None:
    data = encoded(corners(100, 50), "PNG")
    assert load_picture(data, SPEC, Limits(max_pixels=5000)).width == 100
    with pytest.raises(MediaError, match="100 x 50 pixels, more than the limit of 4999"):
        load_picture(data, SPEC, Limits(max_pixels=4999))


def test_a_thumbnail_is_a_small_jpeg_on_white_and_never_enlarged() -> None:
    with Image.open(BytesIO(thumbnail(encoded(with_alpha(), "PNG"), 40))) as small:
        assert (small.format, small.size, small.mode) == ("JPEG", (40, 30), "RGB")
        assert same_color(small.getpixel((5, 25)), (255, 255, 255))  # type: ignore[arg-type]
    with Image.open(BytesIO(thumbnail(encoded(corners(), "JPEG"), 1000))) as same:
        assert same.size == (160, 120)


def test_pil_images_are_recognised_and_nothing_else() -> None:
    assert is_pil_image(corners())
    assert not is_pil_image(np.zeros((3, 3, 3), np.uint8))
    assert not is_pil_image("photo.jpg")


def test_telling_a_pil_image_does_not_load_pil() -> None:
    check = (
        "import sys; from mmsearch.media.picture import is_pil_image; assert not is_pil_image('x');"
        "assert 'PIL' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", check], check=True)


def test_suffixes_are_lower_case_with_their_dot() -> None:
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in PICTURE_SUFFIXES)
