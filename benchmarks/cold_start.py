"""A new process: ``--help``, and a first query on 10,000 items."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.shared.data import sentences, write_pictures, write_texts
from benchmarks.shared.figures import Figure, at_most, median, seen
from benchmarks.shared.processes import heavy_imports, mmsearch

ITEMS = 10_000
RUNS = 7


def measure(scale: float = 1.0) -> list[Figure]:
    """Median of seven runs each; the files are in the disk cache, as after any earlier use."""
    count = max(20, int(ITEMS * scale))
    with tempfile.TemporaryDirectory() as work:
        corpus, index = Path(work) / "corpus", Path(work) / "index"
        write_pictures(corpus / "pictures", count // 2)
        write_texts(corpus / "texts", count - count // 2)
        built = mmsearch("index", corpus, "--index", index, "--json")
        helped = [mmsearch("--help").seconds for _ in range(RUNS)]
        asked = [mmsearch("query", text, "--index", index, "--json") for text in sentences(RUNS, seed=1)]
        heavy = heavy_imports("query", "a dog on the beach", "--index", index, "--json")
    return [
        at_most("`mmsearch --help`, cold", 0.25, median(helped), "s"),
        at_most(
            f"cold `mmsearch query` on {count:,} items, wall", 0.5, median([f.seconds for f in asked]), "s"
        ),
        at_most("the same, peak memory", 250, max(f.peak_mb for f in asked), "MB", 0),
        Figure("the same, torch imported", "no", "yes" if "torch" in heavy else "no", "torch" not in heavy),
        seen("the same, CPU time", f"{median([f.cpu_seconds for f in asked]):.2f} s"),
        seen("heavy packages that it imported", ", ".join(heavy) or "none"),
        seen(f"indexing these {count:,} items", f"{built.seconds:.1f} s, {built.peak_mb:.0f} MB"),
    ]
