"""The service: what HTTP adds to a search, what it answers under load, how it starts, beside the same calls in process.

The machine's other work slows both alike, so what counts are the ratios: calls over HTTP and in process take turns.
``--scale`` shortens the load as well as the index.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from benchmarks.shared.data import PHONE, sentences, write_pictures, write_texts
from benchmarks.shared.figures import Figure, at_least, at_most, median, seen
from benchmarks.shared.serving import Client, Other, Server

ITEMS = 10_000
QUERIES, REPEATED, UPLOADS = 150, 100, 10
CLIENTS = 32
# Of load: slices of each kind, which take turns, so many seconds each.
SLICES, SLICE_SECONDS = 8, 8.0


def measure(scale: float = 1.0) -> list[Figure]:
    """A fifth of the items are pictures, the others texts."""
    import mmsearch

    with tempfile.TemporaryDirectory() as work:
        index = Path(
            os.environ.get("MMSEARCH_BENCHMARK_INDEX") or _built(Path(work), max(500, int(ITEMS * scale)))
        )
        photograph = _photograph(Path(work))
        with mmsearch.open(index) as library:
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
    texts = sentences(2 * QUERIES + 20, seed=11)
    for text in texts[-20:]:
        client.search(text)
        library.search(text)  # type: ignore[attr-defined]
    over, within, cpu = [], [], []
    for first, second in zip(texts[:QUERIES], texts[QUERIES : 2 * QUERIES], strict=True):
        before = server.cpu_seconds
        over.append(_milliseconds(lambda text=first: client.search(text)))  # type: ignore[misc]
        cpu.append(1_000 * (server.cpu_seconds - before))
        within.append(_milliseconds(lambda text=second: library.search(text)))  # type: ignore[misc,attr-defined]
    again = [_milliseconds(lambda text=text: client.search(text)) for text in texts[:REPEATED]]  # type: ignore[misc]
    sent = [
        _milliseconds(lambda number=number: client.search_by_picture(photograph + bytes([number])))  # type: ignore[misc]
        for number in range(UPLOADS)
    ]
    return [
        at_most(f"{count:,} documents, a new text over HTTP, p50", 15, median(over), "ms", 1),
        at_most("– p95", 25, _p95(over), "ms", 1),
        seen("– the same in process, p50 / p95", f"{median(within):.1f} / {_p95(within):.1f} ms"),
        at_most("– more than in process, p50", 3, median(over) - median(within), "ms", 1),
        seen("– processor time of the service for each", f"{sum(cpu) / len(cpu):.1f} ms"),
        at_most("the same text again, p50", 3, median(again), "ms", 1),
        at_most("a 12-megapixel JPEG sent → results, p50", 120, median(sent), "ms", 0),
    ]


def _loaded(server: Server, index: Path, slices: int) -> list[Figure]:
    """Many clients, and between their slices as many searches as go in the same number of threads in process."""
    threads = os.cpu_count() or 1
    asks, searches = Other("asks", f"{server.host}:{server.port}"), Other("searches", str(index))
    over: list[float] = []
    rates: dict[str, list[float]] = {"over": [], "within": [], "repeated": []}
    cpu_over = cpu_within = 0.0
    counts = {"over": 0, "within": 0}
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
            found = asks.run(SLICE_SECONDS, CLIENTS, seed=300 + number, repeated=0.5)
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
        at_least("half of the queries asked before", 150, median(rates["repeated"]), "/s", 0),
    ]


def _milliseconds(work: object) -> float:
    started = time.perf_counter()
    work()  # type: ignore[operator]
    return 1_000 * (time.perf_counter() - started)


def _p95(times: list[float]) -> float:
    return sorted(times)[int(0.95 * len(times))]
