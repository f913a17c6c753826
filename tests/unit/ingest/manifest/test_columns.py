"""Columns of a manifest by other names."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmsearch.errors import UsageError
from mmsearch.ingest.crawl import CrawlOptions, crawl
from mmsearch.ingest.manifest.columns import parse_columns
from mmsearch.ingest.sources import Skipped, Source


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def sources(path: Path, *given: str) -> list[Source]:
    results = list(crawl(path, CrawlOptions(columns=parse_columns(given))))
    assert [one for one in results if isinstance(one, Skipped)] == []
    return [one for one in results if isinstance(one, Source)]


def test_mapped_columns_of_a_table_are_what_they_are_called(folder: Path) -> None:
    table = folder / "katalog.csv"
    table.write_text(
        "Datei;Titel;Beschreibung, kurz;Jahr\na.jpg;Hund;Ein Hund rennt;1999\n", encoding="utf-8"
    )
    (source,) = sources(table, "path=Datei,title=titel", "caption=Beschreibung, kurz,year=Jahr")
    assert (source.path, source.title, source.captions) == ("a.jpg", "Hund", ("Ein Hund rennt",))
    assert source.fields == {"year": 1999}


def test_mapped_keys_of_json_lines_too_and_several_columns_may_be_captions(folder: Path) -> None:
    path = folder / "x.jsonl"
    path.write_text('{"Datei": "a.jpg", "de": "Hund", "en": "dog"}\n{"Datei": "b.jpg"}\n', encoding="utf-8")
    first, second = sources(path, "path=Datei,caption=de,caption=en")
    assert (first.captions, second.path) == (("Hund", "dog"), "b.jpg")


def test_another_name_for_a_column_makes_another_stamp(folder: Path) -> None:
    table = folder / "katalog.csv"
    table.write_text("path,Titel\na.jpg,Hund\n", encoding="utf-8")
    (plain,), (named,) = sources(table), sources(table, "title=Titel")
    assert plain.stamp != named.stamp
    assert (plain.fields, named.fields) == ({"Titel": "Hund"}, {})


def test_a_column_that_is_not_there_is_told(folder: Path) -> None:
    table = folder / "katalog.csv"
    table.write_text("path,Titel\na.jpg,Hund\n", encoding="utf-8")
    with pytest.raises(UsageError, match="no column 'name' to map; there are path, Titel"):
        sources(table, "title=Name")
    path = folder / "x.jsonl"
    path.write_text('{"path": "a.jpg"}\n', encoding="utf-8")
    *_, told = crawl(path, CrawlOptions(columns=parse_columns(["title=Name"])))
    assert told == Skipped("x.jsonl:1", "no record has a 'name' to map")


@pytest.mark.parametrize("given", ["title", "title=", "=Titel", "title=A,caption=a"])
def test_what_maps_nothing_is_refused(given: str) -> None:
    with pytest.raises(UsageError):
        parse_columns([given])
