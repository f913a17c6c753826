"""EXIF tags -> orientation, and the fields date, year, camera, latitude, longitude.

Cameras and editors write EXIF in every state of decay, so that no tag is ever a reason to refuse its picture:
what can't be read is left out.
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from mmsearch.types import FieldValue

_ORIENTATION, _MAKE, _MODEL, _DATE_TIME = 0x0112, 0x010F, 0x0110, 0x0132
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_DATE_TIME_ORIGINAL, _DATE_TIME_DIGITIZED = 0x9003, 0x9004
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE = 1, 2, 3, 4
_LONGEST_NAME = 100  # of a camera; longer is damage
_DECIMALS = 6  # a tenth of a meter


def read_exif(image: Image.Image) -> Image.Exif | None:
    """The EXIF of an opened picture; None when there is none, or none that can be read. Decodes no pixels."""
    from PIL import Image as Pillow

    try:
        exif = Pillow.Image.getexif(image)  # a PNG's own would decode it first, to look behind its pixels
    except Exception:  # untrusted bytes: the parser raises whatever the damage leads to
        return None
    return exif or None


def transposition(exif: Image.Exif | None) -> Image.Transpose | None:
    """What turns the picture upright, after EXIF 2.3 tag 0x0112; None when it is upright already."""
    from PIL.Image import Transpose

    upright = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    value = exif.get(_ORIENTATION) if exif else None
    return upright.get(value) if isinstance(value, int) else None


def swaps_sides(transpose: Image.Transpose | None) -> bool:
    """Whether turning the picture upright makes its width its height."""
    from PIL.Image import Transpose

    return transpose in (
        Transpose.TRANSPOSE,
        Transpose.TRANSVERSE,
        Transpose.ROTATE_90,
        Transpose.ROTATE_270,
    )


def exif_fields(exif: Image.Exif | None) -> dict[str, FieldValue]:
    """``date`` (ISO, the camera's clock), ``year``, ``camera``, ``latitude`` and ``longitude`` (degrees).

    Only those that are there and make sense.
    """
    fields: dict[str, FieldValue] = {}
    if exif is None:
        return fields
    if date := _date(exif):
        fields["date"], fields["year"] = date.isoformat(), date.year
    if camera := _camera(exif.get(_MAKE), exif.get(_MODEL)):
        fields["camera"] = camera
    gps = _directory(exif, _GPS_IFD)
    latitude = _degrees(gps.get(_LATITUDE), gps.get(_LATITUDE_REF), "S", 90)
    longitude = _degrees(gps.get(_LONGITUDE), gps.get(_LONGITUDE_REF), "W", 180)
    if latitude is not None and longitude is not None and (latitude, longitude) != (0, 0):  # 0, 0: no fix yet
        fields["latitude"], fields["longitude"] = latitude, longitude
    return fields


def _directory(exif: Image.Exif, pointer: int) -> Mapping[int, object]:
    try:
        return exif.get_ifd(pointer) or {}
    except Exception:  # as in read_exif
        return {}


def _date(exif: Image.Exif) -> datetime | None:
    details = _directory(exif, _EXIF_IFD)
    candidates = (details.get(_DATE_TIME_ORIGINAL), details.get(_DATE_TIME_DIGITIZED), exif.get(_DATE_TIME))
    for candidate in candidates:
        match = re.match(r"(\d{4})[:-](\d\d)[:-](\d\d)[ T](\d\d):(\d\d):(\d\d)", _words(candidate))
        if match:
            try:
                return datetime(*map(int, match.groups()))  # type: ignore[arg-type]
            except ValueError:  # 0000:00:00 00:00:00, what a camera writes whose clock was never set
                continue
    return None


def _camera(make: object, model: object) -> str:
    """ "Canon EOS 5D" for Canon + Canon EOS 5D, "Apple iPhone 12" for Apple + iPhone 12."""
    maker, name = _words(make), _words(model)
    if not name or not maker or name.lower().startswith(maker.split()[0].lower()):
        return (name or maker)[:_LONGEST_NAME]
    return f"{maker} {name}"[:_LONGEST_NAME]


def _words(value: object) -> str:
    """Text of an EXIF value up to its NUL, printable, single-spaced; "" for anything else."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    text = "".join(c if c.isprintable() else " " for c in value.partition("\0")[0])
    return " ".join(text.split())


def _degrees(parts: object, reference: object, negative: str, bound: int) -> float | None:
    """Degrees, minutes, seconds and a compass letter as signed degrees; None when they make no sense."""
    try:
        degrees, minutes, seconds = (float(part) for part in parts)  # type: ignore[attr-defined]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value) or not 0 <= value <= bound:
        return None
    sign = -1 if _words(reference).upper().startswith(negative) else 1
    return round(sign * value, _DECIMALS)
