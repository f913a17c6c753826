"""Putting six channels together, of 1,000 items each: the time of every fusion."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.shared.figures import Figure, at_most, median

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.search.ranking.fusion import Fusion
    from mmsearch.types import Ids, Ranking

CHANNELS, DEPTH = 6, 1_000
# Channels of one index name partly the same items.
ITEMS = 5_000
RUNS = 100


def measure(scale: float = 1.0) -> list[Figure]:
    """From the channels' rankings to the ten best documents, by the processor's time."""
    from mmsearch.search.ranking.fusion import FUSIONS, Fusion

    depth = max(10, int(DEPTH * scale))
    rankings = _rankings(depth)
    figures = []
    for name in FUSIONS:
        times = []
        for _ in range(RUNS):
            started = time.process_time()
            _fused(rankings, Fusion(name), 10)
            times.append(1000 * (time.process_time() - started))
        figures.append(at_most(f"{name}: {CHANNELS} channels of {depth:,} items", 3, median(times), "ms"))
    return figures


def _fused(rankings: Sequence[Ranking], fusion: Fusion, top: int) -> Ids:
    """The ``top`` items of ``rankings``, whose scores count as evidence; of their surprise and unit score too."""
    import numpy as np

    from mmsearch.search.channels.signals import Signals
    from mmsearch.search.ranking.fusion import contributions

    every, rows = np.unique(np.concatenate([ranking.ids for ranking in rankings]), return_inverse=True)
    columns = np.repeat(np.arange(len(rankings)), [len(ranking) for ranking in rankings])
    told, ranks = np.full((2, every.size, len(rankings)), np.nan)
    told[rows, columns] = np.concatenate([ranking.scores for ranking in rankings])
    ranks[rows, columns] = np.concatenate([np.arange(1, len(ranking) + 1) for ranking in rankings])
    parts = contributions(Signals(told, told, told), [1.0] * len(rankings), fusion, ranks)
    return np.asarray(every[np.argsort(-parts.sum(axis=1), kind="stable")[:top]])


def _rankings(depth: int) -> list[Ranking]:
    import numpy as np

    from mmsearch.types import Ranking

    random = np.random.default_rng(0)
    items = max(ITEMS, depth)
    return [
        Ranking(
            random.permutation(items)[:depth].astype(np.int64), np.sort(random.normal(2.0, 1.0, depth))[::-1]
        )
        for _ in range(CHANNELS)
    ]
