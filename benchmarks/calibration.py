"""Does E mean what it says: hits with E <= 1 that an unrelated query finds, in indexes of 100 to 100,000 items."""

from __future__ import annotations

import gzip
import json
import random
import re
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.data import shared_data
from benchmarks.figures import Figure, median, seen

if TYPE_CHECKING:
    from mmsearch.library import Library

SIZES = (100, 1000, 10_000, 100_000)
QUERIES = 300
# Hits beyond these are not counted.
MOST = 100
# One item in five is a picture, as long as there are some.
PICTURES = ("flickr8k-train", "textbook-photo-train", "ebooks-train")
PICTURE_SHARE = 5
LOWEST, HIGHEST = 0.5, 2.0


def measure(scale: float = 1.0) -> list[Figure]:
    """Photographs and captions of photographs in one index; queries that are about other things."""
    import mmsearch

    data = shared_data()
    if data is None:
        return [seen("calibration", "not measured: no collections in ../shared/data or MMSEARCH_DATA")]
    queries = {
        "Python's reference": _reference(QUERIES),
        "everyday sentences": _everyday(data, QUERIES),
        "captions of diagrams": _diagrams(data, QUERIES),
    }
    figures = []
    with tempfile.TemporaryDirectory() as work:
        corpus, index = Path(work) / "corpus", Path(work) / "index"
        records = list(_records(data, corpus, max(SIZES) if scale >= 1 else int(max(SIZES) * scale)))
        for size in [size for size in SIZES if size <= len(records)]:
            with (corpus / "records.jsonl").open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(record) + "\n" for record in records[:size])
            with mmsearch.index(corpus, index) as library:
                counts = {
                    domain: [_chance_hits(library, text) for text in texts]
                    for domain, texts in queries.items()
                }
            together = [count for found in counts.values() for count in found]
            mean = sum(together) / len(together)
            what = f"{size:,} items: hits with E ≤ 1 per unrelated query"
            figures.append(Figure(what, "0.5 to 2", _shown(together), LOWEST <= mean <= HIGHEST))
            figures += [seen(f"{size:,} items, {domain}", _shown(found)) for domain, found in counts.items()]
    return figures


def _shown(counts: Sequence[int]) -> str:
    return f"{sum(counts) / len(counts):.2f} (median {median(counts):g}, most {max(counts)})"


def _chance_hits(library: Library, text: str) -> int:
    from mmsearch.search.query import Part, Query, Text

    query = Query((Part(Text(text)),))
    return len(library.search(query, k=MOST, group="item", cutoff=1.0, explain=False))


def _records(data: Path, corpus: Path, count: int) -> Iterator[dict[str, str]]:
    """``count`` manifest records, pictures among captions; the same beginning whatever the count."""
    corpus.mkdir()
    pictures, captions = _pictures(data, corpus, count // PICTURE_SHARE), _captions(data)
    for number in range(count):
        picture = next(pictures, None) if number % PICTURE_SHARE == 0 else None
        yield picture or {"id": f"caption-{number}", "caption": next(captions)}


def _pictures(data: Path, corpus: Path, count: int) -> Iterator[dict[str, str]]:
    for name in PICTURES:
        with zipfile.ZipFile(data / f"{name}.zip") as archive:
            for member in (n for n in archive.namelist() if n.startswith("images/")):
                if count == 0:
                    return
                count -= 1
                file = f"{name}-{count:06}.avif"  # our name, not the archive's
                (corpus / file).write_bytes(archive.read(member))
                yield {"path": file}


def _captions(data: Path) -> Iterator[str]:
    """Captions of COCO and of Flickr30k (in Multi30k), each once, mixed."""
    found: dict[str, None] = {}
    for record in _lines(data / "texts" / "coco-captions.jsonl.gz"):
        found |= dict.fromkeys(record["captions"])
    for record in _lines(data / "texts" / "multi30k.jsonl.gz"):
        found |= dict.fromkeys([record["en"], *record.get("more", ())])
    captions = list(found)
    random.Random(0).shuffle(captions)
    yield from captions


def _reference(count: int) -> list[str]:
    """Sentences of Python's language reference, which comes with every Python."""
    from pydoc_data.topics import topics

    text = " ".join(re.sub(r"\s+", " ", topic) for topic in topics.values())
    plain = re.findall(r"(?<=\. )[A-Z][A-Za-z ,'-]{40,140}\.(?= )", text)
    return random.Random(1).sample(sorted(set(plain)), count)


def _everyday(data: Path, count: int) -> list[str]:
    """Sentences of Tatoeba. Some do tell of what photographs show, so more than chance is expected."""
    sentences = {record["en"] for record in _lines(data / "texts" / "parallel-en-de.jsonl.gz")}
    return random.Random(2).sample(sorted(s for s in sentences if 20 <= len(s) <= 140), count)


def _diagrams(data: Path, count: int) -> list[str]:
    """What authors of textbooks wrote of their diagrams, charts and maps: the style of captions."""
    with zipfile.ZipFile(data / "textbook-drawing-train.zip") as archive:
        records = map(json.loads, archive.read("records.jsonl").decode().splitlines())
        captions = {record["captions"][0] for record in records}
    return random.Random(3).sample(sorted(captions), count)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)
