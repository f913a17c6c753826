"""Animated pictures and motion photos: one picture file each, with scenes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mmsearch.media.film.animated import animated_frame, animated_looks, is_animated
from mmsearch.media.film.motion import film_in, is_motion_photo
from mmsearch.media.kinds import PICTURES
from mmsearch.media.limits import Limits
from mmsearch.media.places import picture_at
from mmsearch.media.readers.parts import PicturePart, SoundPart

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description GCamera:MotionPhoto="1"/></x:xmpmeta>'


def picture(seed: int) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((96, 64), Image.Resampling.BICUBIC)


def animated(form: str, seeds: list[int], milliseconds: int = 1_000) -> bytes:
    file = io.BytesIO()
    first, *others = map(picture, seeds)
    first.save(file, form, save_all=True, append_images=others, duration=milliseconds, loop=0)
    return file.getvalue()


def parts(path: Path) -> list[Any]:
    return list(PICTURES.read(path, Limits()).parts)


@pytest.mark.parametrize(("form", "suffix"), [("GIF", ".gif"), ("WEBP", ".webp"), ("PNG", ".png")])
def test_scenes_of_an_animated_picture_are_its_parts(tmp_path: Path, form: str, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(animated(form, [1, 1, 2, 2, 2, 1]))
    whole, scene = parts(path)
    assert str(whole.place) == "whole"
    assert scene.place.kind == "frame"
    assert 2 <= scene.place.start < 5
    shown, key = picture_at(path, scene.place, Limits(), 96)
    assert key == scene.key()
    with Image.open(io.BytesIO(shown)) as frame:
        assert np.abs(np.asarray(frame).astype(int) - np.asarray(picture(2))).mean() < 8


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG"])
def test_a_picture_that_stands_still_is_one_part(tmp_path: Path, form: str) -> None:
    for seeds in ([1], [1, 1, 1]):
        path = tmp_path / f"a.{form.lower()}"
        file = io.BytesIO()
        picture(1).save(file, form)
        path.write_bytes(animated(form, seeds) if len(seeds) > 1 else file.getvalue())
        assert len(parts(path)) == 1


def test_one_that_is_cut_off_is_looked_at_as_far_as_it_goes(tmp_path: Path) -> None:
    data = animated("GIF", [1, 2, 3, 4])
    looks = [look for look in animated_looks(data[: len(data) * 3 // 4], Limits()) if look is not None]
    assert 1 <= len(looks) < 4
    assert not is_animated(b"\xff\xd8\xff")


def motion_photo(path: Path, mark: bytes = XMP) -> None:
    pytest.importorskip("av", reason="needs the sound extra")
    from benchmarks.shared.filming import RATE, Shot, write_film

    still = io.BytesIO()
    picture(1).save(still, "JPEG", xmp=mark)
    film = path.with_suffix(".mp4")
    noise = 0.05 * np.random.default_rng(0).normal(size=4 * RATE).astype(np.float32)
    write_film(
        film, [Shot(np.asarray(picture(n)), 2.0, moving=False) for n in (1, 2)], [noise], size=(96, 64)
    )
    path.write_bytes(still.getvalue() + film.read_bytes())
    film.unlink()


def test_a_motion_photo_is_its_picture_and_what_its_film_shows_and_sounds(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    motion_photo(path)
    assert is_motion_photo(path)
    still, *others = parts(path)
    assert str(still.place) == "whole"
    [scene] = [part for part in others if isinstance(part, PicturePart)]  # the first is what the still shows
    assert 2 <= scene.place.start <= 4
    assert any(isinstance(part, SoundPart) for part in others)
    _, key = picture_at(path, scene.place, Limits(), 96)
    assert key == scene.key()


def test_a_jpeg_that_says_nothing_of_a_film_is_not_searched_for_one(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    motion_photo(path, b"<nothing/>")
    assert not is_motion_photo(path)
    assert film_in(path.read_bytes()) is None
    assert len(parts(path)) == 1


def test_a_motion_photo_whose_film_is_damaged_is_a_picture_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    motion_photo(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"ftyp") + 200])
    still, fault = parts(path)
    assert isinstance(still, PicturePart)
    assert fault.reason.startswith("the film in it: ")


def test_motion_photos_are_read_in_a_child_process(tmp_path: Path) -> None:
    from mmsearch.ingest.sources import Source

    motion_photo(tmp_path / "a.jpg")
    picture(1).save(tmp_path / "b.jpg")
    assert Source("a.jpg", "", picture=tmp_path / "a.jpg").is_isolated
    assert not Source("b.jpg", "", picture=tmp_path / "b.jpg").is_isolated


def test_a_frame_beyond_the_end_is_refused() -> None:
    from mmsearch.errors import MediaError

    with pytest.raises(MediaError, match="shows nothing at 99 s"):
        animated_frame(animated("GIF", [1, 2]), 99.0, 96, Limits())
