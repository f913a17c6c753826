"""Google Takeout's sidecars: which picture each belongs to, and what it says of it.

``IMG_1.jpg`` comes with ``IMG_1.jpg.json``, or since 2024 ``IMG_1.jpg.supplemental-metadata.json``, both cut after 46
characters; ``IMG_1(2).jpg`` with ``IMG_1.jpg(2).json``; ``IMG_1-edited.jpg`` has none but that of ``IMG_1.jpg``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mmsearch.ingest.manifest.records import Record, clean, field_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mmsearch.types import FieldValue

_LONGEST = 46  # characters of a sidecar's name before ".json"
_NEW_NAME = "supplemental-metadata"
_NUMBERED = re.compile(r"(.+?)(\(\d+\))?(\.[^.]*)?")
_EDITED = re.compile(
    r"(.+)-(?:edited|bearbeitet|modifié|editado|editada|modificato|bewerkt|edytowane)(\.[^.]*)"
)
_MARKS = ("photoTakenTime", "googlePhotosOrigin", "geoDataExif")
_DECIMALS = 6


def takeout_sidecars(pictures: Iterable[str], sidecars: Iterable[str]) -> dict[str, str]:
    """The name of the JSON file that Takeout wrote for each of ``pictures``, as far as one of ``sidecars`` is."""
    by_name: dict[tuple[str, str], str] = {}
    for sidecar in sorted(sidecars, reverse=True):
        stem, number = _without_number(sidecar.removesuffix(".json"))
        picture, dot, extra = stem.rpartition(".")
        if dot and _NEW_NAME.startswith(extra):
            by_name[picture, number] = sidecar
        by_name[stem, number] = sidecar
    return {picture: found for picture in pictures if (found := _sidecar_of(picture, by_name))}


def _sidecar_of(picture: str, by_name: Mapping[tuple[str, str], str]) -> str | None:
    edited = _EDITED.fullmatch(picture)
    for name in (picture, edited[1] + edited[2] if edited else ""):
        match = _NUMBERED.fullmatch(name)
        plain, number = (match[1] + (match[3] or ""), match[2] or "") if match else (name, "")
        for key in ((name, ""), (plain, number), (plain[:_LONGEST], number)):
            if found := by_name.get(key):
                return found
    return None


def _without_number(stem: str) -> tuple[str, str]:
    match = re.fullmatch(r"(.+)(\(\d+\))", stem)
    return (match[1], match[2]) if match else (stem, "")


def is_takeout(value: Mapping[str, object]) -> bool:
    """Whether a JSON object is one of Takeout's."""
    return any(mark in value for mark in _MARKS)


def takeout_record(value: Mapping[str, object]) -> Record:
    """The description as a caption, the names of people, and, where the picture itself doesn't tell, time and place.

    The time is that of UTC, since Takeout knows no other; ``title`` is the name of the file, and says nothing.
    """
    description = value.get("description")
    caption = clean(description.strip()) if isinstance(description, str) else ""
    people = value.get("people")
    names = [one.get("name") for one in people if isinstance(one, dict)] if isinstance(people, list) else []
    fields: dict[str, FieldValue] = {}
    if (joined := field_value([name for name in names if isinstance(name, str)])) is not None:
        fields["people"] = joined
    if value.get("favorited") is True:
        fields["favorite"] = True
    return Record(
        captions=(caption,) if caption else (),
        fields=fields,
        supplements={
            **_time(value.get("photoTakenTime")),
            **_place(value.get("geoData"), value.get("geoDataExif")),
        },
    )


def _time(given: object) -> dict[str, FieldValue]:
    try:
        seconds = int(given["timestamp"])  # type: ignore[index]
        taken = datetime.fromtimestamp(seconds, UTC)
    except (TypeError, KeyError, ValueError, OverflowError, OSError):
        return {}
    return {"date": taken.isoformat(), "year": taken.year}


def _place(*given: object) -> dict[str, FieldValue]:
    for one in given:
        if not isinstance(one, dict):
            continue
        latitude, longitude = _angle(one.get("latitude"), 90), _angle(one.get("longitude"), 180)
        if latitude is not None and longitude is not None and (latitude, longitude) != (0, 0):  # not known
            return {"latitude": latitude, "longitude": longitude}
    return {}


def _angle(value: object, bound: int) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= bound:
        return None
    return round(float(value), _DECIMALS)
