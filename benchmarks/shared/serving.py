"""`mmsearch serve` in a process of its own, and others that ask it or search beside it, told by lines what to do.

`python -m benchmarks.shared.serving asks ADDRESS` and `... searches INDEX` are those others: each reads lines
``SECONDS THREADS SEED REPEATED`` and answers each with a line of JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks.shared.data import sentences
from benchmarks.shared.processes import REPOSITORY, environment

# Queries of one seed: more than are asked in a slice.
MOST_QUERIES = 4_000


class Server:
    """A service of the index at ``index``, and what its process has used."""

    def __init__(self, index: Path) -> None:
        command = [sys.executable, "-m", "mmsearch", "serve", "--index", str(index), "--port", "0"]
        started = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.start_seconds = time.perf_counter() - started
        self.start_cpu = self.cpu_seconds
        found = re.search(r"http://([\d.]+):(\d+)/", line)
        if found is None:
            raise RuntimeError(f"the service did not start: {line!r}")
        self.host, self.port = found[1], int(found[2])

    @property
    def cpu_seconds(self) -> float:
        """Processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def resident_mb(self) -> float:
        """Resident memory in 10**6 bytes."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def stop(self) -> int:
        """Stop it in good order; its exit status."""
        self.process.terminate()
        return self.process.wait(30)


class Other:
    """A process that does its work when it is told to."""

    def __init__(self, *words: str) -> None:
        command = [sys.executable, "-m", "benchmarks.shared.serving", *words]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
            cwd=REPOSITORY,
        )

    def run(self, seconds: float, threads: int, seed: int, repeated: float = 0.0) -> dict[str, Any]:
        """What came of ``seconds`` with so many ``threads``, a share of whose queries is ``repeated``."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{seconds} {threads} {seed} {repeated}\n")
        self.process.stdin.flush()
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found

    def stop(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)


class Client:
    """One connection to a service that is kept open."""

    def __init__(self, host: str, port: int) -> None:
        self._connection = HTTPConnection(host, port, timeout=60)

    def ask(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
    ) -> dict[str, Any]:
        """The JSON that is answered; RuntimeError for an error."""
        self._connection.request(method, path, body, {} if body is None else {"Content-Type": kind})
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{answer.status}: {content[:200]!r}")
        found: dict[str, Any] = json.loads(content)
        return found

    def search(self, text: str) -> dict[str, Any]:
        """The answer to a text."""
        return self.ask("POST", "/api/v1/search", json.dumps({"text": text}).encode())

    def search_by_picture(self, data: bytes) -> dict[str, Any]:
        """Send a picture, then search by it, as the page does."""
        body = (
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="p.jpg"\r\n\r\n'
            + data
            + b"\r\n--b--\r\n"
        )
        kept = self.ask("POST", "/api/v1/pictures", body, "multipart/form-data; boundary=b")
        return self.ask("POST", "/api/v1/search", json.dumps({"pictures": [kept["picture"]]}).encode())


def _slices(make: Callable[[], Callable[[str], object]]) -> None:
    """Do what each line of standard input says; ``make`` gives what a thread does with a text."""
    for line in sys.stdin:
        seconds, threads, seed, repeated = line.split()
        print(json.dumps(_slice(make, float(seconds), int(threads), int(seed), float(repeated))), flush=True)


def _slice(
    make: Callable[[], Callable[[str], object]], seconds: float, threads: int, seed: int, repeated: float
) -> dict[str, Any]:
    texts = _texts(seed, repeated)
    lock = threading.Lock()
    times: list[float] = []
    errors: list[str] = []
    until = time.perf_counter() + seconds

    def work() -> None:
        do = make()
        while True:
            with lock:
                text = next(texts, None)
            started = time.perf_counter()
            if text is None or started >= until:
                return
            try:
                do(text)
            except Exception as error:
                errors.append(repr(error))
            times.append(time.perf_counter() - started)

    before, started = time.process_time(), time.perf_counter()
    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - before,
        "times": [round(one, 5) for one in times],
        "errors": errors[:5],
    }


def _texts(seed: int, repeated: float) -> Iterator[str]:
    """Different texts, of which a share was asked before (those of the last 200)."""
    known: list[str] = []
    every = int(1 / repeated) if repeated else 0
    for number, text in enumerate(sentences(MOST_QUERIES, seed)):
        known.append(text)
        yield text
        if every and number % max(1, every - 1) == 0:
            yield known[-1 - (number * 7) % min(len(known), 200)]


def main() -> None:
    """Ask a service, or search an index, as the lines say."""
    what, where = sys.argv[1:]
    if what == "asks":
        host, _, port = where.partition(":")
        clients = threading.local()

        def ask() -> Callable[[str], object]:
            clients.one = Client(host, int(port))
            search: Callable[[str], object] = clients.one.search
            return search

        _slices(ask)
        return
    import mmsearch

    with mmsearch.open(where) as library, contextlib.suppress(BrokenPipeError):
        library.search("a photograph")
        _slices(lambda: library.search)


if __name__ == "__main__":
    main()
