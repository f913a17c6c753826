"""Small pictures for the tests of this folder, drawn so that every corner is known."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 160, 40), (30, 40, 200), (230, 210, 40)


def corners(width: int = 160, height: int = 120) -> Image.Image:
    """Four flat quarters: red and green above, blue and yellow below."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (width // 2, 0, width, height // 2))
    image.paste(BLUE, (0, height // 2, width // 2, height))
    image.paste(YELLOW, (width // 2, height // 2, width, height))
    return image


def encoded(image: Image.Image, file_format: str, **options: Any) -> bytes:
    file = BytesIO()
    if file_format == "HEIF":
        from pillow_heif import from_pillow

        from_pillow(image).save(file, quality=-1, **options)
    else:
        image.save(file, file_format, **options)
    return file.getvalue()


def quarters(pixels: np.ndarray) -> list[tuple[int, ...]]:
    """The colors at the middle of the four quarters: top left, top right, bottom left, bottom right."""
    height, width = pixels.shape[:2]
    places = [(1, 1), (1, 3), (3, 1), (3, 3)]
    return [tuple(int(v) for v in pixels[height * y // 4, width * x // 4]) for y, x in places]


def same_color(first: tuple[int, ...], second: tuple[int, ...], tolerance: int = 12) -> bool:
    return all(abs(a - b) <= tolerance for a, b in zip(first, second, strict=True))
