"""Google Takeout's sidecars, under all the names that they have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mmsearch.ingest.crawl import crawl
from mmsearch.ingest.sources import Source
from mmsearch.ingest.takeout import takeout_record, takeout_sidecars

LONG = "a name of fifty characters that a phone has given1.jpg"


@pytest.mark.parametrize(
    ("picture", "sidecar"),
    [
        ("IMG_1.jpg", "IMG_1.jpg.supplemental-metadata.json"),
        ("IMG_20190704_154000_Bokeh_HDR.jpg", "IMG_20190704_154000_Bokeh_HDR.jpg.supplemental.json"),
        ("IMG_1.jpg", "IMG_1.jpg.s.json"),
        ("IMG_1(2).jpg", "IMG_1.jpg(2).json"),
        ("IMG_1(2).jpg", "IMG_1.jpg.supplemental-metadata(2).json"),
        ("IMG_1-edited.jpg", "IMG_1.jpg.json"),
        ("IMG_1-bearbeitet(1).jpg", "IMG_1-bearbeitet.jpg(1).json"),
        (LONG, f"{LONG[:46]}.json"),
        (LONG.replace(".jpg", "(3).jpg"), f"{LONG[:46]}(3).json"),
    ],
)
def test_each_name_leads_to_its_picture(picture: str, sidecar: str) -> None:
    assert takeout_sidecars([picture, "other.jpg"], [sidecar]) == {picture: sidecar}


@pytest.mark.parametrize(
    ("picture", "sidecar"),
    [
        ("IMG_1.jpg", "IMG_1.jpg.settings.json"),
        ("IMG_1.jpg", "IMG_1.jpg(2).json"),
        ("IMG_1.jpg", "IMG_12.jpg.json"),
    ],
)
def test_other_names_do_not(picture: str, sidecar: str) -> None:
    assert takeout_sidecars([picture], [sidecar]) == {}


TAKEN = {
    "title": "IMG_1.jpg",
    "description": "At the lake\n",
    "photoTakenTime": {"timestamp": "1562254800", "formatted": "4 Jul 2019, 15:40:00 UTC"},
    "geoData": {"latitude": 46.4512345678, "longitude": 6.5, "altitude": 400.0},
    "people": [{"name": "Ada"}, {"name": "Grace"}, {"nickname": "x"}, None],
    "favorited": True,
}


def test_time_place_people_and_description_are_read() -> None:
    record = takeout_record(TAKEN)
    assert (record.captions, record.title) == (("At the lake",), None)
    assert record.fields == {"people": "Ada; Grace", "favorite": True}
    assert record.supplements == {
        "date": "2019-07-04T15:40:00+00:00", "year": 2019, "latitude": 46.451235, "longitude": 6.5,
    }  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"photoTakenTime": {"timestamp": "1" * 30}},
        {"photoTakenTime": {"timestamp": None}},
        {"photoTakenTime": "today"},
        {"photoTakenTime": ["timestamp"]},
        {"geoData": {"latitude": 0.0, "longitude": 0.0}},
        {"geoData": {"latitude": 91, "longitude": 1}},
        {"geoData": {"latitude": 10**400, "longitude": "x"}},
        {"people": "Ada", "description": 5},
    ],
)
def test_what_makes_no_sense_is_left_out(change: dict[str, Any]) -> None:
    takeout_record({**TAKEN, **change})
    supplements = takeout_record({"photoTakenTime": {}, **change}).supplements
    assert supplements == {}


def test_a_folder_of_a_takeout_is_read_and_the_pictures_own_exif_counts_first(corpus: Path) -> None:
    from PIL import Image

    from mmsearch.ingest.decoding.decoding import Decoding, decode

    exif = Image.Exif()
    exif[0x0132] = "2019:07:05 00:40:00"
    Image.new("RGB", (8, 8)).save(corpus / "IMG_1.jpg", exif=exif)
    Image.new("RGB", (8, 8)).save(corpus / "IMG_2.jpg")
    for n in (1, 2):
        (corpus / f"IMG_{n}.jpg.supplemental-metadata.json").write_text(json.dumps(TAKEN))
    one, two = (
        next(decode(found, Decoding(None), lambda _: None))
        for found in crawl(corpus)
        if isinstance(found, Source)
    )
    assert (one.fields["date"], two.fields["date"]) == ("2019-07-05T00:40:00", "2019-07-04T15:40:00+00:00")
    assert one.fields["people"] == two.fields["people"] == "Ada; Grace"
