"""NOT x and -x: how much of x is left in the first 20, against vector subtraction, and how much that was wanted.

The queries are made by rule, none is chosen by its result: each is a word for many things, one of which is excluded.
Thresholds are chosen on the first three collections; ``pacs`` is for the last word.
"""

from __future__ import annotations

import json
import random
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, seen

if TYPE_CHECKING:
    from mmsearch.library import Library
    from mmsearch.types import Vector

TOP = 20
SHARE_ASKED = 0.2
SUBTRACTED = (0.5, 1.0)
STYLES = ("photo", "drawing", "painting", "cartoon")
ANIMALS = ("dog", "elephant", "giraffe", "horse")
# The domain of PACS that a style asks for.
DOMAINS = {"photo": "photo", "drawing": "sketch", "painting": "art", "cartoon": "cartoon"}
# A class with fewer pictures can hardly be in the way, and a category with fewer can't fill the list.
LEAST_OF_CLASS, LEAST_OF_CATEGORY = 25, 100
# What captions mention most, by the words for it. A picture shows what two of its five captions mention.
MENTIONED = {
    "dog": "dogs?|puppy|puppies",
    "man": "man|men|guys?",
    "woman": "woman|women|lady|ladies",
    "child": "child|children|kids?|toddler|baby|boys?|girls?",
    "snow": "snow|snowy",
    "water": "water|river|lake|ocean|sea|pool|wave",
    "grass": "grass|grassy|lawn",
    "ball": "balls?|football|basketball|soccer|tennis",
    "beach": "beach|sand|shore",
    "bicycle": "bicycles?|bikes?|bicyclist|biker|cyclist",
    "car": "cars?|truck|vehicle",
    "tree": "trees?|forest|woods",
    "rock": "rocks?|cliff|rocky|boulder",
    "street": "street|road|sidewalk",
    "mountain": "mountains?|mountainous|hill",
}
COMPANIONS = 3
# Small indexes: how many of a collection, and how many pictures of each show what is excluded, are wanted, or neither.
SMALL = 60
EXCLUDED_IN, WANTED_IN, OTHERS_IN = 2, 3, 5


@dataclass(frozen=True, slots=True)
class Case:
    """``query`` without ``excluded``: the numbers of the records that show it, and of those that are wanted."""

    query: str
    excluded: str
    unwanted: frozenset[int]
    wanted: frozenset[int]


def measure(scale: float = 1.0) -> list[Figure]:
    """Everything through the product, pictures alone: no names or labels are indexed that words could exclude by."""
    data = shared_data()
    if data is None:
        return [seen("exclusion", "not measured: no collections in ../shared/data or MMSEARCH_DATA")]
    figures: list[Figure] = []
    for name, cases_of in CASES.items():
        with tempfile.TemporaryDirectory() as work:
            records, library = _indexed(data / f"{name}.zip", Path(work), scale)
            with library:
                cases = list(cases_of(records))
                figures += _figures(name, library, cases)
            figures += _small(
                name, data / f"{name}.zip", records, cases, Path(work), max(5, int(SMALL * scale))
            )
    return figures


def _figures(name: str, library: Library, cases: Sequence[Case]) -> list[Figure]:
    ways: dict[str, Callable[[Case], list[int]]] = {
        "plain": lambda case: _found(library, _query(case, None)),
        **{f"minus {w:g} vector": lambda case, w=w: _subtracted(library, case, w) for w in SUBTRACTED},
        "-x": lambda case: _found(library, _query(case, "minus")),
        "NOT x": lambda case: _found(library, _query(case, "not")),
    }
    found = {way: [ask(case) for case in cases] for way, ask in ways.items()}
    left = {way: _share(cases, lists, "unwanted") for way, lists in found.items()}
    figures = [
        seen(
            f"{name}, {len(cases)} queries, {way}: excluded; wanted in the first {TOP}",
            f"{left[way]:.1%}; {_share(cases, lists, 'wanted'):.1%}",
        )
        for way, lists in found.items()
    ]
    for weight in SUBTRACTED:
        of = left["NOT x"] / max(left[f"minus {weight:g} vector"], 1e-9)
        what = f"{name}: left by NOT x, of what subtraction with weight {weight:g} leaves"
        figures.append(Figure(what, f"≤ {SHARE_ASKED:g}", f"{of:.2f}", of <= SHARE_ASKED))
    kept = [_kept(library, case) for case in cases]
    return [*figures, seen(f"{name}: wanted pictures that NOT x does not remove", f"{_mean(kept):.1%}")]


