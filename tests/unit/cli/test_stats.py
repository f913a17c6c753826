"""``mmsearch stats``: what an index holds, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.conftest import Run


def test_counts_are_the_same_in_both_forms(run: Run, demo_index: Path) -> None:
    counted = json.loads(run("stats", "--index", demo_index, "--json").stdout)
    printed = run("stats", "--index", demo_index).stdout
    assert counted["version"] == 1
    assert printed.startswith(f"{demo_index}: {counted['documents']} documents, 18 images, 36 texts, ")
    assert {entry["encoder"] for entry in counted["vectors"]} == {"pocket"}
    for entry in counted["vectors"]:
        assert f"{entry['rows']} {entry['modality']} vectors ({entry['dimensions']} dimensions" in printed
    assert all(name in printed for name in counted["fields"])
