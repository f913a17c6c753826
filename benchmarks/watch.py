"""A file put into a watched folder of 10,000 texts, until a search in another process finds it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.shared.data import write_texts
from benchmarks.shared.figures import Figure, at_most

FILES = 10_000
TIMES = 5
LONGEST = 60.0  # seconds that a file is waited for
WORDS = ("zeppelin", "harpsichord", "wolverine", "lighthouse", "marzipan")


def measure(scale: float = 1.0) -> list[Figure]:
    """The slowest of five files; told by the system, and found by looking at all files each second."""
    count = max(200, int(FILES * scale))
    with tempfile.TemporaryDirectory() as work:
        corpus, index = Path(work) / "corpus", Path(work) / "index"
        write_texts(corpus, count, distinct=max(10, count // 10))
        return [
            at_most(
                f"put into {count:,} watched files → found, {name}", 3, max(_waits(corpus, index, how)), "s"
            )
            for name, how in (("told by the system", "--no-polling"), ("looked for each second", "--polling"))
        ]


def _waits(corpus: Path, index: Path, how: str) -> list[float]:
    """Seconds from writing a file until it is found, several times."""
    import mmsearch

    command = [sys.executable, "-m", "mmsearch", "watch", corpus, "--index", index, "--json", how]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ)
    try:
        assert process.stdout is not None
        process.stdout.readline()  # the first run is done
        waits = []
        with mmsearch.open(index) as library:
            for word in WORDS[:TIMES]:
                path = f"{word}{how}.txt"
                started = time.monotonic()
                (corpus / path).write_text(f"All about the {word}: {word} {how}.\n", encoding="utf-8")
                while time.monotonic() - started < LONGEST:
                    if path in [hit.path for hit in library.search(word, k=3)]:
                        break
                    time.sleep(0.02)
                waits.append(time.monotonic() - started)
                process.stdout.readline()  # the run is at its end
        return waits
    finally:
        process.terminate()
        process.wait()
