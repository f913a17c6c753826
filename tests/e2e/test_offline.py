"""What is searched stays here: nothing is written into the home of who searches, and nobody is called."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
# Prints what Python itself would tell of sockets: each address that is looked up or connected to.
WATCHED = """
import sys
sys.addaudithook(lambda event, given: event in ("socket.connect", "socket.getaddrinfo") and print(event, given))
from mmsearch.__main__ import main
main()
"""


@pytest.mark.parametrize("verb", ["index", "query"])
def test_nothing_is_written_at_home_and_nobody_is_called(
    verb: str, small_corpus: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "PYTHONPATH": str(REPOSITORY), "NO_COLOR": "1"}
    for name in (
        "CI",
        "GITHUB_ACTIONS",
        "TF_BUILD",
        "XDG_CACHE_HOME",
        "ORT_DISABLE_TELEMETRY",
        "MMSEARCH_INDEX",
    ):
        environment.pop(name, None)  # ONNX Runtime is silent in tests of its own accord

    def run(*arguments: str) -> str:
        command = [sys.executable, "-c", WATCHED, *arguments, "--index", str(tmp_path / "i")]
        done = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return done.stdout

    told = run("index", str(small_corpus))
    if verb == "query":
        told += run("query", "a cup of coffee")
    assert "socket." not in told
    assert [str(file.relative_to(home)) for file in home.rglob("*")] == []
