"""``mmsearch tag``: labels from a file or standard input."""

from __future__ import annotations

import json
from pathlib import Path

import mmsearch
from mmsearch.errors import UsageError
from tests.unit.cli.conftest import Run

LABELS = b"# animals\ncat = kitten, tabby cat\nrocket\n"


def test_a_dry_run_shows_what_would_be_written(run: Run, own_index: Path) -> None:
    asked = ("tag", "--labels", "-", "--index", own_index)
    printed = run(*asked, "--dry-run", stdin=LABELS).stdout
    assert "would get tags" in printed
    assert "field" not in printed
    with mmsearch.open(own_index) as library:
        assert "tags" not in library.fields()
    report = json.loads(run(*asked, "--json", stdin=LABELS).stdout)
    assert report["changed"] == report["tagged"] > 0
    with mmsearch.open(own_index) as library:
        assert dict(library.facets("tags"))["cat"] == report["labels"]["cat"]


def test_labels_that_cannot_be_read_are_said(run: Run, own_index: Path, tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9\n")
    for source, said in (("nowhere.txt", "can't be read"), ("latin.txt", "is not UTF-8")):
        error = run("tag", "--labels", source, "--index", own_index).exception
        assert isinstance(error, UsageError)
        assert said in str(error)
