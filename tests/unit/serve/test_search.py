"""Searching over HTTP."""

from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

import mmsearch
from tests.unit.media.sound.sample_sounds import noise, written


def test_a_search_finds_what_the_library_finds(client: TestClient, library: mmsearch.Library) -> None:
    answer = client.get(
        "/api/v1/search", params={"q": "a tabby cat", "k": 5, "facets": "format", "explain": "true"}
    )
    assert answer.status_code == 200
    wanted = library.search("a tabby cat", k=5, facets=["format"]).to_dict(explain=True)
    wanted = json.loads(json.dumps(wanted))
    found = answer.json()
    for name in ("query", "nothing_matches", "total", "facets", "more", "cutoff"):
        assert found[name] == wanted[name]
    assert [{**hit, **own} for hit, own in zip(found["hits"], wanted["hits"], strict=True)] == found["hits"]


def test_asking_in_json_is_asking_in_the_address(client: TestClient) -> None:
    fields = {"text": "green tea", "k": 3, "modality": "text", "cutoff": None}
    by_body = client.post("/api/v1/search", json=fields).json()
    by_address = client.get(
        "/api/v1/search", params={"q": "green tea", "k": 3, "modality": "text", "cutoff": "none"}
    ).json()
    assert by_body["cutoff"] is None
    assert by_body["hits"] == by_address["hits"]


def test_nothing_to_look_for_lists_what_was_added_last(client: TestClient) -> None:
    found = client.get("/api/v1/search", params={"k": 60}).json()
    numbers = [hit["item_id"] for hit in found["hits"]]
    assert found["total"] == len(numbers) == 54
    assert numbers == sorted(numbers, reverse=True)
    assert found["query"] == ""


def test_cursors_walk_through_the_whole_list(client: TestClient) -> None:
    asked = {"q": "cat", "k": 20}
    whole = client.get("/api/v1/search", params={"q": "cat", "k": 60}).json()["hits"]
    walked, cursor = [], None
    while True:
        page = client.get(
            "/api/v1/search", params=asked | ({} if cursor is None else {"cursor": cursor})
        ).json()
        walked += page["hits"]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert walked == whole


def test_a_hit_says_where_its_pictures_are_and_how_large(client: TestClient) -> None:
    hits = client.get("/api/v1/search", params={"q": "a tabby cat", "modality": "image", "k": 1}).json()[
        "hits"
    ]
    [hit] = hits
    assert (hit["kind"], hit["found"]) == ("picture", "looks")
    assert (hit["width"], hit["height"]) == (hit["fields"]["width"], hit["fields"]["height"])
    small = client.get(hit["thumbnail"])
    assert small.headers["content-type"] == "image/webp"
    assert client.get(hit["original"]).headers["content-type"] == "image/png"


def test_a_sound_that_was_sent_is_searched_by(client: TestClient) -> None:
    pytest.importorskip("av", reason="sounds are read by the sound extra")
    data = written(noise(2.0))
    sent = client.post("/api/v1/sounds", files={"file": ("hiss.wav", data)})
    assert sent.status_code == 201
    assert sent.json()["seconds"] == pytest.approx(2.0, abs=0.1)
    name = sent.json()["sound"]
    by_name = client.post("/api/v1/search", json={"sounds": [name]}).json()
    assert by_name["hits"]
    assert client.get("/api/v1/search", params={"sounds": name}).json()["hits"] == by_name["hits"]
    written_out = client.post("/api/v1/search", json={"text": f"@audio:sent:{name}"}).json()
    assert [hit["item_id"] for hit in written_out["hits"]] == [hit["item_id"] for hit in by_name["hits"]]
    less = client.post("/api/v1/search", json={"text": "cat", "minus_sounds": [name]})
    assert less.status_code == 200
    assert client.post("/api/v1/search", json={"pictures": [name]}).status_code == 410


@pytest.mark.parametrize("data", [b"", b"RIFF", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_sound_is_refused_with_the_reason(client: TestClient, data: bytes) -> None:
    pytest.importorskip("av", reason="sounds are read by the sound extra")
    answer = client.post("/api/v1/sounds", files={"file": ("hiss.wav", data)})
    assert answer.status_code == 422
    assert answer.json()["detail"]


def test_a_recommendation_counts_fields_among_what_passes_its_filters(client: TestClient) -> None:
    asked = {"like": ["#3"], "facets": ["format"]}
    every = client.post("/api/v1/recommend", json=asked).json()["facets"]["format"]
    png = client.post("/api/v1/recommend", json={**asked, "where": "format = PNG"}).json()["facets"]["format"]
    assert len(every) > 1
    assert png == [one for one in every if one["value"] == "PNG"]
    too_many = client.post("/api/v1/recommend", json={"like": ["#3"], "facets": ["format"] * 99})
    assert too_many.status_code == 400
