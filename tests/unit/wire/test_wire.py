"""Each shape is JSON's own values, says its version, and holds what the value does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

import mmsearch
from mmsearch.wire.answers import answers_as_json
from mmsearch.wire.documents import documents_as_json
from mmsearch.wire.duplicates import duplicates_as_json, kind_of
from mmsearch.wire.overview import overview_as_json
from mmsearch.wire.results import recommended_as_json, results_as_json
from mmsearch.wire.tags import tags_as_json

SHAPES = {
    "results": lambda library: results_as_json(library.search("green tea"), text="green tea", explain=True),
    "recommended": lambda library: recommended_as_json(
        library.recommend("photos/photo-04.png"), explain=True
    ),
    "answers": lambda library: answers_as_json(library.ask("how long does the guarantee last?")),
    "tags": lambda library: tags_as_json(library.tag(["cat", "tea"], single=True, cutoff=None, dry_run=True)),
    "duplicates": lambda library: duplicates_as_json(library.duplicates(exact_only=True)),
    "documents": lambda library: documents_as_json(library.find("photos/photo-04.png")),
    "overview": lambda library: overview_as_json(library.overview()),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_json_of_version_one(library: mmsearch.Library, name: str) -> None:
    written: Mapping[str, Any] = SHAPES[name](library)
    assert next(iter(written.items())) == ("version", 1)
    assert json.loads(json.dumps(written, allow_nan=False)).keys() == written.keys()


def test_an_answer_is_written_with_its_places(library: mmsearch.Library) -> None:
    answers = library.ask("how long does the guarantee last?")
    [first, *_] = answers_as_json(answers)["answers"]
    assert first["text"][first["start"] : first["end"]] == first["sentence"] == answers[0].sentence


def test_tags_are_written_by_document(library: mmsearch.Library) -> None:
    report = library.tag(["cat", "tea"], single=True, cutoff=None, dry_run=True)
    written = tags_as_json(report)
    assert written["documents"] == written["tagged"] == len(written["tags"]) == 54
    assert {entry["path"] for entry in written["tags"]} == set(report.paths.values())


def test_the_kind_of_a_group_is_told_by_its_contents(library: mmsearch.Library) -> None:
    report = library.duplicates(exact_only=True)
    assert [entry["kind"] for entry in duplicates_as_json(report)["groups"]] == [
        kind_of(g) for g in report.groups
    ]


def test_a_document_is_written_with_its_items(library: mmsearch.Library) -> None:
    [items] = library.find("photos/photo-04.png")
    [written] = documents_as_json([items])["documents"]
    assert written["fields"] == dict(items[0].fields)
    assert [one["item_id"] for one in written["items"]] == [one.item_id for one in items]
