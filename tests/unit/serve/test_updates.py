"""Another process writes to the index while it is served."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from starlette.testclient import TestClient

import mmsearch

Serving = Callable[..., TestClient]


def test_what_is_added_is_found_without_a_restart(
    serving: Serving, small_corpus: Path, tmp_path: Path, photographs: Path
) -> None:
    index = tmp_path / "index"
    mmsearch.index(small_corpus, index).close()
    client = serving(index)
    asked = {"q": "an astronaut", "k": 2, "modality": "image"}
    before = client.get("/api/v1/search", params=asked).json()
    shutil.copyfile(photographs / "astronaut.png", small_corpus / "new.png")
    mmsearch.index(small_corpus, index).close()
    after = client.get("/api/v1/search", params=asked).json()
    assert "new.png" not in [hit["path"] for hit in before["hits"]]
    assert after["hits"][0]["path"] == "new.png"
    assert before["generation"] != after["generation"] == client.get("/api/v1/health").json()["generation"]
    gone = client.get("/api/v1/search", params={**asked, "cursor": before["cursor"]})
    assert gone.status_code == 410
    assert client.get("/api/v1/search", params={"q": "other", "cursor": after["cursor"]}).status_code == 400
    assert client.get("/api/v1/search", params={**asked, "cursor": "nonsense"}).status_code == 400


def test_no_search_fails_while_another_writes(serving: Serving, small_corpus: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    mmsearch.index(small_corpus, index).close()
    client = serving(index)
    done = threading.Event()

    def write() -> None:
        for number in range(6):
            (small_corpus / "texts" / f"more-{number}.txt").write_text(f"Text number {number} about tea.\n")
            mmsearch.index(small_corpus, index).close()
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    totals, number = [], 0
    while not done.is_set():
        answer = client.get("/api/v1/search", params={"q": f"tea {number}", "k": 20, "cutoff": "none"})
        assert answer.status_code == 200, answer.text
        found = answer.json()
        totals.append(found["searched"])
        number += 1
    writer.join()
    assert totals == sorted(totals)
    assert client.get("/api/v1/search", params={"q": "tea", "k": 20}).json()["searched"] == 11
