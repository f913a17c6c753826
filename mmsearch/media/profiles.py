"""Embedded ICC profiles: what the numbers of a picture mean, as sRGB.

Encoders learned from pictures in sRGB. Most pictures are, and are left as they are to the last bit; a profile of
another space (Display P3, Adobe RGB, the XYB of small JPEGs, a printer's CMYK) is applied.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PIL import Image, ImageCms

_LONGEST = 8 << 20  # bytes; printers' profiles have some 2 MB
_KEPT = 16  # transforms; most collections have one camera's profiles, or two
_NOTHING = 3  # levels of 255: by so much the profiles that programs write for sRGB differ
_GRID = 9  # levels of each color that a profile is tried with
_SPACES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}
_GRAY_MODES = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})


def in_srgb(image: Image.Image, source: Image.Image | None = None) -> Image.Image:
    """``image`` (RGB or CMYK) in sRGB by the profile of ``source``, which it was made of (None: its own).

    The very same picture when there is no profile, when it is one of sRGB, and when it is damaged or for other
    numbers than the picture has.
    """
    source = source or image
    profile = source.info.get("icc_profile")
    if not isinstance(profile, bytes) or not 0 < len(profile) <= _LONGEST:
        return image
    mode = "L" if source.mode in _GRAY_MODES else "CMYK" if source.mode == "CMYK" else "RGB"
    transform = _transform(profile, mode)
    if transform is None:
        return image
    from PIL import ImageCms

    converted = ImageCms.applyTransform(image if image.mode == mode else image.convert(mode), transform)
    assert converted is not None  # only in place
    converted.info.pop("icc_profile", None)
    return converted


@lru_cache(maxsize=_KEPT)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From ``mode`` under a profile to sRGB; None when that changes nothing, or the profile is no such one."""
    from PIL import ImageCms

    try:
        opened = ImageCms.ImageCmsProfile(BytesIO(profile))
        if _SPACES.get(opened.profile.xcolor_space) != mode:
            return None
        transform = ImageCms.buildTransform(
            opened,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        return transform if mode == "CMYK" or _changes(transform, mode) else None
    except Exception:  # untrusted bytes: the library raises whatever the damage leads to
        return None


def _changes(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether any color of a grid is moved by more than ``_NOTHING``."""
    from PIL import Image, ImageCms

    levels = np.linspace(0, 255, 256 if mode == "L" else _GRID).astype(np.uint8)
    if mode == "L":
        grid = Image.fromarray(levels[None])
    else:
        grid = Image.fromarray(np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3))
    converted = ImageCms.applyTransform(grid, transform)
    assert converted is not None
    before, after = (np.asarray(one.convert("RGB"), dtype=np.int16) for one in (grid, converted))
    return bool(np.abs(after - before).max() > _NOTHING)