def _small(
    name: str,
    archive: Path,
    records: Sequence[Mapping[str, Any]],
    cases: Sequence[Case],
    work: Path,
    count: int,
) -> list[Figure]:
    """What is removed in indexes of ten pictures, where a background is little more than the encoder's own."""
    from mmsearch.ingest.sources import Source
    from mmsearch.library import index_sources

    draw = random.Random(0)
    fit = [case for case in cases if len(case.unwanted) >= EXCLUDED_IN and len(case.wanted) >= WANTED_IN]
    kept: list[float] = []
    left: list[float] = []
    with zipfile.ZipFile(archive) as file:
        for at in range(count if fit else 0):
            case = draw.choice(fit)
            shown = draw.sample(sorted(case.unwanted), EXCLUDED_IN)
            wanted = draw.sample(sorted(case.wanted - case.unwanted), WANTED_IN)
            rest = [n for n in range(len(records)) if n not in case.wanted | case.unwanted]
            # where everything is wanted but for the excluded thing, more of that
            rest = rest if len(rest) >= OTHERS_IN else sorted(case.wanted - case.unwanted - {*wanted})
            sources = []
            for n in [*shown, *wanted, *draw.sample(rest, OTHERS_IN)]:
                picture = work / f"small{n}{Path(records[n]['path']).suffix}"
                picture.write_bytes(file.read(records[n]["path"]))
                sources.append(Source(f"{n}", "1", picture=picture))
            with index_sources(sources, work, work / f"small{at}") as library:
                found = set(_found(library, _query(case, "not")))
            left.append(len(found & {*shown}) / EXCLUDED_IN)
            kept.append(len(found & {*wanted}) / WANTED_IN)
    if not fit:
        return []
    what = f"{name}, {count} indexes of {EXCLUDED_IN + WANTED_IN + OTHERS_IN}: excluded that NOT x leaves; wanted"
    return [seen(what, f"{_mean(left):.1%}; {_mean(kept):.1%}")]


