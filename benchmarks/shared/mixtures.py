"""What the benchmarks of fusion share: an encoder that remembers, corpora of pictures and texts, plain rankings.

Everything that is compared ranks the same vectors: the product's own ways go through `answer`, the plain ones
(raw cosine, mean subtraction, z-scores of each query, interleaving) through the library's vector indexes.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from benchmarks.shared.figures import Figure, seen
from mmsearch.encoders.protocol import KnowsItsWords
from mmsearch.encoders.reading import fluency
from mmsearch.evaluate.significance import compare
from mmsearch.library import Library
from mmsearch.search.request import SearchRequest

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from mmsearch.datasets.collections import CaptionedPicture
    from mmsearch.datasets.trec import Qrels
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.ingest.sources import Source
    from mmsearch.search.ranking.fusion import FusionName
    from mmsearch.search.ranking.task import Prepared, Task
    from mmsearch.store.directory import IndexDirectory
    from mmsearch.types import Images, Modality, Vectors

Run: TypeAlias = dict[str, list[tuple[str, float]]]
Rank: TypeAlias = Callable[[str], list[tuple[str, float]]]  # a query's text -> (path, score) best first

MEASURE = "nDCG@10"
DEPTH = 10
# Channels of words switched off: what is left is what an encoder says.
DENSE_ONLY: Mapping[str, float] = {"words": 0.0, "name": 0.0}
SIGNIFICANT = 0.05


class RememberingEncoder:
    """An encoder whose vectors are kept, so that many indexes of the same media cost one encoding.

    ``gap`` (dimension,) is added to the vectors of pictures before they are normalised: the distance between the
    two kinds that encoders trained by contrast have.
    """

    def __init__(
        self, inner: Encoder, gap: NDArray[np.float32] | None = None, known: RememberingEncoder | None = None
    ) -> None:
        self._inner, self._gap = inner, gap
        self.name, self.dimension = inner.name, inner.dimension
        self.modalities, self.sound, self.sound_fingerprint = inner.modalities - {"audio"}, inner.sound, ""
        self.picture, self.parallel = inner.picture, False  # one thread: no vector is made twice
        mark = b"" if gap is None else gap.tobytes()
        self.fingerprint = hashlib.sha256(inner.fingerprint.encode() + mark).hexdigest()
        self._texts: dict[str, Vectors] = {} if known is None else known._texts
        self._pictures: dict[bytes, Vectors] = {} if known is None else known._pictures

    def encode_images(self, batch: Images) -> Vectors:
        """As the encoder does, and then moved by the gap."""
        import numpy as np

        keys = [hashlib.sha256(pixels.tobytes()).digest() for pixels in batch]
        fresh = [row for row, key in enumerate(keys) if key not in self._pictures]
        for start in range(0, len(fresh), 32):
            rows = fresh[start : start + 32]
            for row, vector in zip(rows, self._inner.encode_images(batch[rows]), strict=True):
                self._pictures[keys[row]] = vector
        vectors = np.stack([self._pictures[key] for key in keys])
        if self._gap is None:
            return vectors
        vectors = vectors + self._gap
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)

    def encode_texts(self, batch: Sequence[str]) -> Vectors:
        """As the encoder does."""
        import numpy as np

        fresh = [text for text in dict.fromkeys(batch) if text not in self._texts]
        for start in range(0, len(fresh), 64):
            some = fresh[start : start + 64]
            self._texts.update(zip(some, self._inner.encode_texts(some), strict=True))
        return np.stack([self._texts[text] for text in batch])

    def known_share(self, text: str) -> float:
        """As the encoder's."""
        return self._inner.known_share(text) if isinstance(self._inner, KnowsItsWords) else 1.0

    def fluency(self, text: str) -> float:
        """As the encoder's."""
        return fluency(self._inner, text)

    def prior(self, query: Modality, item: Modality) -> str | None:
        """As the encoder's; nothing is known beforehand of a tower that was moved."""
        moved = self._gap is not None and "image" in (query, item)
        return None if moved else self._inner.prior(query, item)

    def bank(self, modality: Modality) -> Vectors | None:
        """As the encoder's."""
        return None if self._gap is not None and modality == "image" else self._inner.bank(modality)


class EncodedLibrary(Library):
    """A library whose encoder is at hand instead of known by name."""

    def __init__(self, directory: IndexDirectory, encoder: Encoder) -> None:
        self._encoder = encoder
        super().__init__(directory)

    @property
    def encoders(self) -> tuple[Encoder, ...]:
        """The one."""
        return (self._encoder,)


