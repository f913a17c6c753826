"""The command line in this process: quicker than one of its own for each call."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import mmsearch
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


# What a terminal obeys: a color, a title, the clipboard (OSC 52), a C1 cursor, a turned direction, a line of its own.
EVIL = "\x1b[31mred\x1b]0;t\x07\x1b]52;c;aGk=\x07\x9b2J\u202egnp\u2066\r\n  9  99  forged"
OBEYED = ("\x1b", "\x07", "\x9b", "\u202e", "\u2066", "\r", "\x08")


@pytest.fixture(scope="session")
def hostile_corpus(tmp_path_factory: pytest.TempPathFactory, photographs: Path) -> Path:
    """A manifest of two documents whose names, titles, texts and fields hold what terminals obey."""
    folder = tmp_path_factory.mktemp("hostile") / "corpus"
    folder.mkdir()
    name = "cup\x1b]52;c;aGk=\x07\u202e.png"
    shutil.copyfile(photographs / "coffee.png", folder / name)
    shutil.copyfile(photographs / "coffee.png", folder / "again.png")
    (folder / "tea.txt").write_text(
        "A cup of tea [bold]x[/]\n\\ \u202egnp\u2066 :smiley:\n", encoding="utf-8"
    )
    (folder / "bad\x1b[2J.jpg").write_bytes(b"no picture")
    rows = [
        {"path": name, "title": f"a cup {EVIL}", "caption": f"a white cup {EVIL} \x02 \x03", "maker": EVIL},
        {"path": "again.png", "title": "again", "maker": EVIL},
        {"path": "tea.txt", "title": "a:x:b [red]tea[/] \\", "maker": EVIL},
        {"path": "bad\x1b[2J.jpg"},
    ]
    manifest = folder / "records.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return manifest


@pytest.fixture(scope="session")
def hostile_index(tmp_path_factory: pytest.TempPathFactory, hostile_corpus: Path) -> Path:
    directory = tmp_path_factory.mktemp("indexes") / "hostile"
    mmsearch.index(hostile_corpus, directory).close()
    return directory


@pytest.fixture
def own_index(demo_index: Path, tmp_path: Path) -> Path:
    """A copy of the demo's index that a test may write to."""
    return Path(shutil.copytree(demo_index, tmp_path / "own"))
