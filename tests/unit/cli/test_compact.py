"""``mmsearch compact``: an index gets no larger, and answers the same."""

from __future__ import annotations

import json
from pathlib import Path

import mmsearch
from tests.unit.cli.conftest import Run


def test_the_space_of_what_was_removed_is_freed(run: Run, own_index: Path) -> None:
    assert run("remove", "texts/space/*", "--index", own_index).exit_code == 0
    with mmsearch.open(own_index) as library:
        before = library.search("a tabby cat").hits
        assert library.statistics().tombstones
    sizes = json.loads(run("compact", "--index", own_index, "--json").stdout)
    assert sizes["bytes_after"] > 0
    with mmsearch.open(own_index) as library:
        assert not library.statistics().tombstones
        assert [hit.path for hit in library.search("a tabby cat")] == [hit.path for hit in before]
    assert " before, " in run("compact", "--index", own_index).stdout
