"""A served index answers as one that is open here."""

from __future__ import annotations

import inspect
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import mmsearch
from mmsearch.client.http import ServiceError
from mmsearch.search.query.value import Picture, Sound
from mmsearch.search.request import SearchRequest
from tests.unit.media.sound.sample_sounds import noise, written

SEARCHES: list[tuple[str | None, dict[str, Any]]] = [
    ("a tabby cat", {}),
    ('"green tea" -coffee 2:(hot water)', {"k": 3, "context": 1}),
    ("a cat without a dog", {"facets": ["format", "year"], "sort": "-width", "modality": "image"}),
    (
        "cat",
        {"where": "width >= 300", "path": ["photos/**", "texts/*"], "strict": True, "duplicates": "show"},
    ),
    ("moon", {"minus": ["rocket", "@nothing.jpg"], "exclude": "tea", "group": "item", "cutoff": None}),
    ("penguins in Antarctica", {}),
    (None, {"item": [3, 4], "explain": False}),
    (None, {"modality": ["image", "text"], "histogram": "date", "places": True}),
    ("tea", {"fusion": "rrf", "weights": {"words": 0.5}}),
]


@pytest.mark.parametrize(("text", "options"), SEARCHES)
def test_a_served_search_is_the_embedded_one(
    address: str, library: mmsearch.Library, text: str | None, options: dict[str, Any]
) -> None:
    with mmsearch.connect(address) as remote:
        found = remote.search(text, **options)
    assert found == library.search(text, **options)
    assert found.hits


def test_sounds_are_sent_in_whatever_form_they_are(
    address: str, library: mmsearch.Library, tmp_path: Path
) -> None:
    pytest.importorskip("av", reason="sounds are read by the sound extra")
    samples = noise(2.0, rate=16_000)
    file = tmp_path / "hiss.wav"
    file.write_bytes(written(samples, rate=16_000))
    with mmsearch.connect(address) as remote:
        for sound in (file, str(file), file.read_bytes(), Sound(str(file)), samples):
            options: dict[str, Any] = {"audio": sound, "explain": True}
            assert remote.search("cat", **options).hits == library.search("cat", **options).hits
        minus = remote.search("cat", minus=[Sound(str(file))])
        assert minus.hits == library.search("cat", minus=[Sound(str(file))]).hits
        with pytest.raises(mmsearch.UsageError, match="there is no sound"):
            remote.search(audio=tmp_path / "gone.wav")


def test_pictures_are_sent_in_whatever_form_they_are(
    address: str, library: mmsearch.Library, demo_corpus: Path
) -> None:
    file = demo_corpus / "photos" / "photo-04.png"
    opened = Image.open(file)
    opened.load()
    with mmsearch.connect(address) as remote:
        for picture in (
            file,
            str(file),
            file.read_bytes(),
            Picture(str(file)),
            opened,
            opened.convert("CMYK"),
        ):
            options: dict[str, Any] = {"image": picture, "minus": [file], "exclude": ["snow"]}
            assert remote.search("red", **options) == library.search("red", **options)
        text = f"0.5:@{file} cat"
        assert remote.search(text, allow_files=True) == library.search(text, allow_files=True)


def test_recommendations_and_answers_are_the_embedded_ones(address: str, library: mmsearch.Library) -> None:
    with mmsearch.connect(address) as remote:
        likes: dict[str, Any] = {"like": ["photos/photo-04.png", 20], "dislike": "#3", "diverse": 0.3}
        assert remote.recommend(**likes, k=5) == library.recommend(**likes, k=5)
        for question in ("how long does the guarantee last?", "who was the first king of Rome?"):
            assert remote.ask(question) == library.ask(question)


def test_a_request_says_all_that_is_asked_for(address: str, library: mmsearch.Library) -> None:
    request = SearchRequest("a rocket", k=2)
    with mmsearch.connect(address) as remote:
        assert remote.search(request) == library.search(request)
        with pytest.raises(mmsearch.UsageError, match="k"):
            remote.search(request, k=3)


def test_errors_are_those_of_the_library(address: str) -> None:
    with mmsearch.connect(address) as remote:
        with pytest.raises(mmsearch.QueryError, match="character"):
            remote.search("(cat")
        with pytest.raises(mmsearch.UsageError, match="no document has a field 'colour'"):
            remote.search("cat", where="colour = red")
        with pytest.raises(mmsearch.UsageError, match="no item #9999"):
            remote.search(item=9999)
        with pytest.raises(mmsearch.UsageError, match="takes no 'kk'"):
            remote.search("cat", kk=3)  # type: ignore[call-arg]
        with pytest.raises(mmsearch.UsageError, match="a service is sent pictures"):
            remote.search(image=np.ones(384, np.float32))


def test_what_is_no_service_is_said() -> None:
    with (
        mmsearch.connect("http://127.0.0.1:9", timeout=5) as nobody,
        pytest.raises(ServiceError, match="is mmsearch"),
    ):
        nobody.search("cat")
    with pytest.raises(mmsearch.UsageError, match="has an address"):
        mmsearch.connect("file:///etc/passwd")


def test_a_token_lets_in(listening: Any) -> None:
    address = listening(token="a-token-of-some-length")
    with mmsearch.connect(address) as stranger, pytest.raises(ServiceError, match="a token is needed"):
        stranger.search("cat")
    with mmsearch.connect(address, token="a-token-of-some-length") as remote:
        assert remote.search("cat")
        assert remote.statistics()["documents"] == 54


@pytest.mark.parametrize("name", ["search", "recommend", "ask", "tag"])
def test_a_verb_takes_what_the_library_takes(name: str) -> None:
    here, there = (
        inspect.signature(getattr(kind, name)) for kind in (mmsearch.RemoteLibrary, mmsearch.Library)
    )
    assert here == there


def test_tags_are_those_of_the_library(address: str, library: mmsearch.Library) -> None:
    labels = ["cat", "cup of coffee", "rocket"]
    here = library.tag(labels, modality="image", dry_run=True)
    with mmsearch.connect(address) as remote:
        there = remote.tag(labels, modality="image", dry_run=True)
        with pytest.raises(mmsearch.UsageError, match="sidecars"):
            remote.tag(labels, sidecars=True)
        with pytest.raises(ServiceError, match="only reads"):
            remote.tag(labels)
        with pytest.raises(ServiceError, match="only reads"):
            remote.feedback("ada", like=["#1"])
    assert there.tagged > 0
    assert there.documents == tuple(one for one in here.documents if one.tags)
    assert (there.counts, there.paths, there.values) == (
        here.counts,
        here.paths,
        {one: value for one, value in here.values.items() if value},
    )


def test_a_service_that_may_write_keeps_feedback_and_tags(
    listening: Any, demo_index: Path, tmp_path: Path, library: mmsearch.Library
) -> None:
    own = Path(shutil.copytree(demo_index, tmp_path / "own"))
    liked = library.search("a tabby cat", k=1).hits[0]
    with mmsearch.connect(listening(own, allow_write=True)) as remote:
        assert remote.feedback("ada", like=[f"#{liked.item_id}"])["likes"] == 1
        assert remote.recommend(profile="ada", k=3).hits == library.recommend([liked.item_id], k=3).hits
        assert remote.tag(["cat"], field="animal").changed > 0
        assert remote.search(where="animal = cat").hits
