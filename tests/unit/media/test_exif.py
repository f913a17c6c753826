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
EXIF_IFD, GPS_IFD, DATE_TIME_ORIGINAL, LENS = 0x8769, 0x8825, 0x9003, 0xA434
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
    for nonsense in ("    :  :     :  :  ", "2021:13:45 00:00:00", "yesterday", "04/07/2019 12:30:00"):
        assert exif_fields(exif({DATE_TIME: nonsense})) == {}


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2019:07:04 12:30:05\0", "2019-07-04T12:30:05"),
        ("2019:07:04 12:30", "2019-07-04T12:30"),
        ("2019:07:04", "2019-07-04"),
        ("2019:07:04   :  :  ", "2019-07-04"),
        ("2019/07/04 12:30:05", "2019-07-04T12:30:05"),
        ("2019-07-04T12:30:05+02:00", "2019-07-04T12:30:05"),
        ("2019: 7: 4  6:30: 5", "2019-07-04T06:30:05"),
        ("2019 07 04 06 30 05", "2019-07-04T06:30:05"),
        ("2019:07:04:06:30:05", "2019-07-04T06:30:05"),
        ("2019.07.04 06.30", "2019-07-04T06:30"),
        ("2019:07:04 24:00:00", "2019-07-04"),
        (b"2019:07:04 12:30:05", "2019-07-04T12:30:05"),
    ],
)
def test_a_date_is_read_however_it_is_written_and_as_much_as_there_is(
    written: str | bytes, date: str
) -> None:
    assert exif_fields(exif({}, {DATE_TIME_ORIGINAL: written})) == {"date": date, "year": 2019}


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        ((48.0, 51.5, 0.0), (2.0, 17.67, 0.0)),
        ((48.0, 51.5), (2.0, 17.67)),
        ((48.858333, 0.0, 0.0), (2.2945, 0.0, 0.0)),
        (48.858333, 2.2945),
        (
            (IFDRational(48, 1), IFDRational(515, 10), IFDRational(0, 0)),
            (IFDRational(22945, 10000), 0.0, 0.0),
        ),
        ("48,51.5N", "2,17.67W"),
        ("48.858333", "2.2945"),
        (-48.858333, -2.2945),
    ],
)
def test_a_place_is_read_in_minutes_or_degrees_with_decimals(latitude: object, longitude: object) -> None:
    south = latitude == -48.858333
    fields = exif_fields(exif(gps={1: "S" if south else "N", 2: latitude, 3: "W", 4: longitude}))
    assert fields["latitude"] == pytest.approx(-48.858333 if south else 48.858333)
    assert fields["longitude"] == pytest.approx(-2.2945)


def test_the_exposure_becomes_fields() -> None:
    exposure = {0x829A: 1 / 250, 0x829D: 2.8, 0x8827: 400, 0x920A: 35.0, LENS: "RF35mm F1.8", 0xA433: "Canon"}
    assert exif_fields(exif({}, exposure)) == {
        "iso": 400,
        "aperture": 2.8,
        "exposure_time": 0.004,
        "focal_length": 35.0,
        "lens": "Canon RF35mm F1.8",
    }
    apex = {0x9201: IFDRational(797, 100), 0x9202: 4.0, 0x8827: 65535, 0x8832: 102400}
    assert exif_fields(exif({}, apex)) == {"iso": 102400, "aperture": 4.0, "exposure_time": 0.00398833}


@pytest.mark.parametrize("tag", [0x829A, 0x829D, 0x8827, 0x920A])
@pytest.mark.parametrize("value", [0, -1.0, "", b"\0\0", (), IFDRational(1, 0), 1e300])
def test_an_exposure_that_no_camera_has_is_left_out(tag: int, value: object) -> None:
    assert exif_fields(exif({}, {tag: value})) == {}


def test_a_value_beyond_the_end_costs_only_itself() -> None:
    written = exif(
        {MODEL: "X100V"}, {0x829D: 5.6, DATE_TIME_ORIGINAL: "2019:07:04 12:30:05", LENS: "Fujinon 23mm"}
    )
    block = written.tobytes()
    entry = block.index(DATE_TIME_ORIGINAL.to_bytes(2, "big" if b"MM" in block[:8] else "little"))
    broken = block[: entry + 8] + b"\x10\xff\0\0" + block[entry + 12 :]  # its place: far behind the end

    fields = load_picture(encoded(corners(), "JPEG", exif=broken), PictureSpec(32)).fields

    assert (fields["camera"], fields["aperture"], fields["lens"]) == ("X100V", 5.6, "Fujinon 23mm")
    assert "date" not in fields


@pytest.mark.parametrize(
    "gps",
    [
        {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
        {1: "N", 2: (IFDRational(0, 0),) * 3, 3: "E", 4: (IFDRational(0, 0),) * 3},
        {1: "N", 2: (95.0, 0.0, 0.0), 3: "E", 4: (9.0, 0.0, 0.0)},
        {1: "N", 2: (48.0, 51.0, 30.0)},
        {1: "N", 2: (48.0, -3.0, 0.0), 3: "E", 4: (9.0, 0.0, 0.0)},
        {1: "N", 2: b"near the church", 3: "E", 4: (9.0, 0.0, 0.0)},
        {1: "N", 2: (48.0, 1.0, 2.0, 3.0), 3: "E", 4: (9.0, 0.0, 0.0)},
    ],
    ids=["no fix", "zero by zero", "beyond the pole", "half a place", "backwards", "words", "too many"],
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
