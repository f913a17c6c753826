"""``mmsearch duplicates``: groups for a person, the one to keep first."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import mmsearch
from mmsearch.errors import UsageError
from tests.unit.cli.conftest import Run


@pytest.fixture
def index(small_corpus: Path, tmp_path: Path) -> Path:
    shutil.copyfile(small_corpus / "coffee.png", small_corpus / "again.png")
    mmsearch.index(small_corpus, tmp_path / "i").close()
    return tmp_path / "i"


def test_groups_are_listed_with_what_they_could_spare(run: Run, index: Path) -> None:
    printed = run("duplicates", "--exact", "--index", index).stdout
    assert printed.splitlines()[0].startswith("2 exact  ")
    assert {line.split()[-1] for line in printed.splitlines()[1:3]} == {"coffee.png", "again.png"}
    [group] = json.loads(run("duplicates", "--exact", "--index", index, "--json").stdout)["groups"]
    assert group["kind"] == "exact"
    assert group["spare_bytes"] == group["members"][0]["size"]


def test_one_form_at_a_time(run: Run, index: Path) -> None:
    error = run("duplicates", "--json", "--tsv", "--index", index).exception
    assert isinstance(error, UsageError)


def test_a_filter_that_nothing_passes_is_named(run: Run, index: Path) -> None:
    printed = run("duplicates", "--exact", "--path", "nowhere/*", "--index", index).stdout
    assert printed.splitlines() == ["nothing in this index passes path:nowhere/*", "No duplicates."]
