"""A text or JSON file beside a picture belongs to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mmsearch.ingest.crawl import crawl
from mmsearch.ingest.sources import Skipped, Source


def write(corpus: Path, **files: Any) -> None:
    """``photo__jpg_txt="..."`` writes photo.jpg.txt; what is no text is written as JSON."""
    for name, content in files.items():
        stem, suffixes = name.split("__")
        text = content if isinstance(content, str) else json.dumps(content)
        (corpus / f"{stem}.{suffixes.replace('_', '.')}").write_text(text)


def only(corpus: Path) -> Source:
    (source,) = crawl(corpus)
    assert isinstance(source, Source)
    return source


def test_a_sidecar_is_part_of_its_picture_and_no_document(corpus: Path) -> None:
    write(
        corpus,
        photo__jpg="x",
        photo__txt="A dog.",
        notes__txt="Not a sidecar.",
        other__json={"caption": "Nobody"},
    )
    assert [s.path for s in crawl(corpus)] == ["notes.txt", "photo.jpg"]


@pytest.mark.parametrize(
    "name", ["photo__txt", "photo__jpg_txt", "photo__json", "photo__jpg_json", "photo__TXT"]
)
def test_each_way_to_name_a_sidecar_is_known(corpus: Path, name: str) -> None:
    write(corpus, photo__jpg="x", **{name: "A dog." if "txt" in name.lower() else ["A dog."]})
    assert only(corpus).captions == ("A dog.",)


def test_all_sidecars_count_and_the_more_specific_one_first(corpus: Path) -> None:
    write(
        corpus,
        photo__jpg="x",
        photo__json={"caption": "Two", "title": "General", "year": 1, "place": "Rome"},
        photo__jpg_json={"captions": ["One", "Two"], "title": "Specific", "year": 2},
        photo__txt="Three",
    )
    source = only(corpus)
    assert source.captions == ("One", "Two", "Three")
    assert source.title == "Specific"
    assert source.fields == {"year": 2, "place": "Rome"}


def test_one_sidecar_serves_all_pictures_of_its_name(corpus: Path) -> None:
    write(corpus, photo__jpg="x", photo__nef="x", photo__txt="A dog.", photo__nef_txt="Raw.")
    captions = {s.path: s.captions for s in crawl(corpus) if isinstance(s, Source)}
    assert captions == {"photo.jpg": ("A dog.",), "photo.nef": ("Raw.", "A dog.")}


@pytest.mark.parametrize(
    ("text", "captions"),
    [
        ("A dog.\n", ("A dog.",)),
        ("A dog.\nA brown dog runs.\n\n", ("A dog.", "A brown dog runs.")),
        ("A dog that\nruns far.\n\nA brown\ndog.", ("A dog that runs far.", "A brown dog.")),
        ("Same\nSame", ("Same",)),
    ],
)
def test_a_text_holds_a_caption_a_line_or_a_paragraph(
    corpus: Path, text: str, captions: tuple[str, ...]
) -> None:
    write(corpus, photo__jpg="x", photo__txt=text)
    assert only(corpus).captions == captions


def test_prose_beside_a_picture_is_read_like_a_text_file(corpus: Path) -> None:
    write(corpus, photo__jpg="x", photo__txt="It was a long day at the sea, and the dogs were tired. " * 20)
    source = only(corpus)
    assert (source.captions, source.picture, source.text) == ((), corpus / "photo.jpg", corpus / "photo.txt")


@pytest.mark.parametrize(
    ("content", "captions"),
    [
        ("A dog.", ("A dog.",)),
        (["A dog.", " ", "A cat."], ("A dog.", "A cat.")),
        ({"caption_2": "B"}, ("B",)),
    ],
)
def test_json_may_be_captions_alone(corpus: Path, content: Any, captions: tuple[str, ...]) -> None:
    (corpus / "photo.jpg").write_bytes(b"x")
    (corpus / "photo.json").write_text(json.dumps(content))
    assert only(corpus).captions == captions


def test_a_text_in_json_is_a_body_and_paths_in_it_mean_nothing(corpus: Path) -> None:
    write(
        corpus,
        photo__jpg="x",
        photo__json={"text": "Long story.", "file": "../../etc/passwd", "nested": {"a": 1}},
    )
    source = only(corpus)
    assert (source.body, source.fields, source.path) == ("Long story.", {}, "photo.jpg")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"caption": ', "not valid JSON: expecting value at column 13"),
        (b'{\n"caption": "x"\n"y"', "not valid JSON: expecting ',' delimiter at line 3, column 1"),
        (b'{"year": NaN}', "not valid JSON: NaN is not a number of JSON"),
        (b"[" * 100_000, "not valid JSON: nested too deeply"),
        (b"7", "not a JSON object with captions or fields"),
        (bytes(200), "binary data, not text"),
    ],
)
def test_a_broken_sidecar_is_told_and_costs_the_picture_nothing(
    corpus: Path, content: bytes, reason: str
) -> None:
    (corpus / "photo.jpg").write_bytes(b"x")
    (corpus / "photo.json").write_bytes(content)
    told, source = crawl(corpus)
    assert told == Skipped("photo.json", reason)
    assert isinstance(source, Source)
    assert (source.path, source.captions) == ("photo.jpg", ())


def test_an_empty_sidecar_says_nothing(corpus: Path) -> None:
    write(corpus, photo__jpg="x", photo__txt="")
    assert only(corpus).captions == ()


def test_the_stamp_covers_the_sidecars(corpus: Path) -> None:
    write(corpus, photo__jpg="x")
    stamps = [only(corpus).stamp]
    for content in ("A dog.", "A cat!!"):
        write(corpus, photo__txt=content)
        stamps.append(only(corpus).stamp)
    (corpus / "photo.txt").unlink()
    stamps.append(only(corpus).stamp)
    assert stamps[0] == stamps[3]
    assert len(set(stamps)) == 3


def test_sidecars_of_known_documents_are_read_only_when_something_changed(corpus: Path) -> None:
    write(corpus, photo__jpg="x", photo__txt="A dog.")
    first = only(corpus)
    (again,) = crawl(corpus, known={first.path: first.stamp})
    assert isinstance(again, Source)
    assert (again.path, again.stamp, again.captions) == (first.path, first.stamp, ())
    write(corpus, photo__txt="A cat, now.")
    (changed,) = crawl(corpus, known={first.path: first.stamp})
    assert isinstance(changed, Source)
    assert changed.captions == ("A cat, now.",)


def test_a_sidecar_that_is_ignored_is_not_read(corpus: Path) -> None:
    write(corpus, photo__jpg="x", photo__txt="A dog.")
    (corpus / ".mmsearchignore").write_text("*.txt\n")
    assert only(corpus).captions == ()
