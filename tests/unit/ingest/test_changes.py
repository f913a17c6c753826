from __future__ import annotations

from pathlib import Path

from mmsearch.ingest.changes import plan_run
from mmsearch.ingest.sources import Skipped, Source
from mmsearch.store.catalogue.values import KnownDocument


def source(path: str, stamp: str = "1") -> Source:
    return Source(path=path, stamp=stamp, picture=Path(path), text=None, captions=(), title=None, fields={})


def known(**stamps: str) -> dict[str, KnownDocument]:
    return {path: KnownDocument(n, stamp, True) for n, (path, stamp) in enumerate(stamps.items())}


def test_a_source_with_the_same_stamp_is_not_read_again() -> None:
    plan = plan_run([source("a"), source("b", "2"), source("c")], known(a="1", b="1"))
    assert [entry.path for entry in plan.to_read] == ["b", "c"]
    assert plan.unchanged == 1


def test_a_document_without_vectors_of_this_encoder_is_read_again() -> None:
    plan = plan_run([source("a")], {"a": KnownDocument(7, "1", False)})
    assert [entry.path for entry in plan.to_read] == ["a"]


def test_verify_reads_everything() -> None:
    plan = plan_run([source("a")], known(a="1"), verify=True)
    assert [entry.path for entry in plan.to_read] == ["a"]


def test_what_was_not_found_is_gone() -> None:
    plan = plan_run([source("a")], known(a="1", b="1"))
    assert plan.gone == {"b": 1}


def test_a_file_that_can_not_be_read_now_keeps_its_document() -> None:
    plan = plan_run([Skipped("a", "permission denied")], known(a="1"))
    assert plan.gone == {}
    assert [entry.path for entry in plan.skipped] == ["a"]


def test_a_folder_that_can_not_be_entered_keeps_what_was_made_of_it() -> None:
    stamps = {"scans/a": KnownDocument(1, "1", True), "scansion": KnownDocument(2, "1", True)}
    plan = plan_run([Skipped("scans/", "permission denied")], stamps)
    assert plan.gone == {"scansion": 2}
