from __future__ import annotations

import json
from pathlib import Path

import pytest

from mmsearch.datasets.beir import TextDocument, read_beir
from mmsearch.datasets.members import FolderMembers
from mmsearch.errors import UsageError


def lines(*records: dict[str, str]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def fill(folder: Path) -> FolderMembers:
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text(lines({"_id": "d1", "title": "T", "text": "one"}, {"_id": "d2"}))
    (folder / "queries.jsonl").write_text(lines({"_id": "q1", "text": "uno"}, {"_id": "q2", "text": "dos"}))
    (folder / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t2\n")
    return FolderMembers(folder)


def test_queries_without_a_judgement_are_left_out(tmp_path: Path) -> None:
    collection = read_beir(fill(tmp_path), "corpus.jsonl", "c", None)
    assert collection.documents == {"d1": TextDocument("T", "one"), "d2": TextDocument("", "")}
    assert collection.queries == {"q1": "uno"}
    assert collection.qrels == {"q1": {"d1": 2}}


def test_a_split_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no qrels/dev\.tsv"):
        read_beir(fill(tmp_path), "corpus.jsonl", "c", "dev")


def test_a_line_without_an_id_is_refused(tmp_path: Path) -> None:
    members = fill(tmp_path)
    (tmp_path / "queries.jsonl").write_text('{"text": "uno"}\n')
    with pytest.raises(UsageError, match=r"queries\.jsonl has a line without _id"):
        read_beir(members, "corpus.jsonl", "c", None)
