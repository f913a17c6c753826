from __future__ import annotations

import hashlib
import pickle
import threading
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mmsearch.media.picture
from mmsearch.errors import MediaError, UsageError
from mmsearch.store.kept.thumbnails import held
from mmsearch.thumbnails import SIZES, VIEW, Thumbnails

ORIENTATION, MAKE = 0x0112, 0x010F
RED, BLUE = (220, 30, 30), (30, 40, 200)


def red_above_blue(width: int = 800, height: int = 600) -> Image.Image:
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (0, height // 2, width, height))
    return image


def saved(folder: Path, image: Image.Image, name: str = "a.jpg", **options: object) -> tuple[Path, bytes]:
    """(file, its content key)."""
    file = folder / name
    image.save(file, **options)
    return file, hashlib.sha256(file.read_bytes()).digest()


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


@pytest.fixture
def thumbnails(tmp_path: Path) -> Thumbnails:
    return Thumbnails(tmp_path / "thumbnails")


def test_a_thumbnail_is_a_webp_upright_and_says_nothing_of_the_file(
    tmp_path: Path, thumbnails: Thumbnails
) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6  # lies on its left side: upright, red is on the right
    exif[MAKE] = "a camera that nobody need know"
    file, key = saved(tmp_path, red_above_blue(), exif=exif, quality=95)
    made = thumbnails.small(file, key, 300)
    small = opened(made.data)
    assert (made.media_type, small.format, small.size) == ("image/webp", "WEBP", (240, 320))
    assert b"camera" not in made.data
    assert not small.getexif()
    pixels = np.asarray(small.convert("RGB")).astype(int)
    assert np.abs(pixels[160, 200] - RED).max() < 12
    assert np.abs(pixels[160, 40] - BLUE).max() < 12


def test_it_is_made_once_and_kept_under_content_and_size(
    tmp_path: Path, thumbnails: Thumbnails, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, key = saved(tmp_path, red_above_blue())
    first = thumbnails.small(file, key, 240)
    assert held(thumbnails.folder).files == 1
    file.unlink()
    again = pickle.loads(pickle.dumps(thumbnails))
    assert again.small(file, key, 200) == first  # rounded up to the same size
    with pytest.raises(MediaError, match="no such file"):
        again.small(file, key, 320)


def test_of_many_threads_one_makes_it(
    tmp_path: Path, thumbnails: Thumbnails, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, key = saved(tmp_path, red_above_blue())
    made = []
    real = mmsearch.media.picture.thumbnail
    monkeypatch.setattr(mmsearch.media.picture, "thumbnail", lambda *a, **o: made.append(1) or real(*a, **o))
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(thumbnails.small(file, key, 240).data)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == len(made) == 1


def test_a_file_that_has_changed_is_shown_and_not_kept(tmp_path: Path, thumbnails: Thumbnails) -> None:
    file, key = saved(tmp_path, red_above_blue())
    saved(tmp_path, Image.new("RGB", (100, 50), BLUE))
    made = thumbnails.small(file, key, 240)
    assert not made.is_current
    assert opened(made.data).size == (100, 50)
    assert held(thumbnails.folder).files == 0
    saved(tmp_path, red_above_blue())
    assert thumbnails.small(file, key, 240).is_current


@pytest.mark.parametrize("size", [0, -1, SIZES[-1] + 1, 10**9])
def test_a_size_that_there_is_not_is_refused(tmp_path: Path, thumbnails: Thumbnails, size: int) -> None:
    with pytest.raises(UsageError, match="1 to 768 pixels"):
        thumbnails.small(tmp_path / "a.jpg", b"\0" * 32, size)


def test_a_broken_picture_is_one_clear_error_and_is_not_decoded_again(
    tmp_path: Path, thumbnails: Thumbnails
) -> None:
    file, _ = saved(tmp_path, red_above_blue())
    file.write_bytes(file.read_bytes()[:2_000])
    key = hashlib.sha256(file.read_bytes()).digest()
    with pytest.raises(MediaError, match="truncated JPEG"):
        thumbnails.small(file, key, 240)
    file.unlink()
    for ask in (lambda: thumbnails.small(file, key, 320), lambda: thumbnails.view(file, key)):
        with pytest.raises(MediaError, match="truncated JPEG"):
            ask()
    text = tmp_path / "b.jpg"
    text.write_text("no picture at all")
    with pytest.raises(MediaError, match="text, not a picture"):
        thumbnails.small(text, hashlib.sha256(text.read_bytes()).digest(), 240)


@pytest.mark.parametrize("suffix", ["tiff", "avif", "heic", "png"])
def test_a_view_is_a_jpeg_of_whatever_browsers_cannot_show(
    tmp_path: Path, thumbnails: Thumbnails, suffix: str
) -> None:
    if suffix == "heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    image = red_above_blue(VIEW + 400, 600)
    file, key = saved(tmp_path, image, f"a.{suffix}")
    made = thumbnails.view(file, key)
    shown = opened(made.data)
    assert (made.media_type, shown.format, shown.mode) == ("image/jpeg", "JPEG", "RGB")
    assert shown.size == (VIEW, round(600 * VIEW / (VIEW + 400)))
    assert np.abs(np.asarray(shown)[10, 10].astype(int) - RED).max() < 20
    assert thumbnails.view(file, key) == made


def test_a_view_is_no_larger_than_the_picture_and_lies_on_white(
    tmp_path: Path, thumbnails: Thumbnails
) -> None:
    file, key = saved(tmp_path, Image.new("RGBA", (60, 40), (0, 0, 0, 0)), "a.png")
    shown = opened(thumbnails.view(file, key).data)
    assert shown.size == (60, 40)
    assert np.asarray(shown).min() > 250
