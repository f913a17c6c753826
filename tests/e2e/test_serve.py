"""The real command: it listens, answers, says what is wrong, and stops in good order."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

import mmsearch
from benchmarks.shared.same import differences, plain
from mmsearch.cluster.splitting import split

pytest.importorskip("fastapi", reason="the service's packages come with the serve extra")

REPOSITORY = Path(__file__).parents[2]
Command = Callable[..., subprocess.CompletedProcess[str]]


@contextmanager
def _served(index: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "mmsearch", "serve", "--index", str(index), "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        found = re.search(r"at (http://\S+)", process.stdout.readline())
        assert found is not None
        yield process, found[1]
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_waits_for_what_is_under_way(demo_index: Path, number: int) -> None:
    with _served(demo_index) as (process, address):
        host, _, port = address.rstrip("/").removeprefix("http://").partition(":")
        asking = [HTTPConnection(host, int(port), timeout=30) for _ in range(12)]
        for place, one in enumerate(asking):
            one.request("GET", f"/api/v1/search?q=rain+number+{place}")
        assert asking[0].getresponse().status == 200
        process.send_signal(number)
        assert [one.getresponse().status for one in asking[1:]] == [200] * 11
        for one in asking:
            one.close()
        assert process.wait(30) == 0


def test_for_other_machines_a_token_is_made_up_and_told(demo_index: Path) -> None:
    with _served(demo_index, "--host", "0.0.0.0") as (process, address):
        assert process.stdout is not None
        token = process.stdout.readline().split()[-1]
        with mmsearch.connect(address, token=token) as remote:
            assert remote.statistics()["documents"] == 54
        with mmsearch.connect(address) as stranger, pytest.raises(mmsearch.MmsearchError, match="token"):
            stranger.search("cat")


def test_a_cluster_is_served_as_an_index_is(demo_index: Path, tmp_path: Path) -> None:
    directory = split(demo_index, tmp_path / "cluster", 3)
    told = []
    for place in (demo_index, directory.manifest_path):
        with _served(place) as (_, address), mmsearch.connect(address) as remote:
            assert remote.statistics()["documents"] == 54
            told.append([plain(remote.search(text).hits) for text in ("a tabby cat", "tea", "xyzzy")])
    assert list(differences(*told)) == []


def test_what_can_not_be_served_is_one_line(command: Command, demo_index: Path, tmp_path: Path) -> None:
    nothing = command("serve", "--index", tmp_path / "nothing")
    assert nothing.returncode == 4
    assert nothing.stderr.count("\n") == 1
    with _served(demo_index) as (_, address):
        port = address.rstrip("/").rpartition(":")[2]
        taken = command("serve", "--index", demo_index, "--port", port)
        assert taken.returncode == 2
        assert "choose another --port" in taken.stderr
    token = tmp_path / "token"
    token.write_text("short")
    refused = command("serve", "--index", demo_index, "--token-file", token)
    assert refused.returncode == 2
    assert "at least 16" in refused.stderr
