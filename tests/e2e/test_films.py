"""Films through the whole product: indexed as one document, found by scene, sound and subtitles, opened at the time."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import mmsearch

pytest.importorskip("av", reason="needs the sound extra")
from benchmarks.shared.filming import RATE, Shot, write_film

Command = Callable[..., subprocess.CompletedProcess[str]]
SRT = """1
00:00:01,000 --> 00:00:03,000
The lighthouse keeper counts gulls.

2
00:00:09,500 --> 00:00:11,000
Good night.
"""
GERMAN = "1\n00:00:01,000 --> 00:00:03,000\nDer Leuchtturmwärter zählt Möwen.\n"


def ticking(seconds: float) -> Any:
    at = np.arange(round(seconds * RATE)) / RATE
    return (0.5 * np.random.default_rng(1).normal(size=at.size) * np.exp(-(at % 0.5) * 400)).astype(
        np.float32
    )


def silence(seconds: float) -> Any:
    return np.zeros(round(seconds * RATE), np.float32)


@pytest.fixture(scope="module")
def shots(photographs: Path) -> list[Shot]:
    """Coffee, a rocket, a cat, coffee again, and a page."""

    def picture(name: str) -> Any:
        return np.asarray(Image.open(photographs / name).convert("RGB"))

    coffee = Shot(picture("coffee.png"), 3.0, moving=False)
    return [coffee, Shot(picture("rocket.jpg"), 4.0), Shot(picture("chelsea.png"), 3.6), coffee]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory, shots: list[Shot]) -> Path:
    folder = tmp_path_factory.mktemp("films") / "corpus"
    folder.mkdir()
    write_film(
        folder / "one.mp4",
        shots,
        [np.concatenate([silence(5), ticking(6)])],
        metadata={"title": "Zebra crossing", "creation_time": "2019-07-04T16:30:00Z"},
    )
    (folder / "one.en.srt").write_text(SRT, encoding="utf-8")
    write_film(folder / "mute.mkv", shots[1:2], subtitles=[SRT, GERMAN])
    (folder / "tea.txt").write_text("Green tea turns bitter.\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, corpus: Path) -> Path:
    directory = tmp_path_factory.mktemp("indexes") / "films"
    mmsearch.index(corpus, directory).close()
    return directory


def test_a_film_is_one_document_of_scenes_sounds_and_subtitles(command: Command, index: Path) -> None:
    answer = command("show", "one.mp4", "--index", index, "--json")
    [document] = json.loads(answer.stdout)["documents"]
    assert document["title"] == "Zebra crossing"
    assert document["fields"] == {
        "date": "2019-07-04T16:30:00", "duration": 13.6, "height": 180, "width": 320, "year": 2019
    }  # fmt: skip
    places = [(item["modality"], item["locator"]) for item in document["items"]]
    frames = [float(place.removeprefix("frame:")) for modality, place in places if modality == "image"]
    assert len(frames) == 3  # the coffee is shown once
    for seconds, (start, end) in zip(frames, ((0, 3), (3, 7), (7, 10.6)), strict=True):
        assert abs(seconds - (start + end) / 2) < 0.6
    assert ("text", "seconds:1-3") in places
    assert ("text", "seconds:9.5-11") in places
    [sound] = [place for modality, place in places if modality == "audio"]
    assert sound.startswith("seconds:4.8-")


def test_words_find_the_scene_and_say_where_to_open_it(command: Command, index: Path) -> None:
    answer = command("query", "a cat", "--index", index, "--json", "--modality", "image")
    hit = json.loads(answer.stdout)["hits"][0]
    assert hit["path"] == "one.mp4"
    assert 7 < hit["seconds"] < 10.6
    assert hit["locator"] == f"frame:{hit['seconds']:g}"
    assert hit["fragment"] == f"#t={hit['seconds']:g}"
    shown = command("query", "a cat", "--index", index, "--modality", "image").stdout
    assert f"mpv --start={hit['seconds']:g} " in shown
    assert "one.mp4" in shown


def test_subtitles_beside_and_inside_are_found_with_their_times(command: Command, index: Path) -> None:
    for query, path, seconds in (
        ("lighthouse keeper", {"one.mp4", "mute.mkv"}, 1),
        ("good night", {"one.mp4", "mute.mkv"}, 9.5),
        ("Leuchtturmwärter", {"mute.mkv"}, 1),
    ):
        hits = json.loads(command("query", query, "--index", index, "--json", "--strict").stdout)["hits"]
        assert {hit["path"] for hit in hits} >= path
        assert all(hit["seconds"] == seconds for hit in hits if hit["path"] in path)


def test_what_is_heard_in_a_film_is_found(command: Command, index: Path) -> None:
    answer = command("query", "a ticking clock", "--modality", "audio", "--index", index, "--json")
    hit = json.loads(answer.stdout)["hits"][0]
    assert (hit["path"], hit["seconds"]) == ("one.mp4", 4.8)


def test_a_hit_names_the_parts_that_told_of_it(command: Command, index: Path) -> None:
    answer = command("query", "a cat beside a lighthouse keeper", "--index", index, "--json", "--explain")
    hit = next(one for one in json.loads(answer.stdout)["hits"] if one["path"] == "one.mp4")
    parts = hit["parts"]
    assert {part["modality"] for part in parts} >= {"image", "text"}
    assert parts[0]["item_id"] == hit["item_id"]
    assert [part["contribution"] for part in parts] == sorted(
        (part["contribution"] for part in parts), reverse=True
    )
    assert 0.9 <= sum(part["share"] for part in parts) <= 1.001
    by_items = {reason["item_id"] for reason in hit["explanation"]}
    assert {part["item_id"] for part in parts} <= by_items
    assert {part["locator"].partition(":")[0] for part in parts} >= {"frame", "seconds"}


def test_a_scene_is_shown_by_its_frame(index: Path) -> None:
    with mmsearch.open(index) as library:
        hit = library.search("a cat", modality="image")[0]
        small = library.thumbnail(hit.key, 320)
        assert small.is_current
        with Image.open(io.BytesIO(small.data)) as picture:
            assert picture.size == (320, 180)
        rocket = library.search("a rocket", modality="image")[0]
        assert library.thumbnail(rocket.key, 320).data != small.data


def test_the_next_run_reads_nothing_until_the_subtitles_change(
    command: Command, tmp_path: Path, corpus: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(corpus, folder)
    assert json.loads(command("index", folder, "--index", "i", "--json").stdout)["added"] == 3
    assert json.loads(command("index", folder, "--index", "i", "--json").stdout)["unchanged"] == 3
    (folder / "one.en.srt").write_text(SRT.replace("gulls", "puffins"), encoding="utf-8")
    report = json.loads(command("index", folder, "--index", "i", "--json").stdout)
    assert (report["updated"], report["unchanged"], report["encoded"].get("image")) == (1, 2, None)
    assert "puffins" in command("query", "puffins", "--index", "i", "--strict").stdout


def test_bad_films_cost_themselves(command: Command, tmp_path: Path, shots: list[Shot]) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    write_film(folder / "good.mp4", shots[:2], [ticking(6)])
    whole = (folder / "good.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    damaged = bytearray(whole)
    at = whole.index(b"mdat") + 2_000
    damaged[at : at + 3_000] = np.random.default_rng(0).bytes(3_000)
    (folder / "damaged.mp4").write_bytes(damaged)
    (folder / "noise.mkv").write_bytes(b"\x1a\x45\xdf\xa3" + np.random.default_rng(1).bytes(20_000))
    (folder / "list.avi").write_text("#EXTM3U\n/etc/passwd\n")
    (folder / "good.srt").write_bytes(b"\0\1\2nothing")
    write_film(folder / "ten.mkv", shots[2:3], [ticking(3.6)] * 10)
    report = json.loads(command("index", folder, "--index", "i", "--json").stdout)
    reasons = {entry["path"]: entry["reason"] for entry in report["skipped"]}
    assert report["added"] == 3, reasons
    assert {"cut.mp4", "noise.mkv", "list.avi"} <= set(reasons)
    assert "subtitles good.srt" in reasons["good.mp4"]
    found = json.loads(command("query", "a cat", "--index", "i", "--json", "--modality", "image").stdout)[
        "hits"
    ]
    assert found[0]["path"] == "ten.mkv"
