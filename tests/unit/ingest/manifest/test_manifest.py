"""Records of a manifest become documents; a record that can't is told with its line."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.ingest.crawl import CrawlOptions, crawl
from mmsearch.ingest.manifest.records import cell_value, read_record
from mmsearch.ingest.sources import Skipped, Source
from mmsearch.media.limits import Limits

DATA = Path(__file__).parents[5] / "shared" / "data"


@pytest.fixture
def folder(corpus: Path) -> Path:
    (corpus / "images").mkdir()
    for name in ("images/a.jpg", "images/b.jpg", "letter.txt", "unmentioned.jpg"):
        (corpus / name).write_bytes(b"x")
    return corpus


def jsonl(folder: Path, *records: Any, name: str = "records.jsonl") -> list[Source | Skipped]:
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    (folder / name).write_text("\n".join(lines) + "\n", "utf-8")
    return list(crawl(folder))


def table(folder: Path, text: str, encoding: str = "utf-8") -> list[Source | Skipped]:
    (folder / "manifest.csv").write_bytes(text.encode(encoding))
    return list(crawl(folder))


def sources(results: list[Source | Skipped]) -> list[Source]:
    assert [r for r in results if isinstance(r, Skipped)] == []
    return [r for r in results if isinstance(r, Source)]


def test_a_record_ties_a_picture_texts_and_fields_into_one_document(folder: Path) -> None:
    (source,) = sources(
        jsonl(
            folder,
            {
                "path": "images/a.jpg", "file": "letter.txt", "text": "Written on the back.", "title": "A dog",
                "captions": ["A dog runs .", "A brown dog"], "caption": "Rex", "year": 2011, "price": 1.5,
                "sold": False, "tags": ["dog", 3, None], "note": None, "empty": "", "nested": {"x": 1}, "id": "X7",
            },
        )
    )  # fmt: skip
    assert source.path == "images/a.jpg"
    assert (source.picture, source.text) == (folder / "images" / "a.jpg", folder / "letter.txt")
    assert source.captions == ("A dog runs .", "A brown dog", "Rex")
    assert (source.title, source.body) == ("A dog", "Written on the back.")
    assert source.fields == {"year": 2011, "price": 1.5, "sold": False, "tags": "dog; 3", "id": "X7"}
    assert [type(v) for v in source.fields.values()] == [int, float, bool, str, str]


def test_a_manifest_folder_holds_its_records_and_nothing_else(folder: Path) -> None:
    assert [s.path for s in jsonl(folder, {"path": "images/b.jpg"})] == ["images/b.jpg"]


@pytest.mark.parametrize(
    "name", ["records.jsonl", "manifest.jsonl", "metadata.jsonl", "manifest.csv", "metadata.csv"]
)
def test_every_name_of_a_manifest_is_known_also_in_a_folder_below(folder: Path, name: str) -> None:
    below = folder / "below"
    (folder / "images").rename(below)
    lines = {"jsonl": '{"file_name": "a.jpg"}\n', "csv": "file_name\na.jpg\n"}
    (below / name).write_text(lines[name.rpartition(".")[2]])
    found = sources(list(crawl(folder)))
    assert [s.path for s in found] == ["below/a.jpg", "letter.txt", "unmentioned.jpg"]
    assert found[0].picture == below / "a.jpg"


def test_a_manifest_may_be_the_corpus_itself(folder: Path) -> None:
    path = folder / "my list.csv"
    path.write_text("image,title\nimages/a.jpg,A dog\n")
    assert [(s.path, s.title) for s in sources(list(crawl(path)))] == [("images/a.jpg", "A dog")]


def test_several_records_of_one_picture_are_numbered(folder: Path) -> None:
    results = jsonl(
        folder, *[{"path": "images/a.jpg", "caption": c} for c in "xyz"], {"path": "images/b.jpg"}
    )
    assert [s.path for s in sources(results)] == [
        "images/a.jpg",
        "images/a.jpg#2",
        "images/a.jpg#3",
        "images/b.jpg",
    ]
    assert [s.captions for s in sources(results)] == [("x",), ("y",), ("z",), ()]


def test_a_record_without_a_file_is_named_by_its_id_or_its_line(folder: Path) -> None:
    results = jsonl(
        folder, {"text": "One."}, {"id": 7, "caption": "Two"}, {"title": "Three"}, {"id": 7, "text": "4"}
    )
    paths = ["records.jsonl#1", "records.jsonl#7", "records.jsonl#3", "records.jsonl#7#2"]
    assert [s.path for s in sources(results)] == paths


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"path": "images/none.jpg"}, "images/none.jpg does not exist"),
        ({"path": "../secret.jpg"}, "../secret.jpg leads out of the corpus"),
        ({"path": "images/../../secret.jpg"}, "images/../../secret.jpg leads out of the corpus"),
        ({"path": "..\\secret.jpg"}, "..\\secret.jpg leads out of the corpus"),
        ({"path": "/etc/passwd"}, "/etc/passwd leads out of the corpus"),
        ({"path": "C:\\photos\\a.jpg"}, "C:\\photos\\a.jpg leads out of the corpus"),
        ({"image": "https://x.org/a.jpg"}, "https://x.org/a.jpg is an address: only files of the corpus are read"),
        ({"path": "song.xyz"}, "song.xyz is of no kind that is read"),
        ({"path": "images"}, "images is of no kind that is read"),
        ({"path": "empty.jpg"}, "empty.jpg: empty file"),
        ({"path": "fifo.jpg"}, "fifo.jpg: a FIFO, not a file"),
        ({"path": "loop.jpg"}, "loop.jpg can't be read: a symbolic link that leads back to itself"),
        ({"path": "images/a.jpg/b.jpg"}, "images/a.jpg/b.jpg does not exist"),
        ({"path": "a" * 300 + ".jpg"}, "a" * 300 + ".jpg can't be read: its path is too long"),
        ({"path": "images/a.jpg", "image": "images/b.jpg"}, "names two pictures: use a record for each"),
        ({"year": 1999}, "names no picture, text, caption or title"),
        ({}, "names no picture, text, caption or title"),
        ('{"path": "images/a.jpg"', "not valid JSON: expecting ',' delimiter at column 24"),
        ('["images/a.jpg"]', "not a JSON object"),
        ('{"path": "images/a.jpg", "x": ' + "9" * 5000 + "}", "not valid JSON: a number of thousands of digits"),
    ],
)  # fmt: skip
def test_a_record_that_can_not_be_a_document_is_told_with_its_line(
    folder: Path, record: Any, reason: str
) -> None:
    (folder / "song.xyz").write_bytes(b"x")
    (folder / "empty.jpg").touch()
    (folder / "loop.jpg").symlink_to("loop.jpg")
    os.mkfifo(folder / "fifo.jpg")
    results = jsonl(folder, {"path": "images/a.jpg"}, "", record, {"path": "images/b.jpg"})
    assert results[1] == Skipped("records.jsonl:3", reason)
    assert [r.path for r in results] == ["images/a.jpg", "records.jsonl:3", "images/b.jpg"]


def test_lines_that_are_no_utf8_or_too_long_are_told(folder: Path) -> None:
    long = b'{"text": "' + b"x" * 5000 + b'"}'
    lines = [
        b'\xef\xbb\xbf{"path": "images/a.jpg"}',
        b'{"title": "caf\xe9"}',
        long,
        b'{"path": "images/b.jpg"}',
    ]
    (folder / "records.jsonl").write_bytes(b"\r\n".join(lines))
    results = list(crawl(folder, CrawlOptions(limits=Limits(max_text_bytes=1000))))
    assert [r.path for r in results] == ["images/a.jpg", "records.jsonl:2", "records.jsonl:3", "images/b.jpg"]
    assert [r.reason for r in results if isinstance(r, Skipped)] == [
        "not valid UTF-8",
        "a line of more than 1000 bytes",
    ]


def test_a_manifest_that_is_none_is_told_and_the_folder_crawled(folder: Path) -> None:
    useless = "a table without a column named path, image, file, text, title or caption"
    for name, content, reason in (
        ("records.jsonl", bytes(range(256)) * 4, "binary data, not text"),
        ("metadata.csv", b"gene,length\nBRCA1,81189\n", useless),
        ("manifest.csv", b"", useless),
    ):
        (folder / name).write_bytes(content)
        results = list(crawl(folder))
        assert results[0] == Skipped(name, reason)
        assert [r.path for r in results[1:]] == [
            "images/a.jpg",
            "images/b.jpg",
            "letter.txt",
            "unmentioned.jpg",
        ]
        (folder / name).unlink()


def test_csv_rows_are_read_with_their_lines(folder: Path) -> None:
    results = table(
        folder,
        'Path,Title,caption,captions,year,zip,price,note\r\n'
        'images/a.jpg,"A dog,\r\nrunning",Rex,"[""One"", ""Two""]",1999,00501,1.50,\r\n'
        "\r\n"
        "images/none.jpg,,,,,,,\r\n"
        "images/b.jpg,B\r\n"
        "images/b.jpg,B,,,,,,,and,more\r\n",
    )  # fmt: skip
    first, missing, short, wide = results
    assert isinstance(first, Source)
    assert (first.title, first.captions) == ("A dog,\r\nrunning", ("Rex", "One", "Two"))
    assert first.fields == {"year": 1999, "zip": "00501", "price": "1.50"}
    assert missing == Skipped("manifest.csv:5", "images/none.jpg does not exist")
    assert isinstance(short, Source)
    assert (short.path, short.title, short.fields) == ("images/b.jpg", "B", {})
    assert wide == Skipped("manifest.csv:7", "10 cells under 8 columns")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_of_other_systems_is_read(folder: Path, encoding: str, delimiter: str) -> None:
    place = "Der Wald über Köln, größer als früher; mit Blick auf die Straße nach Süden"
    rows = [["path", "place"], ["images\\a.jpg", f'"{place}"'], ["./images//b.jpg", "x"]]
    results = table(folder, "\n".join(delimiter.join(row) for row in rows), encoding)
    assert [(s.path, s.fields["place"]) for s in sources(results)] == [
        ("images/a.jpg", place),
        ("images/b.jpg", "x"),
    ]


@pytest.mark.parametrize("end", [b"\x1a", b"\r\n\x1a", b"\r\n\x1a" + bytes(40)])
def test_what_ends_a_file_of_dos_is_no_record(folder: Path, end: bytes) -> None:
    (folder / "records.jsonl").write_bytes(b'{"caption": "one"}\r\n{"caption": "two"}' + end)
    assert [source.captions for source in sources(list(crawl(folder)))] == [("one",), ("two",)]


def test_accents_are_found_in_either_form_of_unicode(folder: Path) -> None:
    (folder / "caf\u00e9.jpg").write_bytes(b"x")
    (folder / "re\u0301sume\u0301.jpg").write_bytes(b"x")
    results = jsonl(folder, {"path": "cafe\u0301.jpg"}, {"path": "r\u00e9sum\u00e9.jpg"})
    assert [s.path for s in sources(results)] == ["caf\u00e9.jpg", "re\u0301sume\u0301.jpg"]


def test_exclude_patterns_hold_for_records(folder: Path) -> None:
    (folder / "records.jsonl").write_text('{"path": "images/a.jpg"}\n{"path": "images/b.jpg"}\n')
    assert [s.path for s in crawl(folder, CrawlOptions(exclude=("a.*",)))] == ["images/b.jpg"]


def test_a_stamp_changes_with_the_record_and_with_its_files(folder: Path) -> None:
    def stamp(record: dict[str, Any]) -> str:
        (source,) = sources(jsonl(folder, record))
        return source.stamp

    record = {"path": "images/a.jpg", "file": "letter.txt", "year": 1}
    first = stamp(record)
    assert stamp(record) == first
    second = stamp({**record, "year": 2})
    (folder / "letter.txt").write_text("changed")
    assert len({first, second, stamp(record)}) == 3


def test_what_json_lets_through_but_no_file_can_hold_is_replaced() -> None:
    record = read_record(
        {"title": "a\ud800b", "x\0": "c\0d", "text": "\udfff", "big": 2**63, "huge": float("inf")}
    )
    assert (record.title, record.body) == ("a\ufffdb", "\ufffd")
    assert record.fields == {"x\ufffd": "c\ufffdd", "big": str(2**63), "huge": "inf"}


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("7", 7), ("-12", -12), ("0.5", 0.5), ("1e+16", 1e16), ("2011", 2011), (" 3 ", 3),
        ("007", "007"), ("1.50", "1.50"), ("+5", "+5"), ("1e5", "1e5"), ("1_000", "1_000"), ("-0", "-0"),
        ("nan", "nan"), ("inf", "inf"), ("٣", "٣"), ("1,5", "1,5"), ("2020-01-01", "2020-01-01"),
        (str(2**63), str(2**63)), ("", ""),
    ],
)  # fmt: skip
def test_a_cell_is_a_number_only_if_that_number_is_written_so(cell: str, value: Any) -> None:
    assert cell_value(cell) == value
    assert type(cell_value(cell)) is type(value)


@given(st.one_of(st.text(max_size=30), st.integers().map(str), st.floats().map(repr)))
def test_no_cell_loses_anything(cell: str) -> None:
    assert str(cell_value(cell)) == cell.strip()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4),
)


keys = st.sampled_from(["path", "caption", "captions", "title", "text", "id", "year", " Tag "]) | st.text(
    max_size=8
)


@given(st.dictionaries(keys, json_values))
def test_any_record_gives_values_that_the_index_can_hold(values: dict[str, Any]) -> None:
    record = read_record(values)
    texts = [*record.paths, *record.captions, record.title or "x", record.body or "x", *record.fields]
    texts += [value for value in record.fields.values() if isinstance(value, str)]
    for text in texts:
        assert text
        text.encode("utf-8")
        assert "\0" not in text
    for value in record.fields.values():
        assert isinstance(value, str | int | float)
        assert not isinstance(value, int) or abs(value) < 2**63


@pytest.mark.skipif(not DATA.is_dir(), reason="the project's data folder is not here")
@pytest.mark.parametrize(("name", "records"), [("clothing", 300), ("ebooks-test", 202), ("products", 1500)])
def test_the_projects_own_collections_are_manifest_folders(corpus: Path, name: str, records: int) -> None:
    with zipfile.ZipFile(DATA / f"{name}.zip") as archive:
        archive.extractall(corpus)
    found = sources(list(crawl(corpus)))
    assert len(found) == records
    assert all(s.picture is not None and s.path.startswith("images/") and s.fields for s in found)
    expected = {"clothing": "label", "ebooks-test": "alt", "products": "year"}[name]
    assert all(expected in s.fields for s in found)
    assert name != "ebooks-test" or all(s.captions for s in found)
