"""Ctrl-C and SIGTERM end a run with one line; arguments that are no text are refused with one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

import mmsearch
from mmsearch.store.check import check

REPOSITORY = Path(__file__).parents[2]
PICTURES = 300
FIRST_BATCH = 32 * 384 * 2  # bytes
VERBS = (
    "index",
    "query",
    "recommend",
    "ask",
    "tag",
    "duplicates",
    "show",
    "stats",
    "check",
    "remove",
    "compact",
)


def start(*arguments: str | bytes | Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "mmsearch", *arguments],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    for n in range(PICTURES):
        Image.new("RGB", (48, 48), (n % 256, n // 256, 7)).save(folder / f"{n:03}.png")
    return folder


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_ends_a_run_with_one_line_and_what_was_finished_is_kept(
    tmp_path: Path, corpus: Path, number: signal.Signals, status: int, said: str
) -> None:
    process = start("index", corpus, "--index", tmp_path / "i", "--workers", "1")
    shards = tmp_path / "i" / "vectors"
    for _ in range(3000):  # until something is finished
        if any(file.stat().st_size > 2 * FIRST_BATCH for file in shards.glob("*/image-0.f16")):
            break  # the third batch is being written: the catalogue has the first
        time.sleep(0.01)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == status
    assert told.decode().startswith(f"mmsearch: {said}; what was finished is kept")
    assert len(told.splitlines()) == 1
    assert [problem for problem in check(tmp_path / "i") if not problem.repairable] == []
    with mmsearch.index(corpus, tmp_path / "i") as library:
        assert library.report is not None
        assert library.report.unchanged > 0
        assert library.statistics().items == {"image": PICTURES}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("argument", [b"caf\xe9", b"half \xed\xa0\x80"])
def test_an_argument_that_is_no_utf8_is_refused_by_every_verb(verb: str, argument: bytes) -> None:
    _, told = (process := start(verb, argument)).communicate(timeout=60)
    assert process.returncode == 2
    assert len(told.splitlines()) == 1
    assert b"UTF-8" in told


def test_half_a_character_in_a_query_is_refused(tmp_path: Path, demo_index: Path) -> None:
    (tmp_path / "q.json").write_text('{"text": "caf\\ud800"}')
    process = start("query", "--json-query", tmp_path / "q.json", "--index", demo_index)
    _, told = process.communicate(timeout=60)
    assert (process.returncode, len(told.splitlines())) == (2, 1)
    assert b"half a character" in told
