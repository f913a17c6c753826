"""Indexing speed: 224-pixel JPEGs, and 12-megapixel JPEGs with and without scaled decoding."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from benchmarks.shared.data import PHONE, write_pictures
from benchmarks.shared.figures import Figure, at_least, seen
from benchmarks.shared.processes import Finished, mmsearch, run

SMALL = 3000
LARGE = 120

# There is no option for it on the command line: nobody would want it.
PLAIN = """
import sys, mmsearch
options = mmsearch.IndexOptions(scaled_decoding=False)
mmsearch.index(sys.argv[1], sys.argv[2], options=options).close()
"""


def measure(scale: float = 1.0) -> list[Figure]:
    """Pictures a second of the whole command, its start included."""
    small, large = max(64, int(SMALL * scale)), max(4, int(LARGE * scale))
    with tempfile.TemporaryDirectory() as work:
        pictures, photos = Path(work) / "small", Path(work) / "large"
        write_pictures(pictures, small)
        first = mmsearch("index", pictures, "--index", Path(work) / "a", "--json")
        _check(first, small)
        write_pictures(photos, large, size=PHONE)
        scaled = mmsearch("index", photos, "--index", Path(work) / "b", "--json")
        _check(scaled, large)
        plain = run([sys.executable, "-c", PLAIN, photos, Path(work) / "c"])
    return [
        at_least("224-pixel JPEGs", 300, small / first.seconds, "pictures/s"),
        at_least("12-megapixel JPEGs", 30, large / scaled.seconds, "pictures/s"),
        at_least("the same against decoding without scale", 3, plain.seconds / scaled.seconds, "times"),
        seen("12-megapixel JPEGs without scaled decoding", f"{large / plain.seconds:.1f} pictures/s"),
        seen(
            "by processor time, were both cores free (224-pixel, 12-megapixel)",
            f"{2 * small / first.cpu_seconds:.0f}, {2 * large / scaled.cpu_seconds:.1f} pictures/s",
        ),
        seen(
            "scaled decoding against plain, by processor time",
            f"{plain.cpu_seconds / scaled.cpu_seconds:.1f} times",
        ),
        seen("cores busy (224-pixel, 12-megapixel)", f"{_cores(first):.2f}, {_cores(scaled):.2f}"),
        seen("peak memory (224-pixel, 12-megapixel)", f"{first.peak_mb:.0f} MB, {scaled.peak_mb:.0f} MB"),
    ]


def _check(finished: Finished, count: int) -> None:
    encoded = json.loads(finished.output)["encoded"].get("image", 0)
    if encoded != count:
        raise RuntimeError(f"{encoded} of {count} pictures were encoded")


def _cores(finished: Finished) -> float:
    return finished.cpu_seconds / finished.seconds
