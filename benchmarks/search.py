"""Queries on 100,000 items, the encoder excluded: time, and recall against an exact scan in float32."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.shared.data import sentences
from benchmarks.shared.figures import Figure, at_least, at_most, median, seen

if TYPE_CHECKING:
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.library import Library
    from mmsearch.types import Images, Modality, PictureSpec, Vectors

ITEMS = 100_000
QUERIES = 200
WARM_UP = 20
DIMENSION = 384
TOPICS = 300
# Items lie around their topics as captions of similar pictures do: their cosines are about 0.4.
SPREAD = 1.2
# Documents that pass the filter, those of one year: 1 in 100.
FIRST_YEAR, YEARS, FILTERED = 1900, 100, 1950


def measure(scale: float = 1.0) -> list[Figure]:
    """Half of the items are pictures, half are texts; a text query asks both, and the word index."""
    import mmsearch
    import mmsearch.library.installed

    count = max(400, int(ITEMS * scale))
    encoder = SyntheticEncoder()
    mmsearch.library.installed.load_encoder = lambda name="": encoder  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as work:
        rows = _fill(Path(work), count, encoder)
        texts = sentences(QUERIES + WARM_UP, seed=2)
        with mmsearch.open(work) as library:
            times = {name: _times(ask, texts) for name, ask in _ways(library, encoder).items()}
            recall = _recall(library, rows["image"], encoder, texts)
            filtered = _recall(library, rows["image"], encoder, texts, year=FILTERED)
    walls = {name: [wall for wall, _ in pairs] for name, pairs in times.items()}
    cpus = {name: median([cpu for _, cpu in pairs]) for name, pairs in times.items()}
    asked, _, _, passing = list(walls)[:4]
    return [
        at_most(f"{count:,} items, {asked}, p50", 10, median(walls[asked]), "ms", 1),
        at_most("– by the processor's time", 10, cpus[asked], "ms", 1),
        at_least("recall@10 against exact", 0.98, recall, "", 3),
        at_least("– among the 1 % that pass a filter", 1.0, filtered, "", 3),
        at_most(
            "time of a filter that 1 % pass, of the time without", 1.0, cpus[passing] / cpus[asked], "", 2
        ),
        *(
            seen(
                f"{name}, p50 / p95 / processor time",
                f"{median(wall):.1f} / {_p95(wall):.1f} / {cpus[name]:.1f} ms",
            )
            for name, wall in walls.items()
        ),
    ]


class SyntheticEncoder:
    """Vectors around a few hundred topics; a text's vector is drawn from its hash, which costs next to nothing."""

    name = "synthetic"
    dimension = DIMENSION
    modalities: frozenset[Modality] = frozenset({"image", "text"})
    fingerprint = hashlib.sha256(b"synthetic").hexdigest()
    sound_fingerprint = ""
    parallel = True

    def __init__(self) -> None:
        import numpy as np

        self._topics = np.random.default_rng(0).normal(size=(TOPICS, DIMENSION)).astype(np.float32)
        self._topics /= np.linalg.norm(self._topics, axis=1, keepdims=True)

    @property
    def picture(self) -> PictureSpec:
        """Any."""
        from mmsearch.types import PictureSpec

        return PictureSpec(224)

    def draw(self, count: int, seed: int) -> Vectors:
        """``count`` unit vectors, each near one of the topics."""
        import numpy as np

        random = np.random.default_rng(seed)
        noise = random.normal(size=(count, DIMENSION)).astype(np.float32) * (SPREAD / DIMENSION**0.5)
        vectors = self._topics[random.integers(0, TOPICS, count)] + noise
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def encode_texts(self, batch: Sequence[str]) -> Vectors:
        """A vector for each text."""
        import numpy as np

        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") for text in batch]
        return np.concatenate([self.draw(1, seed) for seed in seeds]) if seeds else self.draw(0, 0)

    def encode_images(self, batch: Images) -> Vectors:
        """Not needed: the vectors are put into the store."""
        raise NotImplementedError

    def bank(self, modality: Modality) -> Vectors | None:
        """Queries for the backgrounds."""
        return self.draw(400, 1) if modality == "text" else None

    def prior(self, query: Modality, item: Modality) -> str | None:
        """Nothing is known before the index is seen."""
        return None


