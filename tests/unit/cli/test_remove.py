"""``mmsearch remove``: out of the index, not off the disk."""

from __future__ import annotations

import json
from pathlib import Path

import mmsearch
from mmsearch.errors import UsageError
from tests.unit.cli.conftest import Run


def test_documents_go_by_path_and_by_glob(run: Run, own_index: Path) -> None:
    assert json.loads(run("remove", "photos/photo-04.png", "--index", own_index, "--json").stdout) == {
        "removed": 1
    }
    assert run("remove", "texts/space/*", "--index", own_index).stdout.startswith("removed ")
    with mmsearch.open(own_index) as library:
        assert not library.find("photos/photo-04.png")
    assert isinstance(run("remove", "nothing.png", "--index", own_index).exception, UsageError)
