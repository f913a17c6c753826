"""Who is told "nothing matches": captions of pictures that are there, of pictures taken out, unrelated sentences."""

from __future__ import annotations

import json
import random
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.calibration import _diagrams, _everyday
from benchmarks.data import shared_data
from benchmarks.figures import Figure, seen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.library import Library

CUTOFFS = (1.0, 0.5, 0.4, 0.2, 0.1)
COLLECTIONS = ("flickr8k-dev", "textbook-photo-dev")  # the default is chosen here: no test sets
QUERIES = 300
ANSWERABLE_LOST, UNRELATED_TOLD = 0.05, 0.80
AREA_UNRELATED, AREA_SAME_DOMAIN = 0.98, 0.80


def measure(scale: float = 1.0) -> list[Figure]:
    """Half of each collection is indexed; the other half is what was taken out."""
    data = shared_data()
    if data is None:
        return [seen("cutoff", "not measured: no collections in ../shared/data or MMSEARCH_DATA")]
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as work:
        for name in COLLECTIONS:
            figures += _of_collection(data, name, Path(work), max(20, int(QUERIES * scale)))
    return figures


def _of_collection(data: Path, name: str, work: Path, count: int) -> list[Figure]:
    from mmsearch.evaluate.collections import Captioned, open_collection
    from mmsearch.ingest.sources import Source
    from mmsearch.library import index_sources
    from mmsearch.search.answer import DEFAULT_CUTOFF

    draw = random.Random(1)
    with open_collection(data / f"{name}.zip") as collection:
        assert isinstance(collection, Captioned)
        half = len(collection.pictures) // 2
        sources = [Source(f"{n}", "1", picture=p.file) for n, p in enumerate(collection.pictures[:half])]
        asked = [draw.choice(picture.captions) for picture in collection.pictures]
        with index_sources(sources, work, work / f"{name}.index") as library:
            there = _best(library, asked[:half][:count])
            unrelated = {
                "pictures taken out": asked[half:][:count],
                "everyday sentences": _everyday(data, count),
                "captions of diagrams": _diagrams(data, count),
                "the demo's texts": _demo_texts(),
            }
            others = {what: _best(library, texts) for what, texts in unrelated.items()}
    lost = _told(there, DEFAULT_CUTOFF)
    figures = [
        Figure(
            f"{name}: answerable told nothing at {DEFAULT_CUTOFF}",
            "≤ 5 %",
            f"{lost:.1%}",
            lost <= ANSWERABLE_LOST,
        ),
        seen(f"{name}: answerable told nothing at {CUTOFFS}", _row(there)),
    ]
    for what, values in others.items():
        area = _area(there, values)
        same = what == "pictures taken out"
        least = AREA_SAME_DOMAIN if same else AREA_UNRELATED
        figures.append(Figure(f"{name}: AUC of E against {what}", f"≥ {least}", f"{area:.3f}", area >= least))
        told = _told(values, DEFAULT_CUTOFF)
        if same:
            figures.append(seen(f"{name}: {what} told nothing at {CUTOFFS}", _row(values)))
        else:
            wanted = f"≥ {UNRELATED_TOLD:.0%}"
            shown = f"{told:.1%} ({_row(values)} at {CUTOFFS})"
            figures.append(Figure(f"{name}: {what} told nothing", wanted, shown, told >= UNRELATED_TOLD))
    return figures


def _best(library: Library, texts: Sequence[str]) -> list[float]:
    """The expected count of each text's best hit."""
    from mmsearch.search.query import Part, Query, Text

    queries = [Query((Part(Text(text)),)) for text in texts]
    return [library.search(query, k=1, cutoff=None)[0].evalue for query in queries]


def _told(values: Sequence[float], cutoff: float) -> float:
    return sum(value > cutoff for value in values) / len(values)


def _row(values: Sequence[float]) -> str:
    return " / ".join(f"{_told(values, cutoff):.1%}" for cutoff in CUTOFFS)


def _area(low: Sequence[float], high: Sequence[float]) -> float:
    """How often a value of ``low`` is under one of ``high``; ties count half."""
    pairs = [(a < b) + 0.5 * (a == b) for a in low for b in high]
    return sum(pairs) / len(pairs)


def _demo_texts() -> list[str]:
    lines = resources.files("mmsearch.cli").joinpath("data/demo-texts.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["text"].split(". ")[0] for line in lines]
