"""Pictures and texts in one list: nDCG@10 of the default fusion and of plainer ones, with significance.

``MMSEARCH_COLLECTION=flickr8k-dev python -m benchmarks mixed`` measures where the defaults are chosen.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, seen
from benchmarks.shared.mixtures import (
    OtherFusions,
    PlainRankings,
    RememberingEncoder,
    ask,
    build,
    compared,
    evaluated,
    fused,
    halves,
    mixture,
    pooled,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.shared.mixtures import EncodedLibrary, Mixture, Rank, Result

COLLECTION = "flickr8k-test"
CAPTIONS = (1, 2, 4)
PICTURES = 1000
# What the default has to beat. Every document has one item here, so that raw cosine is CombSUM and CombMNZ too.
ASKED = (
    "raw cosine",
    "mean subtraction",
    "z-scores of each query",
    "RRF",
    "rank interleaving",
    "pictures only",
    "texts only",
    "words only",
)


def measure(scale: float = 1.0) -> list[Figure]:
    """Every picture with 1, 2 and 4 of its captions as documents of their own; and one answer to each query."""
    from mmsearch.datasets.collections import Captioned, open_collection
    from mmsearch.encoders.registry import load_encoder

    data = shared_data()
    if data is None:
        return [seen("mixed", "not measured: no collections in ../shared/data or MMSEARCH_DATA")]
    name = os.environ.get("MMSEARCH_COLLECTION", COLLECTION)
    encoder = RememberingEncoder(load_encoder())
    mixed: list[Mapping[str, Result]] = []
    with tempfile.TemporaryDirectory() as work, open_collection(data / f"{name}.zip") as collection:
        assert isinstance(collection, Captioned)
        pictures = collection.pictures[: max(20, int(PICTURES * scale))]
        for captions in CAPTIONS:
            mixed.append(_results(mixture(pictures, captions), Path(work) / str(captions), encoder))
        half = _results(halves(pictures), Path(work) / "halves", encoder)
    every = {way: pooled([results[way] for results in mixed]) for way in mixed[0]}
    each = zip(CAPTIONS, mixed, strict=True)
    rows = [seen(f"{name}, pictures and {captions} captions", _list(results)) for captions, results in each]
    return [
        *_figures(f"{name}, pictures and 1, 2, 4 captions", every),
        *_figures(f"{name}, half pictures, half texts", half),
        *rows,
    ]


def _figures(what: str, results: Mapping[str, Result]) -> list[Figure]:
    others = {way: result for way, result in results.items() if way != "default"}
    return compared(what, results["default"], others, asked=ASKED)


def _list(results: Mapping[str, Result]) -> str:
    return ", ".join(f"{way} {result.mean:.1f}" for way, result in results.items())


def _results(mix: Mixture, folder: Path, encoder: RememberingEncoder) -> dict[str, Result]:
    with build(mix.sources, folder, encoder) as library:
        return {way: evaluated(mix.qrels, ask(mix.queries, rank)) for way, rank in _ways(library).items()}


def _ways(library: EncodedLibrary) -> dict[str, Rank]:
    plain, others = PlainRankings(library), OtherFusions(library)
    without_words = {"words": 0.0, "name": 0.0}
    return {
        "default": fused(library),
        "default without words": others.ranking(**without_words),
        "raw cosine": plain.raw,
        "mean subtraction": plain.mean_subtracted,
        "z-scores of each query": plain.query_z,
        "RRF": others.ranking("rrf", **without_words),
        "rank interleaving": plain.interleaved,
        "log-odds": others.ranking("logodds", **without_words),
        "pictures only": others.ranking(**without_words, text=0.0),
        "texts only": others.ranking(**without_words, image=0.0),
        "words only": others.ranking(image=0.0, text=0.0),
        "RRF with words": others.ranking("rrf"),
        "CombSUM with words": others.ranking("combsum"),
        "CombMNZ with words": others.ranking("combmnz"),
        "log-odds with words": others.ranking("logodds"),
    }
