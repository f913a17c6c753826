"""A second run over 100,000 files that have not changed."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from benchmarks.shared.data import write_texts
from benchmarks.shared.figures import Figure, at_most, seen
from benchmarks.shared.processes import mmsearch

FILES = 100_000
# Files of equal content are encoded once: the first run is not what is measured here.
DISTINCT = 1000


def measure(scale: float = 1.0) -> list[Figure]:
    """The best of two runs; the first may still wait for the disk to take what the indexing run wrote."""
    count = max(200, int(FILES * scale))
    with tempfile.TemporaryDirectory() as work:
        corpus, index = Path(work) / "corpus", Path(work) / "index"
        write_texts(corpus, count, distinct=max(10, int(DISTINCT * scale)))
        first = mmsearch("index", corpus, "--index", index, "--json")
        again = [mmsearch("index", corpus, "--index", index, "--json") for _ in range(2)]
    reports = [json.loads(finished.output) for finished in again]
    encoded = sum(sum(report["encoded"].values()) for report in reports)
    unchanged = all(report["unchanged"] == count for report in reports)
    return [
        at_most(f"second run over {count:,} unchanged files", 5, min(f.seconds for f in again), "s"),
        Figure("encoded by it", "nothing", str(encoded or "nothing"), not encoded and unchanged),
        seen(
            "the first run",
            f"{first.seconds:.1f} s ({count / first.seconds:.0f} files/s), {first.peak_mb:.0f} MB",
        ),
        seen("processor time of the second run", f"{min(f.cpu_seconds for f in again):.2f} s"),
        seen("peak memory of the second run", f"{max(f.peak_mb for f in again):.0f} MB"),
    ]
