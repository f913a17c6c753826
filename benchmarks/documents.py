"""Documents of a picture, a title and a text: nDCG@10 of all channels together against the best single one."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, seen
from benchmarks.shared.mixtures import (
    DENSE_ONLY,
    RememberingEncoder,
    ask,
    build,
    compared,
    evaluated,
    fused,
    pooled,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks.shared.mixtures import Result
    from mmsearch.datasets.trec import Qrels
    from mmsearch.ingest.sources import Source

COLLECTIONS = ("textbook-photo-test", "textbook-drawing-test")
SINGLE = ("pictures only", "texts only", "words only")
# Hits that are looked at when each is an item: a document has three items.
ITEMS = 60


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """Figures of textbooks as documents, the descriptions that ask for each, and which one that is."""

    sources: Sequence[Source]
    queries: Mapping[str, str]
    qrels: Qrels


def measure(scale: float = 1.0) -> list[Figure]:
    """Each figure's description (alt text, not indexed) looks for the document of picture, title and caption."""
    from mmsearch.encoders.registry import load_encoder

    data = shared_data()
    if data is None:
        return [seen("documents", "not measured: no collections in ../shared/data or MMSEARCH_DATA")]
    names = os.environ.get("MMSEARCH_COLLECTION", ",".join(COLLECTIONS)).split(",")
    encoder = RememberingEncoder(load_encoder())
    results: dict[str, dict[str, Result]] = {}
    with tempfile.TemporaryDirectory() as work:
        for name in names:
            figures = read_figures(data / f"{name}.zip", Path(work) / name, scale)
            results[name] = _results(figures, Path(work) / f"{name}.index", encoder)
    if len(results) > 1:
        listed = list(results.values())
        results["all of them"] = {way: pooled([one[way] for one in listed]) for way in listed[0]}
    return [figure for name, ways in results.items() for figure in _figures(name, ways)]


def read_figures(archive: Path, folder: Path, scale: float = 1.0) -> Figures:
    """The records of ``archive``, unpacked into ``folder``."""
    from mmsearch.ingest.sources import Source

    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    lines = (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()
    records = {record["path"]: record for record in map(json.loads, lines)}
    chosen = list(records.values())[: max(20, int(scale * len(records)))]
    sources = [
        Source(
            f"{number:05}",
            record["path"],
            picture=folder / record["path"],
            title=record["title"] or None,
            captions=(record["caption"],) if record["caption"] else (),
        )
        for number, record in enumerate(chosen)
    ]
    queries = {str(number): record["alt"] for number, record in enumerate(chosen)}
    return Figures(sources, queries, {query: {f"{int(query):05}": 1} for query in queries})


def _results(figures: Figures, folder: Path, encoder: RememberingEncoder) -> dict[str, Result]:
    with build(figures.sources, folder, encoder) as library:
        ways = {
            "default": fused(library),
            "pictures only": fused(library, weights={**DENSE_ONLY, "text→text": 0.0}),
            "texts only": fused(library, weights={**DENSE_ONLY, "text→image": 0.0}),
            "words only": fused(library, weights={"text→text": 0.0, "text→image": 0.0}),
            "without words": fused(library, weights=DENSE_ONLY),
            "best item instead of fused items": fused(library, group="item", depth=ITEMS),
            **{name: fused(library, fusion=name) for name in ("rrf", "combsum", "combmnz", "logodds")},
        }
        results = {way: evaluated(figures.qrels, ask(figures.queries, rank)) for way, rank in ways.items()}
    with build(figures.sources, folder, encoder, "mean") as library:
        results["a further channel of whole documents"] = evaluated(
            figures.qrels, ask(figures.queries, fused(library))
        )
    return results


def _figures(name: str, results: Mapping[str, Result]) -> list[Figure]:
    best = max(SINGLE, key=lambda way: results[way].mean)
    others = {way: result for way, result in results.items() if way != "default"}
    return compared(
        f"{name} ({len(results[best].values)} queries)", results["default"], others, asked=(best,)
    )
