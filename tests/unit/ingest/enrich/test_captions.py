"""Captions of a program of the user's own, and the frame that holds what is found."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import mmsearch
from mmsearch.errors import UsageError
from mmsearch.ingest.enrich.captions import Captions
from mmsearch.library.enriching import enrich, remove_enrichment
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.words import index as wordindex
from mmsearch.store.check import check
from mmsearch.store.compact import compact
from mmsearch.store.directory import IndexDirectory


@pytest.fixture
def index(small_corpus: Path) -> Path:
    directory = small_corpus.parent / "index"
    mmsearch.index(small_corpus, directory).close()
    return directory


def written(folder: Path, *records: dict[str, Any]) -> Path:
    file = folder / "written.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return file


def captions(index: Path) -> list[tuple[str, str, str | None]]:
    """All that was found, where; and nothing is out of step."""
    assert check(index) == []
    directory = IndexDirectory.open(index)
    with directory.write_lock(), Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        assert wordindex.damage(catalogue._database) == []
        items = catalogue.items(catalogue.select_items())
        found = catalogue.findings_of([item.item_id for item in items])
    return sorted((item.path, str(item.locator), item.text) for item in items if item.item_id in found)


def test_captions_are_found_as_those_of_the_corpus_are(index: Path, tmp_path: Path) -> None:
    file = written(
        tmp_path,
        {"path": "coffee.png", "captions": ["a zebra on a saucer", "breakfast"]},
        {"path": "./rocket.jpg", "caption": "an umbrella"},
        {"path": "nowhere.jpg", "caption": "nothing"},
    )
    report = enrich(Captions(file, "hand"), index)
    assert (report.looked_at, report.found, report.known, report.skipped) == (2, 3, 0, ())
    assert captions(index) == [
        ("coffee.png", "caption:1000", "a zebra on a saucer"),
        ("coffee.png", "caption:1001", "breakfast"),
        ("rocket.jpg", "caption:1000", "an umbrella"),
    ]
    with mmsearch.open(index) as library:
        assert library.search('"zebra"', k=1)[0].path == "coffee.png"
        [[*items]] = library.find("coffee.png")
        assert any(item.text == "breakfast" for item in items)
        [overview] = library.overview().enrichments
        assert (overview.enrichment.kind, overview.enrichment.model, overview.contents, overview.findings) == (
            "captions", "hand", 2, 3,
        )  # fmt: skip


def test_a_second_run_looks_at_nothing_again(index: Path, tmp_path: Path) -> None:
    file = written(tmp_path, {"path": "coffee.png", "caption": "a zebra"})
    enrich(Captions(file), index)
    report = enrich(Captions(file), index)
    assert (report.looked_at, report.found, report.known) == (0, 0, 1)


def test_a_new_version_takes_the_place_of_the_old_one(index: Path, tmp_path: Path) -> None:
    file = written(
        tmp_path,
        {"path": "coffee.png", "caption": "a zebra"},
        {"path": "rocket.jpg", "caption": "an umbrella"},
    )
    enrich(Captions(file), index)
    written(tmp_path, {"path": "coffee.png", "caption": "a giraffe"})
    enrich(Captions(file), index)
    assert captions(index) == [("coffee.png", "caption:1000", "a giraffe")]
    with mmsearch.open(index) as library:
        assert len(library.overview().enrichments) == 1


def test_what_was_found_can_be_taken_away(index: Path, tmp_path: Path) -> None:
    enrich(Captions(written(tmp_path, {"path": "coffee.png", "caption": "a zebra"})), index)
    with pytest.raises(UsageError, match="captions"):
        remove_enrichment("ocr", index)
    assert remove_enrichment("captions", index) == 1
    assert captions(index) == []
    with pytest.raises(UsageError, match="no captions to remove"):
        remove_enrichment("captions", index)


def test_an_index_run_keeps_what_fits_and_drops_what_does_not(
    index: Path, small_corpus: Path, tmp_path: Path
) -> None:
    file = written(
        tmp_path,
        {"path": "coffee.png", "caption": "a zebra"},
        {"path": "rocket.jpg", "caption": "an umbrella"},
    )
    enrich(Captions(file), index)
    (small_corpus / "coffee.txt").write_text(
        "a cup\n", encoding="utf-8"
    )  # a sidecar: the picture is the same
    (small_corpus / "coffee.png").rename(small_corpus / "moved.png")
    (small_corpus / "coffee.txt").rename(small_corpus / "moved.txt")
    shutil.copyfile(small_corpus / "chelsea.png", small_corpus / "rocket.jpg")  # another picture
    mmsearch.index(small_corpus, index).close()
    assert captions(index) == [("moved.png", "caption:1000", "a zebra")]
    shutil.copyfile(small_corpus / "moved.png", small_corpus / "copy.png")
    (small_corpus / "moved.png").unlink()
    mmsearch.index(small_corpus, index).close()
    assert captions(index) == [("copy.png", "caption:1000", "a zebra")]


def test_what_was_found_outlives_its_documents_until_compaction(
    index: Path, small_corpus: Path, tmp_path: Path
) -> None:
    enrich(Captions(written(tmp_path, {"path": "coffee.png", "caption": "a zebra"})), index)
    picture = (small_corpus / "coffee.png").read_bytes()
    (small_corpus / "coffee.png").unlink()
    mmsearch.index(small_corpus, index).close()
    assert captions(index) == []
    (small_corpus / "again.png").write_bytes(picture)
    mmsearch.index(small_corpus, index).close()
    assert captions(index) == [("again.png", "caption:1000", "a zebra")]
    (small_corpus / "again.png").unlink()
    mmsearch.index(small_corpus, index).close()
    directory = IndexDirectory.open(index)
    with directory.write_lock():
        compact(directory)
    with Catalogue.open(directory.catalogue_path) as catalogue:
        assert [one.findings for one in catalogue.enrichments()] == [0]


def test_only_what_passes_the_filter_is_looked_at(index: Path, tmp_path: Path) -> None:
    file = written(
        tmp_path,
        {"path": "coffee.png", "caption": "a zebra"},
        {"path": "rocket.jpg", "caption": "an umbrella"},
    )
    assert enrich(Captions(file), index, where='format = "JPEG"').found == 1
    assert [path for path, *_ in captions(index)] == ["rocket.jpg"]
    assert enrich(Captions(file), index).found == 1  # the rest


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "[1]",
        '{"caption": "a"}',
        '{"path": "a", "caption": 3}',
        '{"path": "a", "locator": "x:1", "caption": "a"}',
    ],
)
def test_a_line_that_is_no_record_is_named(index: Path, tmp_path: Path, line: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(f'{{"path": "coffee.png", "caption": "a"}}\n{line}\n', encoding="utf-8")
    with pytest.raises(UsageError, match=r"bad\.jsonl:2: no record"):
        enrich(Captions(file), index)
    assert captions(index) == []
