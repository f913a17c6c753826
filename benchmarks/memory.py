"""Peak memory while indexing 1,000 pictures and 10,000."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.shared.data import write_pictures
from benchmarks.shared.figures import Figure, median, seen
from benchmarks.shared.processes import mmsearch

FEW, MANY = 1000, 10_000
RUNS = 3  # of the smaller corpus; single runs differ by a tenth
TOLERANCE = 0.10


def measure(scale: float = 1.0) -> list[Figure]:
    """The peak of the whole process; equal means that memory does not grow with the corpus."""
    few, many = max(100, int(FEW * scale)), max(200, int(MANY * scale))
    with tempfile.TemporaryDirectory() as work:
        peaks = []
        for count in (few, many):
            corpus = Path(work) / f"pictures-{count}"
            write_pictures(corpus, count)
            runs = [
                mmsearch("index", corpus, "--index", Path(work) / f"{count}-{run}", "--json").peak_mb
                for run in range(RUNS if count == few else 1)
            ]
            peaks.append(median(runs))
    grown = peaks[1] / peaks[0] - 1
    return [
        Figure(
            f"peak memory, {many:,} pictures against {few:,}",
            "equal within 10 %",
            f"{100 * grown:+.1f} %",
            abs(grown) <= TOLERANCE,
        ),
        seen(f"peak memory, {few:,} and {many:,} pictures", f"{peaks[0]:.0f} MB, {peaks[1]:.0f} MB"),
    ]
