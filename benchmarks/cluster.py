"""A cluster against one index: equal answers, time of queries and of indexing, and shards that are killed.

What runs on Ray needs the extra ``ray``. Times of a busy machine are told by ratios: both sides take turns.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.shared.figures import Figure, at_least, at_most, median, seen
from benchmarks.shared.same import differences, plain

if TYPE_CHECKING:
    from mmsearch.cluster.library import ClusterLibrary
    from mmsearch.library import Library

SHARDS = (1, 2, 3, 5)
QUERIES, TIMED = 500, 60
RECORDS, PICTURES = 600, 120
KILLS, DURING = 20, 1_000
THINGS = [
    "cat",
    "dog",
    "boat",
    "train",
    "kettle",
    "teapot",
    "lantern",
    "bicycle",
    "bridge",
    "harbour",
    "moon",
    "violin",
    "map",
    "spoon",
    "tower",
    "garden",
]
PLACES = [
    "kitchen",
    "street",
    "beach",
    "mountain",
    "room",
    "station",
    "market",
    "library",
    "snow",
    "river",
    "forest",
    "desert",
]
COLOURS = ("red", "Green", "green", "blue", "blue; red", "white")


def measure(scale: float = 1.0) -> list[Figure]:
    """Identity in this process; times and kills on a Ray cluster of this machine, if Ray is installed."""
    import mmsearch
    from mmsearch.cluster.building import opened
    from mmsearch.cluster.splitting import split

    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        corpus = _corpus(work, scale)
        with mmsearch.index(corpus, work / "one") as library:
            pass
        with mmsearch.index(work / "records.jsonl", work / "one") as library:
            asked = list(_queries(max(20, int(QUERIES * scale))))
            expected = [plain(ask(library)) for ask in asked]
            figures = []
            trips: list[int] = []
            for shards in SHARDS:
                with opened(split(work / "one", work / f"cluster-{shards}", shards)) as cluster:
                    same = sum(
                        not list(differences(one, plain(ask(cluster))))
                        for one, ask in zip(expected, asked, strict=True)
                    )
                    trips += _trips(cluster)
                what = f"queries that {shards} {'shard answers' if shards == 1 else 'shards answer'} as one index does"
                figures.append(at_least(what, len(asked), same, "", 0))
            figures.append(at_most("round trips of a usual query", 4, max(trips), "", 0))
            try:
                import ray  # noqa: F401
            except ImportError:
                return [*figures, seen("on Ray", "not measured: the extra ray is not installed")]
            with _on_ray():
                figures += _times(work, library)
                figures += _kills(work, library, scale)
                figures += _embedding(work, corpus)
    return figures


def _corpus(work: Path, scale: float) -> Path:
    """Pictures of noise beside the demo's corpus, some of them twice, and records with fields in a manifest."""
    import json

    import numpy as np
    import skimage
    from PIL import Image

    from mmsearch.cli.demo import write_corpus

    corpus, draw = work / "corpus", random.Random(0)
    write_corpus(corpus, Path(skimage.__file__).parent / "data")
    for number in range(max(8, int(PICTURES * scale))):
        noise = np.random.default_rng(number // 2).integers(0, 255, (12, 12, 3), dtype=np.uint8)
        Image.fromarray(noise).resize((256, 256)).save(corpus / f"noise-{number}.png")
    records = [
        {
            "id": f"record-{number}",
            "captions": [f"a {draw.choice(THINGS)} and a {draw.choice(THINGS)} in the {draw.choice(PLACES)}"],
            "year": draw.randrange(1980, 2020),
            "colour": draw.choice(COLOURS),
        }
        for number in range(int(RECORDS * scale))
    ]
    (work / "records.jsonl").write_text("\n".join(map(json.dumps, records)) + "\n")
    return corpus


def _queries(count: int) -> Iterator[Callable[[Library], Any]]:
    """Requests of every kind, by turns."""
    draw = random.Random(1)

    def words() -> str:
        return f"{draw.choice(('a', 'an old', 'the red', 'two'))} {draw.choice(THINGS)} {draw.choice(PLACES)}"

    for number in range(count):
        text, other, year = words(), draw.choice(THINGS), draw.randrange(1980, 2020)
        kinds: list[tuple[str, dict[str, Any]]] = [
            ("search", {"text": text}),
            ("search", {"text": f'"{other} and a"', "k": 20}),
            ("search", {"image": f"demo{number % 8}"}),
            ("search", {"text": text, "minus": other}),
            ("search", {"text": text, "exclude": other}),
            ("search", {"text": text, "where": f"year > {year} and colour = green"}),
            ("search", {"text": text, "facets": ["colour", "year"], "cutoff": 10.0}),
            ("search", {"text": text, "sort": "-year", "k": 20}),
            ("search", {"text": text, "offset": number % 40, "k": 7, "cutoff": None}),
            ("search", {"where": f"year = {year}", "k": 50, "duplicates": "show"}),
            ("search", {"text": text, "group": "item", "modality": "text"}),
            ("search", {"text": other[:5], "k": 30}),
            ("search", {"text": text, "fusion": "rrf"}),
            ("search", {"text": text, "strict": True}),
            ("ask", {"question": f"where is the {other}?", "cutoff": None}),
            ("recommend", {"like": f"photos/photo-0{number % 9 + 1}.png", "dislike": "tea.txt"}),
        ]
        verb, options = kinds[number % len(kinds)]
        yield lambda library, verb=verb, options=options: _asked(library, verb, dict(options))


def _asked(library: Library, verb: str, options: dict[str, Any]) -> Any:
    if verb == "search" and "image" in options:
        found = library.find(f"photos/photo-0{int(options.pop('image')[4:]) + 1}.png")
        options["item"] = found[0][0].item_id
    if verb == "ask":
        return library.ask(options.pop("question"), **options)
    return getattr(library, verb)(**options)


def _trips(cluster: ClusterLibrary) -> list[int]:
    from mmsearch.search.request import SearchRequest
    from mmsearch.search.search import search

    counts = []
    for thing in THINGS:
        with cluster.reading() as reading:
            search(SearchRequest(f"a {thing} in the {PLACES[len(thing) % len(PLACES)]}"), reading)
            counts.append(reading.route.trips)
    return counts


@contextmanager
def _on_ray() -> Iterator[None]:
    os.environ |= {
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "disabled",
        "RAY_raylet_start_wait_time_s": "120",
    }
    from benchmarks.shared.processes import REPOSITORY

    os.environ["PYTHONPATH"] = str(REPOSITORY)  # of the processes that Ray starts
    import ray

    ray.init(
        num_cpus=3,
        include_dashboard=False,
        object_store_memory=100 * 2**20,
        namespace="mmsearch",
        log_to_driver=False,
    )
    try:
        yield
    finally:
        ray.shutdown()


def _times(work: Path, library: Library) -> list[Figure]:
    """Queries that were never asked, of one process and of three shards by turns."""
    from mmsearch.cluster.library import ClusterLibrary
    from mmsearch.cluster.manifest import ClusterDirectory
    from mmsearch.cluster.rays import RayTransport

    transport = RayTransport.of(ClusterDirectory(work / "cluster-3"))
    with ClusterLibrary(ClusterDirectory(work / "cluster-3"), transport) as cluster:
        texts = [f"{one} {other}" for one in THINGS for other in PLACES][: TIMED + 5]
        random.Random(2).shuffle(texts)
        taken: dict[str, list[float]] = {"one": [], "three": []}
        for number, text in enumerate(texts):
            pair = [("one", library), ("three", cluster)]
            for name, index in pair if number % 2 else pair[::-1]:
                started = time.perf_counter()
                index.search(text, explain=False)
                taken[name].append(1000 * (time.perf_counter() - started))
    transport.stop()
    one, three = (median(taken[name][5:]) for name in ("one", "three"))
    return [
        seen("query of one process, p50", f"{one:.1f} ms"),
        seen("query over 3 shards on Ray, p50", f"{three:.1f} ms, {three / one:.2f} times as long"),
        at_most("query over 3 shards, p50, beyond that of one process", 8.0, three - one, "ms", 1),
    ]


def _kills(work: Path, library: Library, scale: float) -> list[Figure]:
    """Queries while shards are killed: what is wrong or short, and how long the next whole answer takes."""
    from mmsearch.cluster.library import ClusterLibrary
    from mmsearch.cluster.manifest import ClusterDirectory
    from mmsearch.cluster.rays import RayTransport

    kills, queries = max(2, int(KILLS * scale)), max(100, int(DURING * scale))
    directory = ClusterDirectory(work / "cluster-3")
    transport = RayTransport.of(directory)
    texts = [f"a {thing} in the {place}" for thing in THINGS for place in PLACES]
    expected = {text: plain(library.search(text, explain=False)) for text in texts}
    wrong, waits, killed = 0, [0.0], 0
    with ClusterLibrary(directory, transport) as cluster:
        cluster.search(texts[0])
        for number in range(queries):
            text = texts[number % len(texts)]
            timer = None
            if number % (queries // kills) == 1 and killed < kills:
                process = transport.processes()[killed % 3]
                # sometimes before the query, sometimes in the midst of it
                timer = threading.Timer(0.01 * (killed % 4), os.kill, (process, signal.SIGKILL))
                timer.start()
                killed += 1
            started = time.perf_counter()
            wrong += bool(list(differences(expected[text], plain(cluster.search(text, explain=False)))))
            waits.append(time.perf_counter() - started)
            if timer is not None:
                timer.join()
    transport.stop()
    return [
        at_most(f"wrong or short answers in {queries:,} queries during {killed} kills", 0, wrong, "", 0),
        at_most("longest wait for an answer meanwhile", 10.0, max(waits), "s", 1),
    ]


def _embedding(work: Path, corpus: Path) -> list[Figure]:
    """Indexing with two actors against one process with two threads; what each costs before the first document."""
    import mmsearch
    from mmsearch.cluster.building import create, index_cluster
    from mmsearch.cluster.rays import RayWorkers

    def alone(folder: Path, target: Path) -> None:
        mmsearch.index(folder, target, options=mmsearch.IndexOptions(workers=2)).close()

    def actors(folder: Path, target: Path) -> None:
        index_cluster(folder, create(target, 2), RayWorkers(2))

    small = work / "small"
    small.mkdir()
    for number in range(2):
        shutil.copy(corpus / f"noise-{number}.png", small / f"{number}.png")
    count = sum(1 for file in corpus.rglob("*") if file.is_file())
    taken: dict[str, list[float]] = {}
    for turn in range(2):
        for name, run in (("alone", alone), ("actors", actors)):
            for what, folder in (("fixed", small), ("whole", corpus)):
                started = time.perf_counter()
                run(folder, work / f"{name}-{what}-{turn}")
                taken.setdefault(f"{name} {what}", []).append(time.perf_counter() - started)
    least = {what: min(seconds) for what, seconds in taken.items()}
    each = {
        name: (least[f"{name} whole"] - least[f"{name} fixed"]) / (count - 2) for name in ("alone", "actors")
    }
    return [
        seen(
            "fixed cost of a run: one process; 2 actors",
            f"{least['alone fixed']:.1f} s; {least['actors fixed']:.1f} s",
        ),
        seen("per document beyond that", f"{1000 * each['alone']:.0f} ms; {1000 * each['actors']:.0f} ms"),
        at_least(
            "speed of 2 actors per document, as a share of one process",
            0.9,
            each["alone"] / each["actors"],
            "",
            2,
        ),
    ]
