"""Putting six channels together, of 1,000 items each: the time of every fusion."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.shared.figures import Figure, at_most, median

if TYPE_CHECKING:
    from mmsearch.types import Ranking

CHANNELS, DEPTH = 6, 1_000
# Channels of one index name partly the same items.
ITEMS = 5_000
RUNS = 100


def measure(scale: float = 1.0) -> list[Figure]:
    """From the channels' rankings to the ten best documents, by the processor's time."""
    from mmsearch.search.ranking.fusion import FUSIONS, Fusion, fuse, tabulate

    depth = max(10, int(DEPTH * scale))
    rankings = _rankings(depth)
    figures = []
    for name in FUSIONS:
        times = []
        for _ in range(RUNS):
            started = time.process_time()
            fuse(tabulate(rankings), [1.0] * CHANNELS, Fusion(name), 10)
            times.append(1000 * (time.process_time() - started))
        figures.append(at_most(f"{name}: {CHANNELS} channels of {depth:,} items", 3, median(times), "ms"))
    return figures


def _rankings(depth: int) -> dict[str, Ranking]:
    import numpy as np

    from mmsearch.types import Ranking

    random = np.random.default_rng(0)
    items = max(ITEMS, depth)
    return {
        f"channel {number}": Ranking(
            random.permutation(items)[:depth].astype(np.int64), np.sort(random.normal(2.0, 1.0, depth))[::-1]
        )
        for number in range(CHANNELS)
    }
