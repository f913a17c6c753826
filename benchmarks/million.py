"""One million items, half pictures and half texts, with the geometry of the shipped encoder's vectors."""

from __future__ import annotations

import hashlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.shared.data import sentences, shared_data
from benchmarks.shared.figures import Figure, at_least, at_most, median, seen
from benchmarks.shared.processes import environment

if TYPE_CHECKING:
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.library.library import Library
    from mmsearch.types import Modality, Vectors

ITEMS = 1_000_000
QUERIES, WARM_UP = 200, 20
ADDED = 1_000
# A vector is made of so many others of its kind, whose deviations from the mean are added with random weights of
# square sum 1: mean and covariance stay those of the real ones.
PARENTS = 3
AT_ONCE = 50_000
PHASES = ("codes", "open", "serve", "add", "add to none")


def measure(scale: float = 1.0) -> list[Figure]:
    """Each phase in a process of its own, so that memory is that of the phase."""
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder) / "index", max(1000, int(ITEMS * scale)))
        return measured(Path(folder) / "index")


def measured(index: Path) -> list[Figure]:
    """The figures of an index that ``fill`` made."""
    found: dict[str, dict[str, float]] = {}
    for phase in PHASES:
        command = [sys.executable, "-m", "benchmarks.million", phase, str(index)]
        finished = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
        pairs = (line.split("=") for line in finished.stdout.splitlines() if "=" in line)
        found[phase] = {name: float(value) for name, value in pairs}
    codes, opened, serve, add, none = (found[phase] for phase in PHASES)
    return [
        at_most("codes made: seconds of the processor", 360, codes["cpu"], "s", 0),
        at_most("– memory at most", 2.0, codes["memory"], "GB", 2),
        at_most("opening, to the first document table", 1.5, opened["seconds"], "s", 2),
        at_most("pictures by text, processor time p50", 4.0, serve["pictures"], "ms", 2),
        at_most("texts by text, processor time p50", 4.0, serve["texts"], "ms", 2),
        at_least("recall@10 of text queries among pictures", 0.99, serve["recall"], "", 4),
        at_least("– among texts", 0.99, serve["recall texts"], "", 4),
        at_least("– among pictures, a filter that half pass", 0.99, serve["recall half"], "", 4),
        at_most("– its processor time p50", 40, serve["half"], "ms", 2),
        at_most("– a filter that 1 % pass", 15, serve["few"], "ms", 2),
        seen("a whole search (pictures, texts, words), processor time p50", f"{serve['search']:.1f} ms"),
        at_most("memory while serving", 1.2, serve["memory"], "GB", 2),
        at_most("1,000 items added, of the time into an empty index", 1.5, add["cpu"] / none["cpu"], "", 2),
        seen("– processor time, empty and full", f"{none['cpu']:.2f} s, {add['cpu']:.2f} s"),
    ]


class Resampled:
    """Vectors like those of the shipped encoder: its own, of real pictures and captions, mixed."""

    name = "pocket-resampled"
    fingerprint = hashlib.sha256(b"pocket resampled").hexdigest()
    modalities: frozenset[Modality] = frozenset({"image", "text"})
    sound_fingerprint = ""
    parallel = True

    def __init__(self) -> None:
        import numpy as np

        from benchmarks.vectors import _encoded
        from mmsearch.encoders.registry import load_encoder

        self._real = load_encoder()
        self.dimension, self.picture = self._real.dimension, self._real.picture
        data = shared_data()
        if data is None:
            raise RuntimeError("the measured collections are not there: set MMSEARCH_DATA")
        kept = Path(tempfile.gettempdir()) / f"mmsearch-million-{self._real.fingerprint[:12]}.npz"
        if not kept.exists():
            pictures, captions, _ = _encoded(self._real, data / "flickr8k-dev.zip", 1.0)
            np.savez(kept, image=pictures, text=captions)
        with np.load(kept) as loaded:
            # every fifth caption only asks
            self._known = {
                "image": loaded["image"],
                "text": np.delete(loaded["text"], slice(None, None, 5), axis=0),
            }
            self.queries: Vectors = loaded["text"][::5]

    def draw(self, modality: Modality, count: int, seed: int) -> Vectors:
        """``count`` unit vectors of a modality."""
        import numpy as np

        known, random = self._known[modality], np.random.default_rng(seed)
        mean = known.mean(axis=0)
        parents = random.integers(0, len(known), (count, PARENTS))
        weights = random.dirichlet(np.full(PARENTS, 0.6), count).astype(np.float32)
        weights /= np.linalg.norm(weights, axis=1, keepdims=True)
        drawn = mean + np.einsum("nk,nkd->nd", weights, (known - mean)[parents])
        unit: Vectors = np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)
        return unit

    def encode_texts(self, batch: Sequence[str]) -> Vectors:
        """As the real one."""
        return self._real.encode_texts(batch)

    def encode_images(self, batch: object) -> Vectors:
        """Not needed: the vectors are put into the store."""
        raise NotImplementedError

    def bank(self, modality: Modality) -> Vectors | None:
        """As the real one."""
        return self._real.bank(modality)

    def prior(self, query: Modality, item: Modality) -> str | None:
        """As the real one."""
        return self._real.prior(query, item)


