"""EXIF becomes fields, and broken EXIF costs nothing but itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from mmsearch.media.exif import exif_fields
from mmsearch.media.picture import inspect_picture, load_picture
from mmsearch.types import PictureSpec
from tests.unit.media.sample_pictures import corners, encoded

MAKE, MODEL, DATE_TIME = 0x010F, 0x0110, 0x0132
EXIF_IFD, GPS_IFD, DATE_TIME_ORIGINAL = 0x8769, 0x8825, 0x9003
NORTH_AND_WEST = {1: "N", 2: (48.0, 51.0, 30.0), 3: "W", 4: (2.0, 17.0, 40.2)}


def exif(
    tags: dict[int, Any] | None = None,
    details: dict[int, Any] | None = None,
    gps: dict[int, Any] | None = None,
) -> Image.Exif:
    made = Image.Exif()
    made.update(tags or {})
    made.get_ifd(EXIF_IFD).update(details or {})
    made.get_ifd(GPS_IFD).update(gps or {})
    return made


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "HEIF"])
def test_date_camera_and_place_are_read_from_every_format(file_format: str) -> None:
    written = exif(
        {MAKE: "Apple", MODEL: "iPhone 12", DATE_TIME: "2021:01:01 00:00:00"},
        {DATE_TIME_ORIGINAL: "2019:07:03 14:05:00"},
        NORTH_AND_WEST,
    )
    data = encoded(corners(), file_format, exif=written.tobytes())

    fields = load_picture(data, PictureSpec(32)).fields

    assert inspect_picture(data) == fields
    assert fields == {
        "width": 160,
        "height": 120,
        "format": file_format,
        "date": "2019-07-03T14:05:00",
        "year": 2019,
        "camera": "Apple iPhone 12",
        "latitude": round(48 + 51 / 60 + 30 / 3600, 6),
        "longitude": round(-(2 + 17 / 60 + 40.2 / 3600), 6),
    }


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Canon", "Canon EOS 5D", "Canon EOS 5D"),
        ("NIKON CORPORATION", "NIKON D80", "NIKON D80"),
        ("FUJIFILM\0\0", " X100V ", "FUJIFILM X100V"),
        ("", "DSC-1", "DSC-1"),
        ("Leica", "", "Leica"),
        ("", "", None),
    ],
)
def test_the_maker_is_named_once(make: str, model: str, camera: str | None) -> None:
    assert exif_fields(exif({MAKE: make, MODEL: model})).get("camera") == camera


def test_the_date_of_the_shot_is_preferred_and_an_unset_clock_is_none() -> None:
    changed = {DATE_TIME: "2021:01:02 03:04:05"}
    assert exif_fields(exif(changed))["date"] == "2021-01-02T03:04:05"
    assert exif_fields(exif(changed, {DATE_TIME_ORIGINAL: "0000:00:00 00:00:00"}))["year"] == 2021
    for nonsense in ("    :  :     :  :  ", "2021:13:45 00:00:00", "yesterday"):
        assert exif_fields(exif({DATE_TIME: nonsense})) == {}


@pytest.mark.parametrize(
    "gps",
    [
        {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
        {1: "N", 2: (IFDRational(0, 0),) * 3, 3: "E", 4: (IFDRational(0, 0),) * 3},
        {1: "N", 2: (95.0, 0.0, 0.0), 3: "E", 4: (9.0, 0.0, 0.0)},
        {1: "N", 2: (48.0, 51.0, 30.0)},
        {1: "N", 2: 48.5, 3: "E", 4: 9.5},
    ],
    ids=["no fix", "zero by zero", "beyond the pole", "half a place", "no degrees and minutes"],
)
def test_a_place_that_makes_no_sense_is_left_out(gps: dict[int, Any]) -> None:
    assert exif_fields(exif(gps=gps)) == {}


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_broken_exif_never_costs_the_picture(junk: bytes) -> None:
    data = encoded(corners(), "JPEG", exif=b"Exif\0\0" + junk)
    assert load_picture(data, PictureSpec(32)).fields["width"] in (160, 120)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 255))
def test_exif_with_a_changed_byte_gives_fields_of_the_promised_kinds(place: int, value: int) -> None:
    written = exif(
        {MAKE: "Apple", MODEL: "iPhone"}, {DATE_TIME_ORIGINAL: "2019:07:03 14:05:00"}, NORTH_AND_WEST
    )
    block = bytearray(written.tobytes())
    block[place % len(block)] = value

    fields = load_picture(encoded(corners(), "JPEG", exif=bytes(block)), PictureSpec(32)).fields

    kinds = {"year": int, "latitude": float, "longitude": float, "date": str, "camera": str, "format": str}
    assert all(isinstance(fields[name], kinds.get(name, int)) for name in fields)