def _fill(index: Path, count: int, encoder: SyntheticEncoder) -> dict[Modality, Vectors]:
    """Put ``count`` items into the store, without files; their vectors by modality, in the order of the items."""
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.values import NewDocument, NewItem
    from mmsearch.store.directory import IndexDirectory, Manifest
    from mmsearch.types import Locator

    directory = IndexDirectory.create(index)
    halves: dict[Modality, int] = {"image": count // 2, "text": count - count // 2}
    vectors = {
        modality: encoder.draw(number, seed) for seed, (modality, number) in enumerate(halves.items(), 10)
    }
    texts = sentences(halves["text"], seed=3)
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        corpus_id = catalogue.add_corpus("/synthetic")
        encoder_id = catalogue.add_encoder(encoder.name, encoder.fingerprint, DIMENSION, ("image", "text"))
        record = catalogue.encoders()[0]
        for modality, number in halves.items():
            shards = directory.shards(record, modality, rows=0)
            shards.append(vectors[modality])
            shards.sync()
            documents = [
                NewDocument(
                    corpus_id=corpus_id,
                    path=f"{modality}/{row:06}",
                    stamp="",
                    title=None,
                    fields={"year": FIRST_YEAR + row % YEARS},
                    items=(
                        NewItem(
                            modality,
                            Locator() if modality == "image" else Locator("caption", 0),
                            hashlib.sha256(f"{modality}{row}".encode()).digest(),
                            None if modality == "image" else texts[row],
                            row,
                        ),
                    ),
                )
                for row in range(number)
            ]
            for start in range(0, number, 1000):
                catalogue.put(documents[start : start + 1000], encoder_id)
        directory.write_manifest(Manifest.of(catalogue))
    return vectors


def _ways(library: Library, encoder: SyntheticEncoder) -> dict[str, Callable[[str], object]]:
    """What is timed, the figure that is asked for first."""
    from mmsearch.search.query.value import Part, Picture, Query

    def vector(text: str) -> Any:
        return Query((Part(Picture(encoder.encode_texts([text])[0])),))

    return {
        "text query (pictures, texts, words)": lambda text: library.search(text, k=10),
        "text query, pictures only": lambda text: library.search(text, k=10, modality="image"),
        "picture query": lambda text: library.search(vector(text), k=10),
        "text query, filter that 1 % pass": lambda text: library.search(
            text, k=10, where=f"year = {FILTERED}"
        ),
        "text query, filter that 50 % pass, each time another": lambda text: library.search(
            text, k=10, where=f"year >= 1950 or year = 3{text.rstrip('.').rsplit(' ', 1)[1]}"
        ),
        "text query, filter that 50 % pass, again": lambda text: library.search(
            text, k=10, where="year >= 1950"
        ),
        "text query with a word that no item has": lambda text: library.search(
            f"{text.split()[2]} xylophonist", k=10
        ),
    }


def _times(ask: Callable[[str], object], texts: Sequence[str]) -> list[tuple[float, float]]:
    """Milliseconds of each query after the first few, on the clock and of the processor."""
    times = []
    for text in texts:
        wall, cpu = time.perf_counter(), time.process_time()
        ask(text)
        times.append((1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)))
    return times[WARM_UP:]


def _recall(
    library: Library, images: Vectors, encoder: Encoder, texts: Sequence[str], year: int | None = None
) -> float:
    """The share of the ten pictures nearest by an exact scan, of all or of one ``year``, that a query finds."""
    import numpy as np

    from mmsearch.search.query.value import Part, Picture, Query

    numbers = np.arange(len(images))
    where = None
    if year is not None:
        numbers, where = numbers[numbers % YEARS == year - FIRST_YEAR], f"year = {year}"
    rows = images[numbers].astype(np.float16).astype(np.float32)
    found = wanted = 0
    for text in texts:
        query = encoder.encode_texts([text])[0]
        hits = library.search(
            Query((Part(Picture(query)),)), k=10, modality="image", group="item", cutoff=None, where=where
        )
        nearest = numbers[np.argsort(-(rows @ query), kind="stable")[:10]]
        found += len({hit.path for hit in hits} & {f"image/{row:06}" for row in nearest})
        wanted += nearest.size
    return found / wanted


def _p95(times: Sequence[float]) -> float:
    return sorted(times)[int(0.95 * len(times))]
