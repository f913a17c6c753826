"""One vector for a whole document, made in several ways: nDCG@10 in the place of the default fusion, and beside it."""

from __future__ import annotations

import random
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from benchmarks.documents import Figures, read_figures
from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, seen
from benchmarks.shared.mixtures import (
    DENSE_ONLY,
    MEASURE,
    RememberingEncoder,
    ask,
    build,
    compared,
    evaluated,
    fused,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from benchmarks.shared.mixtures import EncodedLibrary, Rank, Result
    from mmsearch.datasets.collections import CaptionedPicture

    Floats: TypeAlias = NDArray[np.float32]
    Pair = tuple[Floats, Floats]  # a document's picture (d,) and its texts (m, d)
    Way = Callable[[Pair], Floats]

CAPTIONED, FIGURES = "flickr8k-dev", "textbook-photo-dev"  # ways are chosen here: no test sets
CAPTIONS = (1, 2, 4)
PICTURES = 500
WEIGHTS = (0.3, 0.5, 0.7)
# Documents that attention is trained on: captioned pictures, and as many figures of textbooks.
TRAINED_ON = 1000
STEPS, BATCH, RATE = 400, 256, 5e-3


def measure(scale: float = 1.0) -> list[Figure]:
    """Pictures with 1, 2, 4 captions asked for by another one, and figures with title and caption."""
    from mmsearch.datasets.collections import Captioned, open_collection
    from mmsearch.encoders.registry import load_encoder

    data = shared_data()
    if data is None:
        return [seen("early", "not measured: no collections in ../shared/data or MMSEARCH_DATA")]
    encoder = RememberingEncoder(load_encoder())
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as work:
        attention = _attention(data, Path(work), encoder, max(100, int(TRAINED_ON * scale)))
        with open_collection(data / f"{CAPTIONED}.zip") as collection:
            assert isinstance(collection, Captioned)
            pictures = collection.pictures[: max(20, int(PICTURES * scale))]
            for count in CAPTIONS:
                folder = Path(work) / str(count)
                figures += _compared(
                    f"picture and {count} captions", captioned(pictures, count), folder, encoder, attention
                )
        figures += _compared(
            FIGURES,
            read_figures(data / f"{FIGURES}.zip", Path(work) / FIGURES, scale),
            Path(work) / "f",
            encoder,
            attention,
        )
    return figures


def captioned(pictures: Sequence[CaptionedPicture], count: int) -> Figures:
    """Documents of a picture and ``count`` captions, with another caption that asks for each."""
    from mmsearch.ingest.sources import Source

    sources, queries = [], {}
    for number, picture in enumerate(pictures):
        captions = list(dict.fromkeys(picture.captions))
        random.Random(picture.sha256).shuffle(captions)
        own = tuple(captions[1 : 1 + count])
        sources.append(Source(f"{number:05}", picture.sha256, picture=picture.file, captions=own))
        queries[str(number)] = captions[0]
    return Figures(sources, queries, {query: {f"{int(query):05}": 1} for query in queries})


def _compared(
    what: str, figures: Figures, folder: Path, encoder: RememberingEncoder, attention: Way | None
) -> list[Figure]:
    def result(rank: Rank) -> Result:
        return evaluated(figures.qrels, ask(figures.queries, rank))

    with build(figures.sources, folder, encoder, "mean") as library:
        results = {"mean as a further channel": result(fused(library))}
        results["mean as a further channel, without words"] = result(fused(library, weights=DENSE_ONLY))
        documents = _documents(library)
        for name, way in _ways(attention).items():
            results[f"{name}, alone"] = result(_nearest(library, documents, way))
    with build(figures.sources, folder, encoder) as library:
        default = result(fused(library))
        results["default without words"] = result(fused(library, weights=DENSE_ONLY))
    return compared(f"{what}: {MEASURE}", default, results, asked=())


def _ways(attention: Way | None) -> dict[str, Way]:
    import numpy as np

    def weighted(weight: float) -> Way:
        return lambda pair: weight * pair[0] + (1 - weight) * _unit(pair[1].mean(axis=0))

    ways: dict[str, Way] = {"mean": lambda pair: pair[0] + pair[1].sum(axis=0)}
    ways |= {f"weighted sum, {weight} for the picture": weighted(weight) for weight in WEIGHTS}
    ways["product"] = lambda pair: pair[0] * _unit(pair[1].mean(axis=0))
    ways["concatenation"] = lambda pair: np.concatenate([pair[0], _unit(pair[1].mean(axis=0))])
    return ways if attention is None else ways | {"attention": attention}


def _documents(library: EncodedLibrary) -> dict[str, Pair]:
    """Each document that has a picture and texts."""
    encoder = library.encoders[0]
    found: dict[str, dict[str, Floats]] = {}
    for modality in ("image", "text"):
        index = library.vector_index(encoder, modality)
        assert index is not None
        items = library.catalogue.items(index.ids.tolist())
        for item, vector in zip(items, index.vectors(index.ids), strict=True):
            own = found.setdefault(item.path, {})
            own[modality] = _stacked(own.get(modality), vector)
    return {path: (own["image"][0], own["text"]) for path, own in found.items() if len(own) == 2}


def _nearest(library: EncodedLibrary, documents: dict[str, Pair], way: Way) -> Rank:
    import numpy as np

    paths = list(documents)
    vectors = np.stack([_unit(way(pair)) for pair in documents.values()])
    encoder = library.encoders[0]

    def rank(text: str) -> list[tuple[str, float]]:
        query = encoder.encode_texts([text])[0]
        scores = vectors @ np.tile(query, vectors.shape[1] // query.size)
        return [(paths[row], float(scores[row])) for row in np.argsort(-scores, kind="stable")[:10]]

    return rank


def _attention(data: Path, work: Path, encoder: RememberingEncoder, count: int) -> Way | None:
    """Attention pooling, trained on pairs of the training collections; None without torch."""
    if find_spec("torch") is None:
        return None
    from mmsearch.datasets.collections import Captioned, open_collection

    with open_collection(data / "flickr8k-train.zip") as collection:
        assert isinstance(collection, Captioned)
        sets = [captioned(collection.pictures[:count], count) for count in CAPTIONS]
        trained = [_training(one, work / f"train{n}", encoder) for n, one in enumerate(sets)]
    every = read_figures(data / "textbook-photo-train.zip", work / "train")
    chosen = {query: every.queries[query] for query in list(every.queries)[:count]}
    trained.append(_training(Figures(every.sources[:count], chosen, every.qrels), work / "train.f", encoder))
    return _train([pair for pairs in trained for pair in pairs])


def _training(figures: Figures, folder: Path, encoder: RememberingEncoder) -> list[tuple[Floats, Pair]]:
    with build(figures.sources, folder, encoder) as library:
        documents = _documents(library)
    wanted = {next(iter(figures.qrels[query])): text for query, text in figures.queries.items()}
    return [(encoder.encode_texts([wanted[path]])[0], pair) for path, pair in documents.items()]


def _train(examples: Sequence[tuple[Floats, Pair]]) -> Way:
    """A document is the sum of its items by softmax(u · item + b), with a u and a b for pictures and for texts."""
    import numpy as np
    import torch

    torch.manual_seed(0)
    dimension = examples[0][0].size
    directions = torch.zeros(2, dimension, requires_grad=True)
    biases = torch.zeros(2, requires_grad=True)
    scale = torch.tensor(3.0, requires_grad=True)
    optimizer = torch.optim.AdamW([directions, biases, scale], lr=RATE)

    def pool(pair: Pair) -> torch.Tensor:
        items = torch.as_tensor(_stacked(pair[1], pair[0]))  # the picture comes last
        kinds = torch.tensor([1] * len(pair[1]) + [0])
        weights = (5.0 * (items * directions[kinds]).sum(1) + biases[kinds]).softmax(0)
        return torch.nn.functional.normalize(weights @ items, dim=0)

    draw = random.Random(0)
    for _ in range(STEPS):
        batch = draw.sample(examples, min(BATCH, len(examples)))
        queries = torch.as_tensor(np.stack([query for query, _ in batch]))
        logits = scale.exp() * queries @ torch.stack([pool(pair) for _, pair in batch]).T
        right = torch.arange(len(batch))
        loss = torch.nn.functional.cross_entropy(logits, right)
        loss = loss + torch.nn.functional.cross_entropy(logits.T, right)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return lambda pair: pool(pair).detach().numpy()


def _stacked(vectors: Floats | None, vector: Floats) -> Floats:
    import numpy as np

    return vector[None] if vectors is None else np.concatenate([vectors, vector[None]])


def _unit(vector: Floats) -> Floats:
    import numpy as np

    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-9), dtype=np.float32)
