"""Who is told "nothing matches": captions of pictures that are there, of pictures taken out, unrelated sentences.

Where pictures have enough captions there is a second setting: with some of the captions in the index as documents of
their own, asked by others. Words that captions share are asked as well: a rule that is made for sentences must not
take short queries for strangers.
"""

from __future__ import annotations

import json
import random
import re
import tempfile
from collections import Counter
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.calibration import _diagrams, _everyday
from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, seen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.datasets.collections import CaptionedPicture
    from mmsearch.library import Library

CUTOFFS = (1.0, 0.7, 0.6, 0.5, 0.3)
COLLECTIONS = ("flickr8k-dev", "textbook-photo-dev")  # the default is chosen here: no test sets
QUERIES = 300
# Captions of a picture that are in the index, in the setting with captions.
INDEXED_CAPTIONS = 2
# Words that are asked are shared by captions of one picture, and are in no more than this share of all captions.
SHORTEST_WORD, MOST_FREQUENT = 4, 0.05
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
    from mmsearch.datasets.collections import Captioned, open_collection
    from mmsearch.ingest.sources import Source
    from mmsearch.library import index_sources

    draw = random.Random(1)
    unrelated = {
        "everyday sentences": _everyday(data, count),
        "captions of diagrams": _diagrams(data, count),
        "the demo's texts": _demo_texts(),
    }
    with open_collection(data / f"{name}.zip") as collection:
        assert isinstance(collection, Captioned)
        pictures = collection.pictures
        half = len(pictures) // 2
        sources = [Source(f"{n}", "1", picture=p.file) for n, p in enumerate(pictures[:half])]
        asked = [draw.choice(picture.captions) for picture in pictures]
        with index_sources(sources, work, work / f"{name}.index") as library:
            figures = _figures(library, name, asked[:half][:count], asked[half:][:count], unrelated)
            words = _shared_words(pictures, half, count)
            if words:
                lost = _row(_best(library, words))
                figures.append(seen(f"{name}: {len(words)} single words told nothing at {CUTOFFS}", lost))
        if min(len(picture.captions) for picture in pictures) > INDEXED_CAPTIONS:
            orders = [draw.sample(picture.captions, INDEXED_CAPTIONS + 1) for picture in pictures]
            sources += [
                Source(f"{n}-{m}", "1", captions=(caption,))
                for n, captions in enumerate(orders[:half])
                for m, caption in enumerate(captions[1:])
            ]
            asked = [captions[0] for captions in orders]
            setting = f"{name} with {INDEXED_CAPTIONS} captions of each picture"
            with index_sources(sources, work, work / f"{name}.mixed") as library:
                figures += _figures(library, setting, asked[:half][:count], asked[half:][:count], unrelated)
    return figures


def _figures(
    library: Library,
    name: str,
    answerable: Sequence[str],
    taken_out: Sequence[str],
    unrelated: Mapping[str, Sequence[str]],
) -> list[Figure]:
    from mmsearch.search.query.defaults import DEFAULT_CUTOFF

    there = _best(library, answerable)
    lost = _told(there, DEFAULT_CUTOFF)
    what = f"{name}: answerable told nothing"
    figures = [
        Figure(f"{what} at {DEFAULT_CUTOFF}", "≤ 5 %", f"{lost:.1%}", lost <= ANSWERABLE_LOST),
        seen(f"{what} at {CUTOFFS}", _row(there)),
    ]
    same = _best(library, taken_out)
    area = _area(there, same)
    what = f"{name}: AUC of E against captions of what was taken out"
    figures.append(Figure(what, f"≥ {AREA_SAME_DOMAIN}", f"{area:.3f}", area >= AREA_SAME_DOMAIN))
    figures.append(seen(f"{name}: captions of what was taken out told nothing at {CUTOFFS}", _row(same)))
    for what, texts in unrelated.items():
        values = _best(library, texts)
        area, told = _area(there, values), _told(values, DEFAULT_CUTOFF)
        wanted, told_wanted = f"≥ {AREA_UNRELATED}", f"≥ {UNRELATED_TOLD:.0%}"
        shown = f"{told:.1%} ({_row(values)} at {CUTOFFS})"
        figures += [
            Figure(f"{name}: AUC of E against {what}", wanted, f"{area:.3f}", area >= AREA_UNRELATED),
            Figure(f"{name}: {what} told nothing", told_wanted, shown, told >= UNRELATED_TOLD),
        ]
    return figures


def _shared_words(pictures: Sequence[CaptionedPicture], half: int, count: int) -> list[str]:
    """Words that two captions of one of the first ``half`` pictures share, without those that are everywhere."""
    said = [[set(re.findall(r"[a-z]+", caption.lower())) for caption in one.captions] for one in pictures]
    spread = Counter(word for captions in said for words in captions for word in words)
    most = MOST_FREQUENT * sum(map(len, said))
    shared: set[str] = set()
    for captions in said[:half]:
        times = Counter(word for words in captions for word in words)
        shared |= {word for word, n in times.items() if n > 1 and len(word) >= SHORTEST_WORD}
    kept = sorted(word for word in shared if spread[word] <= most)
    return random.Random(4).sample(kept, min(count, len(kept)))


def _best(library: Library, texts: Sequence[str]) -> list[float]:
    """The expected count of each text's best hit."""
    from mmsearch.search.query.value import Part, Query, Text

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