def build(
    sources: Sequence[Source], folder: Path, encoder: Encoder, pooling: str | None = None
) -> EncodedLibrary:
    """The product's index of ``sources`` in ``folder``, with vectors of whole documents if ``pooling`` is given."""
    from mmsearch.ingest.pipeline import update_from
    from mmsearch.store.directory import IndexDirectory

    directory = IndexDirectory.create(folder)
    with directory.write_lock():
        update_from(sources, folder, directory, encoder)
        directory.write_pooling(pooling)
    return EncodedLibrary(directory, encoder)


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """Documents to index, texts to ask for (id -> text), and which documents answer each."""

    name: str
    sources: Sequence[Source]
    queries: Mapping[str, str]
    qrels: Qrels


def mixture(pictures: Sequence[CaptionedPicture], captions: int) -> Mixture:
    """Every picture and ``captions`` of its captions, each a document; another caption asks for all of them."""
    from mmsearch.ingest.sources import Source

    sources: list[Source] = []
    queries: dict[str, str] = {}
    qrels: dict[str, dict[str, int]] = {}
    for number, picture in enumerate(pictures):
        asked, *others = _shuffled(picture)
        own = [Source(f"{number:05}-p", picture.sha256, picture=picture.file)]
        own += [
            Source(f"{number:05}-{n}", text, captions=(text,)) for n, text in enumerate(others[:captions])
        ]
        sources += own
        queries[str(number)] = asked
        qrels[str(number)] = {source.path: 1 for source in own}
    return Mixture(f"pictures and {captions} of their captions", sources, queries, qrels)


def halves(pictures: Sequence[CaptionedPicture]) -> Mixture:
    """One answer to each query: for every second one a picture, for the others a caption."""
    from mmsearch.ingest.sources import Source

    sources: list[Source] = []
    queries: dict[str, str] = {}
    for number, picture in enumerate(pictures):
        asked, other, *_ = _shuffled(picture)
        sources.append(
            Source(f"{number:05}", picture.sha256, picture=picture.file)
            if number % 2
            else Source(f"{number:05}", other, captions=(other,))
        )
        queries[str(number)] = asked
    return Mixture("half pictures, half texts", sources, queries, {q: {f"{int(q):05}": 1} for q in queries})


def _shuffled(picture: CaptionedPicture) -> list[str]:
    captions = list(dict.fromkeys(picture.captions))
    random.Random(picture.sha256).shuffle(captions)
    return captions


def ask(queries: Mapping[str, str], rank: Rank) -> Run:
    """Each query's ranking."""
    return {query: rank(text) for query, text in queries.items()}


def fused(library: Library, *, depth: int = DEPTH, **options: object) -> Rank:
    """The product's answer; of several hits in one document the first counts."""
    from mmsearch.search.query.value import Part, Query, Text
    from mmsearch.search.search import search

    def rank(text: str) -> list[tuple[str, float]]:
        asked = SearchRequest(
            Query((Part(Text(text)),)),
            k=depth,
            cutoff=None,
            duplicates="show",
            explain=False,
            **options,  # type: ignore[arg-type]
        )
        hits = search(asked, library)
        best: dict[str, float] = {}
        for hit in hits:
            best.setdefault(hit.path, float(hit.score))
        return list(best.items())[:DEPTH]

    return rank


