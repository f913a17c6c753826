"""Originals of recordings and films: played in the browser, from whatever second it asks for."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import mmsearch
from mmsearch.serve.files import media_type
from mmsearch.types import Locator
from tests.unit.media.sound.sample_sounds import noise, tone, written
from tests.unit.serve.conftest import Serving

pytest.importorskip("av", reason="sounds are read by the sound extra")
from benchmarks.shared.filming import Shot, write_film

TYPES = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "ogg": "application/ogg",
    "adts": "audio/aac",
}


@pytest.mark.parametrize(("container", "kind"), TYPES.items())
def test_recordings_are_played_under_the_type_that_their_bytes_tell(
    tmp_path: Path, container: str, kind: str
) -> None:
    file = tmp_path / "called.txt"
    file.write_bytes(written(tone(0.5), container))
    assert media_type(file) == (kind, True)


def test_a_tagged_mp3_and_films_are_played_and_other_containers_kept(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(written(tone(0.5), "mp3", tags={"title": "A tone"}))
    assert file.read_bytes().startswith(b"ID3")
    assert media_type(file) == ("audio/mpeg", True)
    for suffix, kind in {"mp4": "video/mp4", "mkv": "video/webm"}.items():
        film = tmp_path / f"film.{suffix}"
        write_film(film, [Shot(_pixels(), 0.4)])
        assert media_type(film) == (kind, True)
    file.write_bytes(written(tone(0.5), "aiff"))  # no browser but Safari plays it
    assert media_type(file) == ("application/octet-stream", False)


def test_a_part_of_an_original_is_sent_when_a_part_is_asked_for(serving: Serving, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    data = written(noise(3.0))
    (tmp_path / "corpus" / "hiss.wav").write_bytes(data)
    mmsearch.index(tmp_path / "corpus", tmp_path / "index").close()
    client = serving(tmp_path / "index")
    hit = client.post("/api/v1/search", json={}).json()["hits"][0]
    assert hit["kind"] == "sound"
    part = client.get(hit["original"], headers={"Range": "bytes=1000-1999"})
    assert part.status_code == 206
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(data)}"
    assert part.content == data[1000:2000]
    assert part.headers["content-type"] == "audio/wav"
    assert part.headers["content-disposition"].startswith("inline")
    whole = client.get(hit["original"])
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.content == data
    beyond = client.get(hit["original"], headers={"Range": f"bytes={len(data)}-"})
    assert beyond.status_code == 416


@pytest.mark.parametrize(
    ("path", "modality", "locator", "kind"),
    [
        ("a/film.mp4", "image", "frame:2.5", "film"),
        ("a/film.MKV", "text", "seconds:1-3", "film"),
        ("a/film.mp4", "audio", "seconds:0-3", "film"),
        ("a/talk.mp3", "audio", "seconds:0-3", "sound"),
        ("a/talk.mp3", "text", "seconds:0-3", "sound"),
        ("a/moving.gif", "image", "frame:1", "picture"),
        ("a/notes.txt", "text", "characters:0-3", "text"),
        ("a/photo.jpg", "text", "caption:0", "picture"),
    ],
)
def test_what_lies_at_a_second_is_played(path: str, modality: str, locator: str, kind: str) -> None:
    from mmsearch.serve.shown import kind_of

    assert kind_of(path, modality, Locator.parse(locator)) == kind  # type: ignore[arg-type]


def _pixels() -> object:
    import numpy as np

    return np.asarray(Image.new("RGB", (320, 180), "teal"))
