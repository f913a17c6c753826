"""The real command: what it prints, and that a signal ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("watchfiles", reason="watching comes with the watch extra")

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("number", "status", "said"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_line_a_run_until_a_signal_ends_it(
    small_corpus: Path, tmp_path: Path, number: signal.Signals, status: int, said: str
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "mmsearch", "watch", small_corpus, "--index", tmp_path / "i", "--json"],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert json.loads(process.stdout.readline())["added"] == 5
        (small_corpus / "zebra.txt").write_text("A zebra.\n")
        assert json.loads(process.stdout.readline())["added"] == 1
        (small_corpus / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
        [skipped] = json.loads(process.stdout.readline())["skipped"]
        assert skipped["path"] == "broken.jpg"
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == status
    assert told.startswith(f"mmsearch: {said}; what was finished is kept")
    assert len(told.splitlines()) == 1