def fill(index: Path, count: int) -> None:
    """Put ``count`` items into an index, without files."""
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.directory import IndexDirectory, Manifest

    encoder = Resampled()
    directory = IndexDirectory.create(index)
    with directory.write_lock(), Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        corpus = catalogue.add_corpus("/synthetic")
        number = catalogue.add_encoder(
            encoder.name, encoder.fingerprint, encoder.dimension, ("image", "text")
        )
        for modality in ("image", "text"):
            _append(directory, catalogue, encoder, modality, count // 2, corpus, number)  # type: ignore[arg-type]
        directory.write_manifest(Manifest.of(catalogue))


def _append(
    directory: object,
    catalogue: object,
    encoder: Resampled,
    modality: Modality,
    count: int,
    corpus: int,
    number: int,
) -> None:
    from mmsearch.store.appending import open_for_appending
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.values import NewDocument, NewItem
    from mmsearch.store.directory import IndexDirectory
    from mmsearch.types import Locator

    assert isinstance(directory, IndexDirectory)
    assert isinstance(catalogue, Catalogue)
    [record] = catalogue.encoders()
    with open_for_appending(directory, catalogue, record, modality) as shards:
        for start in range(0, count, AT_ONCE):
            some = min(AT_ONCE, count - start)
            first = shards.append(encoder.draw(modality, some, seed=shards.rows + len(modality)))
            shards.sync()
            texts = sentences(some, seed=first) if modality == "text" else []
            documents = [
                NewDocument(
                    corpus,
                    f"{modality}/{first + n:07}",
                    "1",
                    None,
                    {"year": 1900 + n % 100},
                    (
                        NewItem(
                            modality,
                            Locator() if modality == "image" else Locator("caption", 0),
                            hashlib.sha256(f"{modality}{first + n}".encode()).digest(),
                            texts[n] if texts else None,
                            first + n,
                        ),
                    ),
                )
                for n in range(some)
            ]
            for at in range(0, some, 2000):
                sums = {modality: shards.checksums(first)} if at + 2000 >= some else {}
                catalogue.put(documents[at : at + 2000], number, sums)


def _library(index: Path) -> tuple[Library, Resampled]:
    import mmsearch
    import mmsearch.library.installed

    encoder = Resampled()

    def load(name: str = "") -> Encoder:
        return encoder  # type: ignore[return-value]

    mmsearch.library.installed.load_encoder = load  # type: ignore[attr-defined]
    return mmsearch.open(index), encoder


def _memory() -> float:
    """The most that this process has held, in GB, memory maps included."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def _codes(index: Path) -> dict[str, float]:
    library, encoder = _library(index)
    with library, library.directory.write_lock():
        started, wall = time.process_time(), time.perf_counter()
        library.write_codes(encoder)  # type: ignore[arg-type]
        return {"cpu": time.process_time() - started, "wall": time.perf_counter() - wall, "memory": _memory()}


def _open(index: Path) -> dict[str, float]:
    import mmsearch.library.installed

    encoder = Resampled()
    mmsearch.library.installed.load_encoder = lambda name="": encoder  # type: ignore[attr-defined]
    started, cpu = time.perf_counter(), time.process_time()
    with mmsearch.open(index) as library:
        for modality in ("image", "text"):
            assert library.vector_index(encoder, modality) is not None  # type: ignore[arg-type]
        assert library.documents.ids.size
        return {"seconds": time.perf_counter() - started, "cpu": time.process_time() - cpu}


def _serve(index: Path) -> dict[str, float]:
    import numpy as np

    from mmsearch.ann.exact import ExactIndex

    library, encoder = _library(index)
    figures: dict[str, float] = {}
    asked = encoder.queries[:: max(1, len(encoder.queries) // (QUERIES + WARM_UP))][: QUERIES + WARM_UP]
    with library:
        for name, modality in (("pictures", "image"), ("texts", "text")):
            vectors = library.vector_index(encoder, modality)  # type: ignore[arg-type]
            assert isinstance(vectors, ExactIndex)
            assert not vectors.exact
            figures[name], found = _asked(vectors, asked, None)
            exact = ExactIndex(vectors._placement, vectors._rows)
            key = "recall" if modality == "image" else "recall texts"
            figures[key] = _recall(found, exact, asked, None)
            if modality == "image":
                half = np.sort(np.random.default_rng(1).permutation(vectors.ids)[: vectors.ids.size // 2])
                figures["half"], found = _asked(vectors, asked, half)
                figures["recall half"] = _recall(found, exact, asked, half)
                figures["few"], _ = _asked(
                    vectors, asked, half[:: max(1, half.size // (vectors.ids.size // 100))]
                )
        texts = sentences(QUERIES + WARM_UP, seed=2)
        times = []
        for text in texts:
            started = time.process_time()
            library.search(text, k=10)
            times.append(1000 * (time.process_time() - started))
        figures["search"] = median(times[WARM_UP:])
    figures["memory"] = _anonymous()
    return figures


def _asked(vectors: object, asked: Vectors, among: object) -> tuple[float, list[set[int]]]:
    times, found = [], []
    for query in asked:
        started = time.process_time()
        ranking = vectors.search(query, 10, among)  # type: ignore[attr-defined]
        times.append(1000 * (time.process_time() - started))
        found.append(set(ranking.ids.tolist()))
    return median(times[WARM_UP:]), found


def _recall(found: list[set[int]], exact: object, asked: Vectors, among: object) -> float:
    hits = 0
    for some, query in zip(found, asked, strict=True):
        hits += len(some & set(exact.search(query, 10, among).ids.tolist()))  # type: ignore[attr-defined]
    return hits / (10 * len(found))


def _anonymous() -> float:
    """Memory of this process in GB, without what the system may take back at once (pages of files)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1e6


def _add(index: Path) -> dict[str, float]:
    """1,000 texts, through the real pipeline and the real encoder's text tower."""
    import mmsearch.library.build
    import mmsearch.library.installed
    from mmsearch.ingest.options import IndexOptions

    encoder = Resampled()
    mmsearch.library.build.encoder_for_writing = lambda *_: encoder  # type: ignore[attr-defined]
    mmsearch.library.installed.load_encoder = lambda name="": encoder  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(sentences(ADDED, seed=time.time_ns())):
            (Path(folder) / f"{number}.txt").write_text(text)
        cpu, wall = time.process_time(), time.perf_counter()
        with mmsearch.index(folder, index, options=IndexOptions(workers=1)) as library:
            assert library.report is not None
            assert library.report.added == ADDED
        return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall, "memory": _memory()}


def _add_to_none(index: Path) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        return _add(Path(folder) / "index")


def main() -> None:
    """One phase, its figures on lines NAME=VALUE."""
    phase, index = sys.argv[1], Path(sys.argv[2])
    act = {"codes": _codes, "open": _open, "serve": _serve, "add": _add, "add to none": _add_to_none}[phase]
    for name, value in act(index).items():
        print(f"{name}={value}")


if __name__ == "__main__":
    main()
