from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from mmsearch.media import color
from mmsearch.media.color import deep_levels, flatten, is_flat, strips


def gray(values: list[float], mode: str) -> Image.Image:
    kind = {"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode]
    return Image.fromarray(np.array([values], dtype=kind))


def test_what_is_transparent_lies_on_white() -> None:
    picture = Image.new("RGBA", (2, 1), (200, 0, 0, 255))
    picture.putpixel((1, 0), (0, 0, 0, 0))
    flat = flatten(picture)
    assert [flat.getpixel((x, 0)) for x in (0, 1)] == [(200, 0, 0), (255, 255, 255)]


@pytest.mark.parametrize(
    ("mode", "values", "levels"),
    [
        ("I;16", [0, 65_535], (0.0, 65_535.0)),
        ("I;16", [0, 3_000], (0.0, 3_000.0)),  # twelve bits in sixteen, as scanners write them
        ("F", [0.0, 1.0], (0.0, 1.0)),
        ("F", [0.0, 200.0], (0.0, 255.0)),
        ("F", [-5.0, 5.0], (-5.0, 5.0)),
        ("I", [-100, 100_000], (-100.0, 100_000.0)),
    ],
)
def test_deep_grays_keep_their_scale_where_they_have_one(
    mode: str, values: list[float], levels: tuple[float, float]
) -> None:
    assert deep_levels(gray(values, mode)) == levels


def test_values_that_are_no_numbers_count_for_nothing() -> None:
    picture = gray([float("nan"), float("inf"), 0.25, 0.75], "F")
    assert deep_levels(picture) == (0.0, 1.0)
    assert np.asarray(flatten(picture)).tolist() == [[0, 255, 64, 191]]


def test_a_flat_picture_is_left_as_it_is() -> None:
    picture = Image.new("RGB", (3, 3), "red")
    assert is_flat(picture)
    assert flatten(picture) is picture


def test_strips_cover_the_picture_once_from_top_to_bottom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(color, "STRIP_PIXELS", 40)
    picture = Image.fromarray(np.arange(10 * 23, dtype=np.uint8).reshape(23, 10))
    parts = [np.asarray(strip) for strip in strips(picture, multiple=3)]
    assert np.array_equal(np.concatenate(parts), np.asarray(picture))
    assert all(len(part) % 3 == 0 for part in parts[:-1])
