"""The command line in this process: quicker than one of its own for each call."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mmsearch.cli.main import application

Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a verb in an empty folder; what it printed is in ``stdout``, what it raised in ``exception``."""
    monkeypatch.delenv("MMSEARCH_INDEX", raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(application(), list(map(str, arguments)), input=stdin)

    return run


@pytest.fixture
def own_index(demo_index: Path, tmp_path: Path) -> Path:
    """A copy of the demo's index that a test may write to."""
    return Path(shutil.copytree(demo_index, tmp_path / "own"))
