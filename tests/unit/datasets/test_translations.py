from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.datasets.translations import read_translations
from mmsearch.errors import UsageError

PAIRS = [("a dog", "ein Hund"), ("two cats", "zwei Katzen")]


def write(path: Path, content: str) -> Path:
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(content.encode()))
    else:
        path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pairs.tsv", "a dog\tein Hund\ntwo  cats\tzwei Katzen\tsomebody's note\n"),
        ("pairs.tsv", "\ufeff12\ta dog\t3012\tein Hund\n13\ttwo cats\t3013\tzwei Katzen\n"),
        ("pairs.tsv.gz", "a dog\tein Hund\n\ntwo cats\tzwei Katzen\na dog\tein Hund\n"),
        ("pairs.csv", 'id,en,de\n1,a dog,ein Hund\n2,"two cats","zwei Katzen"\n3,nothing,\n'),
        ("pairs.jsonl", '{"en": "a dog", "de": "ein Hund"}\n{"en": "two cats", "de": "zwei Katzen"}\n'),
        ("pairs.jsonl", '{"en": ["a dog", "two cats"], "de": ["ein Hund", "zwei Katzen"]}\n'),
    ],
)
def test_every_form_gives_the_same_pairs(tmp_path: Path, name: str, content: str) -> None:
    assert read_translations(write(tmp_path / name, content)) == PAIRS


def test_fields_and_splits_choose(tmp_path: Path) -> None:
    records = [
        {"id": "x", "split": "train", "en": "a dog", "fr": "un chien", "de": "ein Hund"},
        {"id": "y", "split": "val", "en": "two cats", "fr": "deux chats", "de": "zwei Katzen"},
    ]
    path = write(tmp_path / "pairs.jsonl", "\n".join(map(json.dumps, records)))
    assert read_translations(path, ("en", "de")) == PAIRS[:1]  # "train", since there is one
    assert read_translations(path, ("en", "de"), "val") == PAIRS[1:]


@pytest.mark.parametrize(
    ("name", "content", "fields", "split", "complaint"),
    [
        ("pairs.tsv", "a dog\tein Hund\nno tab here\n", (), None, "line 2 has no tab"),
        ("pairs.xml", "<tmx/>", (), None, "translations are .tsv, .csv or .jsonl"),
        ("pairs.jsonl", "{", (), None, "can't be read as translations"),
        ("pairs.jsonl", "[1, 2]", (), None, "each line must be an object"),
        ("pairs.jsonl", '{"en": "a dog"}', (), None, "a record lacks two texts"),
        ("pairs.jsonl", '{"en": "a dog", "de": "ein Hund"}', ("en", "fr"), None, "lacks en or fr"),
        ("pairs.jsonl", '{"en": "a dog", "de": "ein Hund"}', ("en",), None, "--fields names"),
        ("pairs.jsonl", '{"en": "a dog", "de": "ein Hund"}', (), "test", "no record of the split 'test'"),
        ("pairs.jsonl", '{"en": ["a", "b"], "de": ["ein"]}', (), None, "as many originals as translations"),
        ("pairs.tsv.gz", "", (), None, "can't be read as translations"),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path, name: str, content: str, fields: tuple[str, ...], split: str | None, complaint: str
) -> None:
    path = tmp_path / name
    path.write_text(content)  # the .gz is none
    if name.endswith(".gz"):
        path.write_bytes(b"plain")
    with pytest.raises(UsageError, match=complaint):
        read_translations(path, fields, split)


@given(st.lists(st.tuples(st.text(), st.text()), max_size=8))
def test_what_is_written_as_json_comes_back(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    path.write_text("".join(json.dumps({"a": a, "b": b}) + "\n" for a, b in pairs))
    clean = [(" ".join(a.split()), " ".join(b.split())) for a, b in pairs]
    expected = list(dict.fromkeys(pair for pair in clean if all(pair)))
    assert read_translations(path, ("a", "b")) == expected
