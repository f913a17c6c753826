from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmsearch.datasets.captioned import Manifest, find_manifest, json_lines, read_captioned
from mmsearch.datasets.members import FolderMembers
from mmsearch.errors import UsageError


def captions(folder: Path, name: str, text: str) -> list[tuple[str, tuple[str, ...]]]:
    found = read_captioned(FolderMembers(folder), Manifest(name, text))
    return [(member.name, member.captions) for member in found]


def test_the_annotators_captions_go_before_the_printed_line(tmp_path: Path) -> None:
    row = {"path": "a.png", "captions": ["a dog"], "caption": "Figure 1", "text": "of a book"}
    assert captions(tmp_path, "records.jsonl", json.dumps(row)) == [("a.png", ("a dog",))]


def test_a_text_stands_in_for_captions(tmp_path: Path) -> None:
    row = {"path": "a.png", "text": "a dog"}
    assert captions(tmp_path, "records.jsonl", json.dumps(row)) == [("a.png", ("a dog",))]


def test_records_of_no_picture_or_no_caption_are_left_out(tmp_path: Path) -> None:
    rows = [{"path": "a.txt", "caption": "one"}, {"path": "b.png"}, {"path": "c.png", "caption": "two"}]
    assert captions(tmp_path, "records.jsonl", "\n".join(map(json.dumps, rows))) == [("c.png", ("two",))]


def test_cells_beyond_the_last_column_are_left_out(tmp_path: Path) -> None:
    assert captions(tmp_path, "m.csv", "path,caption\na.png,one,two,three\n") == [("a.png", ("one",))]


def test_karpathys_json_of_another_shape_is_refused(tmp_path: Path) -> None:
    for text in ("{", "[]", '{"images": 3}', '{"images": [{"sentences": []}]}', "[" * 100_000):
        with pytest.raises(UsageError, match="not a captioned collection"):
            captions(tmp_path, "dataset.json", text)


def test_the_manifest_nearest_to_the_top_is_taken(tmp_path: Path) -> None:
    for name in ("deep/er/records.jsonl", "deep/records.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert find_manifest(FolderMembers(tmp_path)) == "deep/records.jsonl"
    assert find_manifest(FolderMembers(tmp_path / "deep" / "er"), ["other.csv"]) is None


def test_a_line_that_is_no_object_is_named() -> None:
    with pytest.raises(UsageError, match=r"x\.jsonl, line 3: not a JSON object"):
        list(json_lines('{"a": 1}\n\n[2]\n', "x.jsonl"))
