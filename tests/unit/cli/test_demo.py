"""``mmsearch demo``: how the command is called afterwards."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from mmsearch.cli import demo


def test_the_command_is_named_as_it_can_be_called_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    script = tmp_path / ".venv" / "bin" / "mmsearch"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setattr(sys, "argv", [str(script), "demo"])
    assert demo.command_here() == ".venv/bin/mmsearch"
    assert shutil.which(demo.command_here()) is not None
    monkeypatch.setenv("PATH", str(script.parent) + os.pathsep + "/usr/bin")
    assert demo.command_here() == "mmsearch"
    monkeypatch.setattr(sys, "argv", ["/somewhere/mmsearch/__main__.py", "demo"])
    assert demo.command_here() == f"{sys.executable} -m mmsearch"
    away = tmp_path / "a b"
    away.mkdir()
    monkeypatch.chdir(away)
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setattr(sys, "argv", [str(script), "demo"])
    assert demo.command_here() == str(script)


def test_the_corpus_is_written_once_and_then_left_alone(tmp_path: Path, photographs: Path) -> None:
    demo.write_corpus(tmp_path / "corpus", photographs)
    files = sorted(path for path in (tmp_path / "corpus").rglob("*") if path.is_file())
    assert len(files) == 54
    files[-1].write_text("mine", encoding="utf-8")
    demo.write_corpus(tmp_path / "corpus", photographs)
    assert files[-1].read_text(encoding="utf-8") == "mine"
