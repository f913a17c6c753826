"""``mmsearch check``: what is wrong with an index, and its status."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.conftest import Run


def test_a_whole_index_is_well(run: Run, demo_index: Path) -> None:
    found = run("check", "--index", demo_index)
    assert found.exit_code == 0
    assert found.stdout == f"{demo_index}: all is well\n"
    assert json.loads(run("check", "--index", demo_index, "--json").stdout)["problems"] == []


def test_what_is_damaged_is_named_and_mended(run: Run, own_index: Path) -> None:
    (own_index / "backgrounds.json").write_text("{", encoding="utf-8")
    found = run("check", "--index", own_index)
    assert found.exit_code == 4
    assert "backgrounds.json" in found.stdout
    assert f"`mmsearch check --repair --index {own_index}`" in found.stdout
    assert run("check", "--repair", "--index", own_index).exit_code == 0
    assert run("check", "--index", own_index).exit_code == 0