def _share(cases: Sequence[Case], lists: Sequence[Sequence[int]], side: str) -> float:
    return _mean(
        [len(getattr(case, side) & set(found)) / TOP for case, found in zip(cases, lists, strict=True)]
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _query(case: Case, kind: Any) -> Any:
    from mmsearch.search.query.value import Part, Query, Text

    parts = [Part(Text(case.query))]
    return Query((*parts, Part(Text(case.excluded), kind)) if kind else tuple(parts))


def _found(library: Library, query: Any, k: int = TOP) -> list[int]:
    return [int(hit.path) for hit in library.search(query, k=k, cutoff=None, explain=False)]


def _subtracted(library: Library, case: Case, weight: float) -> list[int]:
    """The nearest to the query's vector less ``weight`` times that of what is excluded."""
    from mmsearch.search.query.value import Part, Picture, Query

    query, excluded = library.encoders[0].encode_texts([case.query, case.excluded])
    vector: Vector = query - weight * excluded
    return _found(library, Query((Part(Picture(vector)),)))


def _kept(library: Library, case: Case) -> float:
    found = _found(library, _query(case, "not"), library.documents.ids.size)
    return len(case.wanted & set(found)) / max(len(case.wanted), 1)


def _indexed(archive: Path, work: Path, scale: float) -> tuple[list[dict[str, Any]], Library]:
    """The records and an index of their pictures, each named by its number alone."""
    from mmsearch.ingest.sources import Source
    from mmsearch.library import index_sources

    with zipfile.ZipFile(archive) as file:
        records = [json.loads(line) for line in file.read("records.jsonl").splitlines()]
        records = records[:: max(1, round(1 / scale))]
        sources = []
        for number, record in enumerate(records):
            picture = work / f"{number}{Path(record['path']).suffix}"
            picture.write_bytes(file.read(record["path"]))
            sources.append(Source(f"{number}", "1", picture=picture))
    return records, index_sources(sources, work, work / "index")


def _clothing(records: Sequence[Mapping[str, Any]]) -> Iterator[Case]:
    """Clothes, but for one of the ten kinds."""
    kinds = [record["label"].replace("_", " ") for record in records]
    for kind in sorted(set(kinds)):
        for query in ("clothing", "a photo of clothes", "something to wear"):
            yield Case(query, kind.lower(), _where(kinds, kind), _but(range(len(kinds)), kinds, kind))


def _products(records: Sequence[Mapping[str, Any]]) -> Iterator[Case]:
    """A category of a shop, but for one of its larger classes."""
    kinds = [record["articleType"] for record in records]
    for category in sorted({record["masterCategory"] for record in records}):
        inside = [n for n, record in enumerate(records) if record["masterCategory"] == category]
        if len(inside) < LEAST_OF_CATEGORY:
            continue
        for kind in sorted({kinds[n] for n in inside}):
            if len(_where(kinds, kind)) >= LEAST_OF_CLASS:
                for query in (category.lower(), f"a photo of {category.lower()}"):
                    yield Case(query, kind.lower(), _where(kinds, kind), _but(inside, kinds, kind))


def _flickr(records: Sequence[Mapping[str, Any]]) -> Iterator[Case]:
    """Something that captions mention, but for one of the three things that it is mentioned with most."""
    from mmsearch.search.channels.prompts import with_article

    mentions = {
        thing: [
            sum(bool(re.search(rf"\b({words})\b", caption.lower())) for caption in record["captions"])
            for record in records
        ]
        for thing, words in MENTIONED.items()
    }
    once = {thing: {n for n, count in enumerate(counts) if count} for thing, counts in mentions.items()}
    for excluded in MENTIONED:
        others = sorted(MENTIONED, key=lambda other: -len(once[other] & once[excluded]))
        for other in [thing for thing in others if thing != excluded][:COMPANIONS]:
            shown = frozenset(n for n, count in enumerate(mentions[excluded]) if count > 1)
            wanted = frozenset(once[other] - once[excluded])
            yield Case(f"a photo of {with_article(other)}", excluded, shown, wanted)


def _pacs(records: Sequence[Mapping[str, Any]]) -> Iterator[Case]:
    """Animals in any style but for one of the four kinds, and anything in one style but for one class."""
    kinds = [record["label"] for record in records]
    animals = [n for n, kind in enumerate(kinds) if kind in ANIMALS]
    for kind in ANIMALS:
        for query in ("animal", *(f"a {style} of an animal" for style in STYLES)):
            yield Case(query, kind, _where(kinds, kind), _but(animals, kinds, kind))
    for kind in sorted(set(kinds)):
        for style in STYLES:
            inside = [n for n, record in enumerate(records) if record["domain"].startswith(DOMAINS[style])]
            yield Case(f"a {style}", kind, _where(kinds, kind), _but(inside, kinds, kind))


def _where(kinds: Sequence[str], kind: str) -> frozenset[int]:
    return frozenset(n for n, one in enumerate(kinds) if one == kind)


def _but(inside: Sequence[int], kinds: Sequence[str], kind: str) -> frozenset[int]:
    return frozenset(n for n in inside if kinds[n] != kind)


CASES: dict[str, Callable[[Sequence[Mapping[str, Any]]], Iterator[Case]]] = {
    "clothing": _clothing,
    "products": _products,
    "flickr8k-dev": _flickr,
    "pacs": _pacs,
}
