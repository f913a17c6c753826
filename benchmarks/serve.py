"""The service: what HTTP adds to a search, what it answers under load, how it starts, beside the same calls in process.

The machine's other work slows both alike, so what counts are the ratios: calls over HTTP and in process take turns.
``--scale`` shortens the load as well as the index. ``--minutes 10`` measures one thing alone: so long a load without a
pause, with searches in process for half a minute before it and after it.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.shared.data import PHONE, sentences, write_pictures, write_texts
from benchmarks.shared.figures import Figure, at_least, at_most, median, print_figures, seen
from benchmarks.shared.serving import Client, Other, Server

ITEMS = 10_000
QUERIES, REPEATED, UPLOADS = 150, 100, 10
CLIENTS = 32
# Of load: slices of each kind, which take turns, so many seconds each.
SLICES, SLICE_SECONDS = 8, 8.0
# Of a long load: pieces that follow each other at once, each with fewer queries than one seed makes.
PIECE_SECONDS, BESIDE_SECONDS, MOST_MINUTES = 15.0, 30.0, 60.0


def measure(scale: float = 1.0) -> list[Figure]:
    """A fifth of the items are pictures, the others texts."""
    import mmsearch

    with _indexed(scale) as (index, work), mmsearch.open(index) as library:
        photograph = _photograph(work)
        count = library.statistics().documents
        server = Server(index)
        try:
            figures = [
                *_started(server),
                *_alone(server, library, photograph, count),
                *_loaded(server, index, max(2, int(SLICES * scale))),
            ]
        finally:
            status = server.stop()
    return [*figures, at_most("exit status after a stop", 0, status, "", 0)]


def main(own: Sequence[str]) -> None:
    """A long load: ``--minutes`` of it, ``--documents`` in the index."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks serve", description=__doc__)
    parser.add_argument("--minutes", type=float, required=True, help=f"at most {MOST_MINUTES:g}")
    parser.add_argument("--documents", type=int, default=ITEMS, help=f"in the index: {ITEMS:,}")
    asked = parser.parse_args(own)
    if not 0 < asked.minutes <= MOST_MINUTES:
        parser.error(f"--minutes is above 0 and at most {MOST_MINUTES:g}")
    with _indexed(asked.documents / ITEMS) as (index, _):
        server = Server(index)
        try:
            figures = _sustained(server, index, asked.minutes)
        finally:
            status = server.stop()
    print_figures([*figures, at_most("exit status after a stop", 0, status, "", 0)])


