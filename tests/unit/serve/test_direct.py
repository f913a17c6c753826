"""What goes past the framework is answered as what goes through it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import mmsearch
from mmsearch.serve.direct import Direct

Serving = Callable[..., TestClient]

JSON = {"Content-Type": "application/json"}
PLAIN = {"Content-Type": "application/vnd.mmsearch+json"}  # JSON as well, and not taken past the framework
FIELDS = [
    b'{"text": "green tea", "k": 3}',
    b'{"text": "green tea", "explain": true, "facets": ["format"], "cutoff": null}',
    b"{}",
    b'{"item": 3, "minus": "snow"}',
    b'{"text": "half \\ud83d"}',
    b'{"k": 0}',
    b'{"k": "3"}',
    b'{"unknown": 1}',
    b'{"text": "(a OR"}',
    b'{"cursor": "abc"}',
    b'{"pictures": ["00000000000000000000000000000000"]}',
    b"{",
    b"[]",
    b"",
    b"\xff",
]


def unclocked(answer: Any) -> Any:
    found = answer.json()
    found.pop("seconds", None)
    return answer.status_code, answer.headers["content-type"], found


@pytest.mark.parametrize("body", FIELDS)
def test_both_ways_give_the_same(client: TestClient, body: bytes) -> None:
    past, through = (client.post("/api/v1/search", content=body, headers=kind) for kind in (JSON, PLAIN))
    assert unclocked(past) == unclocked(through)
    assert unclocked(client.post("/api/v1/search", content=body, headers=JSON)) == unclocked(past)


def test_plain_searches_go_past_the_framework(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serving()
    asked: list[bytes | None] = []
    own = Direct._answer

    async def watched(self: Direct, body: bytes) -> bytes | None:
        asked.append(await own(self, body))
        return asked[-1]

    monkeypatch.setattr(Direct, "_answer", watched)
    for body in (b'{"text": "tea"}', b'{"text": 3}', b'{"text": "tea"}'):
        client.post("/api/v1/search", content=body, headers=JSON)
    assert asked[0] is not None
    assert asked[1] is None
    assert asked[2] == asked[0]  # remembered, with the seconds that it took
    assert 'route="/api/v1/search"' in client.get("/metrics").text


def test_a_remembered_request_is_answered_anew_when_the_index_changes(
    serving: Serving, own_index: Path, tmp_path: Path
) -> None:
    client = serving(own_index)
    before = client.post("/api/v1/search", json={"text": "a bagpiper in the fog"}).json()
    corpus = tmp_path / "more"
    corpus.mkdir()
    (corpus / "piper.txt").write_text("A bagpiper in the fog.")
    mmsearch.index(corpus, own_index).close()
    after = client.post("/api/v1/search", json={"text": "a bagpiper in the fog"}).json()
    assert after["generation"] != before["generation"]
    assert after["hits"][0]["path"] == "piper.txt"


def test_a_picture_that_has_gone_is_said_to_be_gone(serving: Serving, demo_corpus: Path) -> None:
    client = serving(uploads_bytes=1)
    png = min(file for file in (demo_corpus / "photos").iterdir()).read_bytes()
    first = client.post("/api/v1/pictures", files={"file": png}).json()["picture"]
    fields = {"pictures": [first]}
    assert client.post("/api/v1/search", json=fields).status_code == 200
    client.post("/api/v1/pictures", files={"file": png + b"another one"})
    assert client.post("/api/v1/search", json=fields).status_code == 410
