"""Who of those that ask by one to three words is told "nothing matches": things that are there, or not, other domains.

Photographs without captions are indexed. **Answerable** keywords were drawn from their captions: nouns for things,
alone and with one or two words before them; where a picture has several captions, another one of it names the thing
too. **Absent** things are visible ones of which no caption of the collection names them, a kind of them, or what they
are a kind of (by WordNet 3.0). **Other domains** are terms of medicine, law, software, finance and science. By the
lists of dev the constants were chosen; the held-out ones are of other pictures or other words, and are for reporting.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.cutoff import _area, _best, _told
from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, seen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WORDS = Path(__file__).parent / "shared" / "keywords.json"
OTHER = "other domains"
# Photographs of daily life, which the figures are asked of; textbooks' are about business, politics and persons.
EVERYDAY = ("flickr8k", "coco")
AREA_ABSENT, AREA_OTHER, ANSWERABLE_LOST = 0.88, 0.95, 0.03


def measure(scale: float = 1.0) -> list[Figure]:
    """Each collection's pictures in an index of their own, asked by the first ``scale`` of its lists."""
    data = shared_data()
    if data is None:
        return [seen("keywords", "not measured: no collections in ../shared/data or MMSEARCH_DATA")]
    lists = json.loads(WORDS.read_text(encoding="utf-8"))
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as work:
        for name, words in lists.items():
            if name != OTHER:
                collection, part = name.split(", ")
                others = lists[OTHER][part]
                figures += _figures(name, data / f"{collection}.zip", words, others, Path(work), scale)
    return figures


def _figures(
    name: str, file: Path, words: Mapping[str, Sequence[str]], others: Sequence[str], work: Path, scale: float
) -> list[Figure]:
    from mmsearch.datasets.collections import Captioned, open_collection
    from mmsearch.ingest.sources import Source
    from mmsearch.library import index_sources
    from mmsearch.search.query.defaults import DEFAULT_CUTOFF

    def some(several: Sequence[str]) -> Sequence[str]:
        return several[: max(10, int(scale * len(several)))]

    with open_collection(file) as collection:
        assert isinstance(collection, Captioned)
        sources = [Source(f"{n}", "1", picture=one.file) for n, one in enumerate(collection.pictures)]
        with index_sources(sources, work, work / file.stem) as library:
            there, absent, other = (
                _best(library, some(several)) for several in (words["answerable"], words["absent"], others)
            )
    lost = _told(there, DEFAULT_CUTOFF)
    of_absent, of_other = _area(there, absent), _area(there, other)
    shown = f"{name} ({len(sources):,} pictures; {len(there)}, {len(absent)}, {len(other)} words)"
    told = f"{_told(absent, DEFAULT_CUTOFF):.1%} and {_told(other, DEFAULT_CUTOFF):.1%}"
    if not name.startswith(EVERYDAY):
        return [
            seen(
                f"{shown}: AUC of E against absent things, other domains", f"{of_absent:.3f}, {of_other:.3f}"
            ),
            seen(f"{shown}: answerable told nothing; absent and others", f"{lost:.1%}; {told}"),
        ]
    return [
        Figure(
            f"{shown}: AUC of E against absent things",
            f"≥ {AREA_ABSENT}",
            f"{of_absent:.3f}",
            of_absent >= AREA_ABSENT,
        ),
        Figure(
            f"{shown}: AUC against other domains",
            f"≥ {AREA_OTHER}",
            f"{of_other:.3f}",
            of_other >= AREA_OTHER,
        ),
        Figure(
            f"{shown}: answerable told nothing",
            f"≤ {ANSWERABLE_LOST:.0%}",
            f"{lost:.1%}",
            lost <= ANSWERABLE_LOST,
        ),
        seen(f"{shown}: absent and others told nothing", told),
    ]