class OtherFusions:
    """The product's ranking with other fusions and weights; what is common to them is done once for each query."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._prepared: dict[str, Prepared] = {}
        items = library.catalogue.items(library.documents.ids.tolist())
        self._paths = {item.document_id: item.path for item in items}

    def ranking(self, fusion: FusionName = "calibrated", **weights: float) -> Rank:
        """By ``fusion``, with ``weights`` of channels by the kind of item or list: image, text, words, name."""
        from mmsearch.search.ranking.fusion import Fusion
        from mmsearch.search.ranking.threshold import Ranker

        def rank(text: str) -> list[tuple[str, float]]:
            task = self._task(text)
            columns = [
                replace(column, weight=weights.get(column.name.rpartition("→")[2], 1.0))
                for column in task.columns
            ]
            found, _ = Ranker(replace(task, columns=tuple(columns), fusion=Fusion(fusion))).best(DEPTH, None)
            documents = zip(found.documents.tolist(), found.scores.tolist(), strict=True)
            return [(self._paths[document], score) for document, score in documents]

        return rank

    def _task(self, text: str) -> Task:
        from mmsearch.search.query.value import Part, Query, Text
        from mmsearch.search.ranking.fusion import Fusion
        from mmsearch.search.ranking.task import prepare

        if text not in self._prepared:
            query = Query((Part(Text(text)),))
            self._prepared[text] = prepare(
                query, self._library, group="document", fusion=Fusion(), weights={}
            )
        return self._prepared[text].task


class PlainRankings:
    """One list of pictures and texts by simple means, from the vectors of a library without grouping."""

    def __init__(self, library: EncodedLibrary) -> None:
        import numpy as np

        self._encoder = library.encoders[0]
        found = [library.vector_index(self._encoder, modality) for modality in ("image", "text")]
        indexes = [index for index in found if index is not None]
        paths = {
            item.item_id: item.path
            for index in indexes
            for item in library.catalogue.items(index.ids.tolist())
        }
        self._paths = [[paths[item] for item in index.ids.tolist()] for index in indexes]
        self._vectors = [index.vectors(index.ids) for index in indexes]
        bank = self._encoder.bank("text")
        assert bank is not None
        self._query_mean = bank.mean(axis=0)
        self._means = [vectors.mean(axis=0) for vectors in self._vectors]
        self._centered = [
            _unit(vectors - mean) for vectors, mean in zip(self._vectors, self._means, strict=True)
        ]
        self._order = np.concatenate([np.full(len(v), kind) for kind, v in enumerate(self._vectors)])

    def raw(self, text: str) -> list[tuple[str, float]]:
        """By cosine."""
        return self._best([vectors @ self._query(text) for vectors in self._vectors])

    def mean_subtracted(self, text: str) -> list[tuple[str, float]]:
        """By cosine after each kind's mean, and that of queries, was taken away (Li et al., GR-CLIP, 2025)."""
        query = _unit(self._query(text) - self._query_mean)
        return self._best([vectors @ query for vectors in self._centered])

    def query_z(self, text: str) -> list[tuple[str, float]]:
        """By how many of this query's own standard deviations an item is above this query's own mean."""
        scores = [vectors @ self._query(text) for vectors in self._vectors]
        return self._best([(s - s.mean()) / s.std() for s in scores])

    def interleaved(self, text: str) -> list[tuple[str, float]]:
        """The first of each kind, then the second of each, beginning with the kind that has the higher cosine."""
        import numpy as np

        scores = [vectors @ self._query(text) for vectors in self._vectors]
        ranks = [-np.argsort(np.argsort(-s)).astype(np.float64) for s in scores]
        first = int(np.argmax([s.max() for s in scores]))
        return self._best([r + (0.5 if kind == first else 0.0) for kind, r in enumerate(ranks)])

    def _query(self, text: str) -> NDArray[np.float32]:
        return self._encoder.encode_texts([text])[0]

    def _best(self, scores: Sequence[NDArray[np.float64]]) -> list[tuple[str, float]]:
        import numpy as np

        every = np.concatenate(scores)
        paths = [path for listed in self._paths for path in listed]
        return [(paths[row], float(every[row])) for row in np.argsort(-every, kind="stable")[:DEPTH].tolist()]


@dataclass(frozen=True, slots=True)
class Result:
    """A way of ranking over all queries: its ``mean`` in percent and each query's ``values``."""

    mean: float
    values: Mapping[str, float]

    def against(self, default: Result) -> float:
        """The p value of its difference from ``default`` by the paired randomization test."""
        return compare(MEASURE, self.values, default.values).p


def evaluated(qrels: Qrels, run: Run) -> Result:
    """The measure of ``run``."""
    from mmsearch.evaluate.measures import mean, per_query

    values = per_query([MEASURE], qrels, run)[MEASURE]
    return Result(100 * mean(values), values)


def pooled(results: Sequence[Result]) -> Result:
    """All queries of several results as one."""
    values = {f"{n} {query}": value for n, one in enumerate(results) for query, value in one.values.items()}
    return Result(sum(one.mean for one in results) / len(results), values)


def compared(
    what: str, default: Result, others: Mapping[str, Result], *, asked: Collection[str]
) -> list[Figure]:
    """The default beside each of ``others``: it has to be better than those ``asked``, and significantly so."""
    figures = [seen(f"{what}: default fusion", f"{default.mean:.1f}")]
    for name, other in others.items():
        p = other.against(default)
        met = default.mean > other.mean and p < SIGNIFICANT if name in asked else None
        wanted = "default better, p < 0.05" if name in asked else ""
        figures.append(Figure(f"{what}: {name}", wanted, f"{other.mean:.1f} (p = {p:.4f})", met))
    return figures


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    import numpy as np

    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), dtype=np.float32)
