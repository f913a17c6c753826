"""What many tests share: real photographs, a small corpus, an index of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import mmsearch
from mmsearch.cli.demo import write_corpus

REPOSITORY = Path(__file__).parents[1]

# How often a property is tried that does not say so itself: `make fuzz` has the time for the second.
settings.register_profile("usual", max_examples=300, deadline=None)
settings.register_profile("fuzz", max_examples=100_000, deadline=None, print_blob=True)
settings.load_profile("usual")


@pytest.fixture(scope="session")
def photographs() -> Path:
    """The folder of scikit-image's photographs."""
    skimage = pytest.importorskip("skimage", reason="scikit-image's photographs come with the demo extra")
    return Path(skimage.__file__).parent / "data"


@pytest.fixture(scope="session")
def demo_corpus(tmp_path_factory: pytest.TempPathFactory, photographs: Path) -> Path:
    """The demo's corpus. Read only: a test that changes files works on a copy."""
    folder = tmp_path_factory.mktemp("demo") / "corpus"
    write_corpus(folder, photographs)
    return folder


@pytest.fixture(scope="session")
def demo_index(tmp_path_factory: pytest.TempPathFactory, demo_corpus: Path) -> Path:
    """An index of the demo's corpus. Read only."""
    directory = tmp_path_factory.mktemp("indexes") / "demo"
    mmsearch.index(demo_corpus, directory).close()
    return directory


@pytest.fixture
def library(demo_index: Path) -> Iterator[mmsearch.Library]:
    with mmsearch.open(demo_index) as opened:
        yield opened


@pytest.fixture
def small_corpus(tmp_path: Path, photographs: Path) -> Path:
    """Three photographs and two texts that a test may change."""
    folder = tmp_path / "corpus"
    (folder / "texts").mkdir(parents=True)
    for name in ("coffee.png", "chelsea.png", "rocket.jpg"):
        shutil.copyfile(photographs / name, folder / name)
    (folder / "texts" / "moon.txt").write_text("The Moon is far away.\n", encoding="utf-8")
    (folder / "texts" / "tea.txt").write_text("Green tea turns bitter.\n", encoding="utf-8")
    return folder


Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """Runs the real command in a process of its own, in an empty folder."""

    def run(*arguments: str | Path, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "120", "NO_COLOR": "1"}
        environment.pop("MMSEARCH_INDEX", None)
        finished = subprocess.run(
            [sys.executable, "-m", "mmsearch", *map(str, arguments)],
            input=stdin,
            capture_output=True,
            cwd=tmp_path,
            env=environment,
            timeout=300,
            check=False,
        )
        return subprocess.CompletedProcess(
            finished.args,
            finished.returncode,
            finished.stdout.decode("utf-8"),
            finished.stderr.decode("utf-8"),
        )

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
