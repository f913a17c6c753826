"""EXIF tags -> orientation, and the fields date, year, camera, place and exposure.

Cameras and editors write EXIF in every state of decay, so that no tag is ever a reason to refuse its picture:
what can't be read is left out.
"""

from __future__ import annotations

import math
import re
from datetime import date, time
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

    from mmsearch.types import FieldValue

_ORIENTATION, _MAKE, _MODEL, _DATE_TIME = 0x0112, 0x010F, 0x0110, 0x0132
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_DATE_TIME_ORIGINAL, _DATE_TIME_DIGITIZED = 0x9003, 0x9004
_EXPOSURE_TIME, _SHUTTER_SPEED = 0x829A, 0x9201  # seconds; and as APEX: 2 to the power of minus it
_F_NUMBER, _APERTURE = 0x829D, 0x9202  # and as APEX: the root of 2 to the power of it
_FOCAL_LENGTH, _LENS_MAKE, _LENS_MODEL = 0x920A, 0xA433, 0xA434
_ISO = (0x8827, 0x8833, 0x8832, 0x8831)  # sensitivity; ISO speed, recommended index, standard output
_ISO_OVERFLOW = 65_535  # what two bytes say of all that is more: the others have four
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE = 1, 2, 3, 4
_LONGEST_NAME = 100  # of a camera; longer is damage
_DECIMALS = 6  # a tenth of a meter
_DIGITS = 6  # of what was measured
_LEAST, _MOST = 1e-7, 1e7  # what no camera measures lies beyond
_MOST_APEX = 30
# With any signs between, digits that blanks fill up ("2019: 7: 4  6:30"), and as much of the time as there is.
_WHEN = re.compile(
    r"(\d{4})[:/.\- ] ?(\d\d?)[:/.\- ] ?(\d\d?)(?!\d)(?:[T :] ?(\d\d?)[:. ] ?(\d\d)(?!\d)(?:[:. ] ?(\d\d?)(?!\d))?)?"
)
_EXIF_MARK = re.compile(rb"(?:Exif\0\0){1,2}")


class _Endless(BytesIO):
    """Bytes with zeros behind them, so that a value that would lie beyond the end takes no other with it."""

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        return data if size is None or size < 0 else data.ljust(size, b"\0")


def read_exif(image: Image.Image) -> Image.Exif | None:
    """The EXIF of an opened picture; None when there is none, or none that can be read. Decodes no pixels."""
    from PIL import Image as Pillow

    try:
        exif = Pillow.Image.getexif(image)  # a PNG's own would decode it first, to look behind its pixels
        block = image.info.get("exif")
        if isinstance(block, bytes) and (block := _EXIF_MARK.sub(b"", block, count=1)):
            exif, first = Pillow.Exif(), exif
            exif.load_from_fp(_Endless(block))
            if (orientation := first.get(_ORIENTATION)) is not None:  # it may come from XMP
                exif.setdefault(_ORIENTATION, orientation)
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
    """What was noted when the picture was taken; only what is there and makes sense.

    ``date`` (ISO, the camera's clock, as much as is stated) and ``year``; ``camera`` and ``lens``; ``iso``,
    ``aperture`` (the f-number), ``exposure_time`` (seconds) and ``focal_length`` (millimeters); ``latitude`` and
    ``longitude`` (degrees).
    """
    fields: dict[str, FieldValue] = {}
    if exif is None:
        return fields
    details, gps = _directory(exif, _EXIF_IFD), _directory(exif, _GPS_IFD)
    dates = (details.get(_DATE_TIME_ORIGINAL), details.get(_DATE_TIME_DIGITIZED), exif.get(_DATE_TIME))
    if found := next(filter(None, map(_date, dates)), None):
        fields["date"], fields["year"] = found, int(found[:4])
    if camera := _named(exif.get(_MAKE), exif.get(_MODEL)):
        fields["camera"] = camera
    if details.get(_LENS_MODEL) and (lens := _named(details.get(_LENS_MAKE), details[_LENS_MODEL])):
        fields["lens"] = lens
    fields |= _exposure(details)
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


def _date(value: object) -> str | None:
    found = _WHEN.match(_words(value))
    if found is None:
        return None
    year, month, day, *clock = (None if part is None else int(part) for part in found.groups())
    try:
        text = date(year or 0, month or 0, day or 0).isoformat()
    except ValueError:  # 0000:00:00 00:00:00, what a camera writes whose clock was never set
        return None
    stated = [part for part in clock if part is not None]
    try:
        at = time(*stated)  # type: ignore[arg-type]
    except ValueError:
        return text
    precision = "seconds" if len(stated) == 3 else "minutes"
    return f"{text}T{at.isoformat(precision)}" if stated else text


def _exposure(details: Mapping[int, object]) -> dict[str, FieldValue]:
    """ISO, aperture, exposure time and focal length, of those that are positive and no overflow."""
    fields: dict[str, FieldValue] = {}
    speeds = (_number(details.get(tag)) for tag in _ISO)
    if iso := next((speed for speed in speeds if speed and speed != _ISO_OVERFLOW), None):
        fields["iso"] = round(iso)
    opening, shutter = _number(details.get(_APERTURE), signed=True), details.get(_SHUTTER_SPEED)
    apex = _number(shutter, signed=True)
    measured = {
        "aperture": _number(details.get(_F_NUMBER)) or _power(opening, 0.5),
        "exposure_time": _number(details.get(_EXPOSURE_TIME)) or _power(apex, -1.0),
        "focal_length": _number(details.get(_FOCAL_LENGTH)),
    }
    return fields | {name: float(f"{n:.{_DIGITS}g}") for name, n in measured.items() if n is not None}


def _power(apex: float | None, factor: float) -> float | None:
    """2 to the power of ``factor`` times an APEX value; None for what no camera has."""
    return 2 ** (apex * factor) if apex is not None and abs(apex) <= _MOST_APEX else None


def _number(value: object, *, signed: bool = False) -> float | None:
    """A number (the first of several) that is finite, and positive unless ``signed``."""
    if isinstance(value, tuple) and value:
        value = value[0]
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return (
        number if _LEAST < (abs(number) if signed else number) < _MOST or (signed and number == 0) else None
    )


def _named(make: object, model: object) -> str:
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
    """Degrees, maybe with minutes and seconds, and a compass letter as signed degrees; None without sense.

    The last of the three may have decimals, or, after decimals, be missing or unknown (0/0). A text ("48,51.5N") is
    what XMP writes, and some programs.
    """
    if isinstance(parts, str | bytes):
        text = _words(parts)
        reference = text[-1:] if text[-1:].isalpha() else reference
        parts = re.findall(r"-?\d+(?:\.\d+)?", text[:_LONGEST_NAME])
    given = tuple(parts) if isinstance(parts, tuple | list) else (parts,)
    try:
        degrees, *smaller = (float(part) for part in given)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    if len(smaller) > 2:
        return None
    minutes, seconds = (*(0.0 if math.isnan(part) else part for part in smaller), 0.0, 0.0)[:2]
    value = abs(degrees) + minutes / 60 + seconds / 3600
    if min(minutes, seconds) < 0 or not 0 <= value <= bound:
        return None
    south_or_west = degrees < 0 or _words(reference).upper().startswith(negative)
    return round(-value if south_or_west else value, _DECIMALS)