@contextmanager
def _indexed(scale: float) -> Iterator[tuple[Path, Path]]:
    """(the index to serve, a folder to work in): the one that MMSEARCH_BENCHMARK_INDEX names, or a new one."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        named = os.environ.get("MMSEARCH_BENCHMARK_INDEX")
        yield Path(named) if named else _built(work, max(500, int(ITEMS * scale))), work


def _built(work: Path, count: int) -> Path:
    import mmsearch

    write_texts(work / "corpus" / "texts", count - count // 5)
    write_pictures(work / "corpus" / "pictures", count // 5)
    mmsearch.index(work / "corpus", work / "index").close()
    return work / "index"


def _photograph(work: Path) -> bytes:
    write_pictures(work / "phone", 1, size=PHONE)
    return next((work / "phone").iterdir()).read_bytes()


def _started(server: Server) -> list[Figure]:
    return [
        at_most("start to ready", 1.5, server.start_seconds, "s"),
        seen("– by the processor's time", f"{server.start_cpu:.2f} s"),
    ]


def _alone(server: Server, library: object, photograph: bytes, count: int) -> list[Figure]:
    """One client; each call over HTTP has one in process beside it."""
    client = Client(server.host, server.port)
    search: Callable[[str], object] = library.search  # type: ignore[attr-defined]
    texts = sentences(2 * QUERIES + 20, seed=11)
    for text in texts[-20:]:
        client.search(text)
        search(text)
    over, within, again, sent = Times(), Times(), Times(), Times()

    def used() -> float:
        return server.cpu_seconds

    for first, second in zip(texts[:QUERIES], texts[QUERIES : 2 * QUERIES], strict=True):
        over.add(lambda text=first: client.search(text), used)  # type: ignore[misc]
        within.add(lambda text=second: search(text), time.process_time)  # type: ignore[misc]
    for text in texts[:REPEATED]:
        again.add(lambda text=text: client.search(text), used)  # type: ignore[misc]
    for number in range(UPLOADS):
        data = photograph + bytes([number])  # another picture each time, to all that remembers
        sent.add(lambda data=data: client.search_by_picture(data), used)  # type: ignore[misc]
    return [
        at_most(f"{count:,} documents, a new text over HTTP, p50", 15, over.p50, "ms", 1),
        at_most("– p95", 25, over.p95, "ms", 1),
        seen("– the same in process, p50 / p95", f"{within.p50:.1f} / {within.p95:.1f} ms"),
        at_most("– more than in process, p50", 3, over.p50 - within.p50, "ms", 1),
        seen("– processor time over HTTP / in process", f"{over.cpu:.1f} / {within.cpu:.1f} ms"),
        at_most("– more processor time than in process", 3, over.cpu - within.cpu, "ms", 1),
        at_most("the same text again, p50", 3, again.p50, "ms", 1),
        at_most("– processor time", 3, again.cpu, "ms", 1),
        at_most("a 12-megapixel JPEG sent → results, p50", 120, sent.p50, "ms", 0),
        at_most("– processor time", 120, sent.cpu, "ms", 0),
    ]


class Times:
    """What calls took, in milliseconds: by the clock, and of a processor on average."""

    def __init__(self) -> None:
        self.walls: list[float] = []
        self._cpu = 0.0

    def add(self, work: Callable[[], object], used: Callable[[], float]) -> None:
        """Measure one call; ``used`` gives seconds of processor time so far."""
        before, started = used(), time.perf_counter()
        work()
        self.walls.append(1_000 * (time.perf_counter() - started))
        self._cpu += 1_000 * (used() - before)

    @property
    def cpu(self) -> float:
        """Processor time of a call."""
        return self._cpu / len(self.walls)

    @property
    def p50(self) -> float:
        """The median."""
        return median(self.walls)

    @property
    def p95(self) -> float:
        """What one in twenty takes longer than."""
        return sorted(self.walls)[int(0.95 * len(self.walls))]


def _loaded(server: Server, index: Path, slices: int) -> list[Figure]:
    """Many clients, and between their slices as many searches as go in the same number of threads in process."""
    threads = os.cpu_count() or 1
    asks, searches = Other("asks", f"{server.host}:{server.port}"), Other("searches", str(index))
    over: list[float] = []
    rates: dict[str, list[float]] = {"over": [], "within": [], "repeated": []}
    cpu_over = cpu_within = cpu_repeated = 0.0
    counts = {"over": 0, "within": 0, "repeated": 0}
    errors: list[str] = []
    memory: list[float] = []
    try:
        for number in range(slices):
            before = server.cpu_seconds
            found = asks.run(SLICE_SECONDS, CLIENTS, seed=100 + number)
            cpu_over += server.cpu_seconds - before
            over += found["times"]
            errors += found["errors"]
            counts["over"] += len(found["times"])
            rates["over"].append(len(found["times"]) / found["seconds"])
            memory.append(server.resident_mb)
            alone = searches.run(SLICE_SECONDS, threads, seed=200 + number)
            cpu_within += alone["cpu_seconds"]
            counts["within"] += len(alone["times"])
            rates["within"].append(len(alone["times"]) / alone["seconds"])
        for number in range(max(1, slices // 3)):
            before = server.cpu_seconds
            found = asks.run(SLICE_SECONDS, CLIENTS, seed=300 + number, repeated=0.5)
            cpu_repeated += server.cpu_seconds - before
            counts["repeated"] += len(found["times"])
            errors += found["errors"]
            rates["repeated"].append(len(found["times"]) / found["seconds"])
    finally:
        asks.stop()
        searches.stop()
    share = 100 * median(rates["over"]) / median(rates["within"])
    by_cpu = 100 * (cpu_within / counts["within"]) / (cpu_over / counts["over"])
    growth = 100 * (memory[-1] / memory[len(memory) // 3] - 1)
    return [
        seen(f"{CLIENTS} clients, all different, in slices", f"{slices} of {SLICE_SECONDS:g} s"),
        seen(
            "– queries/s over HTTP / in process",
            f"{median(rates['over']):.0f} / {median(rates['within']):.0f}",
        ),
        at_least("– share of what the search alone does", 85, share, "%", 0),
        at_least("– by the processor's time for each", 85, by_cpu, "%", 0),
        at_most("– p95", 500, 1_000 * sorted(over)[int(0.95 * len(over))], "ms", 0),
        at_most("– errors", 0, len(errors), "", 0),
        at_most("– growth of memory after the first third", 3, growth, "%", 1),
        seen("– resident memory", f"{memory[-1]:.0f} MB"),
        seen(
            "– processor time of a query over HTTP / in process",
            f"{1_000 * cpu_over / counts['over']:.1f} / {1_000 * cpu_within / counts['within']:.1f} ms",
        ),
        at_least("half of the queries asked before", 150, median(rates["repeated"]), "/s", 0),
        seen("– processor time of a query", f"{1_000 * cpu_repeated / counts['repeated']:.1f} ms"),
    ]


def _sustained(server: Server, index: Path, minutes: float) -> list[Figure]:
    """Many clients for so many minutes, all queries different."""
    threads = os.cpu_count() or 1
    asks, searches = Other("asks", f"{server.host}:{server.port}"), Other("searches", str(index))
    times: list[float] = []
    errors: list[str] = []
    memory: list[float] = []
    within: list[float] = []
    pieces = max(3, round(60 * minutes / PIECE_SECONDS))

    def beside(seed: int) -> None:
        alone = searches.run(min(BESIDE_SECONDS, 30 * minutes), threads, seed=seed)
        within.append(len(alone["times"]) / alone["seconds"])

    try:
        beside(1)
        before, started = server.cpu_seconds, time.perf_counter()
        for number in range(pieces):
            found = asks.run(60 * minutes / pieces, CLIENTS, seed=1_000 + number)
            times += found["times"]
            errors += found["errors"]
            memory.append(server.resident_mb)
        seconds, cpu = time.perf_counter() - started, server.cpu_seconds - before
        beside(2)
    finally:
        asks.stop()
        searches.stop()
    rate, alone = len(times) / seconds, sum(within) / len(within)
    growth = 100 * (memory[-1] / memory[len(memory) // 3] - 1)
    ordered = sorted(times)
    return [
        seen(f"{CLIENTS} clients, all different", f"{len(times):,} queries in {seconds / 60:.1f} min"),
        seen("– queries/s over HTTP / in process", f"{rate:.0f} / {alone:.0f}"),
        at_least("– share of what the search alone does", 85, 100 * rate / alone, "%", 0),
        seen("– p50", f"{1_000 * median(times):.0f} ms"),
        at_most("– p95", 500, 1_000 * ordered[int(0.95 * len(ordered))], "ms", 0),
        at_most("– errors", 0, len(errors), "", 0),
        at_most("– growth of memory after the first third", 3, growth, "%", 1),
        seen("– resident memory at first / at last", f"{memory[0]:.0f} / {memory[-1]:.0f} MB"),
        seen("– processor time of a query", f"{1_000 * cpu / len(times):.1f} ms"),
    ]
