"""Does E mean what it says: hits with E <= 1 that an unrelated query finds, in indexes of 100 to 100,000 items.

Vectors go straight into the store. What takes the time is to encode 90,000 captions (10 minutes of one core);
``--scale 0.1`` stops at 10,000 items, after a minute. With a folder in ``MMSEARCH_VECTORS`` the vectors are kept there,
block by block, so that a run that was broken off goes on where it was, and the next one starts with them.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, median, seen

if TYPE_CHECKING:
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.library import Library
    from mmsearch.search.query.value import Content
    from mmsearch.types import Modality, Vectors

SIZES = (100, 1000, 10_000, 100_000)
QUERIES = 300
# Hits beyond these are not counted.
MOST = 100
# One item in five is a picture, as long as there are some.
PICTURES = ("flickr8k-train", "textbook-photo-train", "ebooks-train")
PICTURE_SHARE = 5
LOWEST, HIGHEST = 0.5, 2.0
BATCH = 32
# Vectors that are kept in one file.
BLOCK = 5_000
# Pictures that ask: these show other things than photographs of people do.
ASKING_PICTURES = {"pictures of diagrams": "textbook-drawing-train", "aerial photos": "aerial"}


def measure(scale: float = 1.0) -> list[Figure]:
    """Photographs and captions of photographs in one index; queries that are about other things."""
    import mmsearch
    from mmsearch.encoders.registry import load_encoder
    from mmsearch.search.query.value import Picture, Text

    data = shared_data()
    if data is None:
        return [seen("calibration", "not measured: no collections in ../shared/data or MMSEARCH_DATA")]
    queries = {
        "Python's reference": _reference(QUERIES),
        "everyday sentences": _everyday(data, QUERIES),
        "captions of diagrams": _diagrams(data, QUERIES),
    }
    encoder = load_encoder("pocket")
    sizes = [size for size in SIZES if size <= max(SIZES) * scale]
    most = max(sizes) // PICTURE_SHARE
    pictures = _kept(
        encoder, "pictures", most, lambda start, end: _pictures(data, PICTURES, encoder, start, end)
    )
    captions = list(islice(_captions(data), max(sizes) - len(pictures)))
    texts = _kept(
        encoder, "captions", len(captions), lambda start, end: encoder.encode_texts(captions[start:end])
    )
    asking = {
        what: _kept(encoder, name, QUERIES, lambda a, b, name=name: _pictures(data, (name,), encoder, a, b))
        for what, name in ASKING_PICTURES.items()
    }
    figures = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as work:
            _fill(Path(work), size, encoder, {"image": pictures, "text": texts}, captions)
            with mmsearch.open(work) as library:
                counts = {
                    domain: [_chance_hits(library, Text(text)) for text in asked]
                    for domain, asked in queries.items()
                }
                shown = {
                    what: [_chance_hits(library, Picture(vector)) for vector in vectors]
                    for what, vectors in asking.items()
                }
        together = [count for found in counts.values() for count in found]
        mean = sum(together) / len(together)
        what = f"{size:,} items: hits with E ≤ 1 per unrelated query"
        figures.append(Figure(what, "0.5 to 2", _shown(together), LOWEST <= mean <= HIGHEST))
        figures += [seen(f"{size:,} items, {domain}", _shown(found)) for domain, found in counts.items()]
        together = [count for found in shown.values() for count in found]
        mean = sum(together) / len(together)
        what = f"{size:,} items: hits with E ≤ 1 per unrelated picture"
        figures.append(Figure(what, "0.5 to 2", _shown(together), LOWEST <= mean <= HIGHEST))
        figures += [seen(f"{size:,} items, {what}", _shown(found)) for what, found in shown.items()]
    return figures


def _shown(counts: Sequence[int]) -> str:
    return f"{sum(counts) / len(counts):.2f} (median {median(counts):g}, most {max(counts)})"


def _chance_hits(library: Library, content: Content) -> int:
    from mmsearch.search.query.value import Part, Query

    query = Query((Part(content),))
    found = library.search(query, k=MOST, group="item", cutoff=1.0, explain=False)
    return sum(hit.evalue <= 1.0 for hit in found)


def _kept(encoder: Encoder, name: str, count: int, encode: Callable[[int, int], Vectors]) -> Vectors:
    """``count`` vectors, or as many as there are, by blocks; from the folder of an earlier run if there is one."""
    import numpy as np

    folder = os.environ.get("MMSEARCH_VECTORS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
    blocks: list[Vectors] = []
    for start in range(0, count, BLOCK):
        end = min(start + BLOCK, count)
        file = Path(folder or ".") / f"{name}-{start}-{end}-{encoder.fingerprint[:16]}.npy"
        if folder and file.is_file():
            blocks.append(np.asarray(np.load(file), dtype=np.float32))
            continue
        blocks.append(encode(start, end))
        if folder:
            np.save(file, blocks[-1].astype(np.float16))
    return np.concatenate(blocks)


def _pictures(data: Path, names: Sequence[str], encoder: Encoder, start: int, end: int) -> Vectors:
    """The vectors of pictures ``start`` to ``end`` of the collections ``names`` together; (0, d) of none."""
    import numpy as np

    from mmsearch.media.picture import load_picture

    vectors: list[Vectors] = [np.zeros((0, encoder.dimension), np.float32)]
    passed = 0
    for name in names:
        with zipfile.ZipFile(data / f"{name}.zip") as archive:
            members = [member for member in archive.namelist() if member.startswith("images/")]
            wanted = members[max(start - passed, 0) : max(end - passed, 0)]
            passed += len(members)
            for at in range(0, len(wanted), BATCH):
                files = [archive.read(member) for member in wanted[at : at + BATCH]]
                pixels = np.stack([load_picture(file, encoder.picture).pixels for file in files])
                vectors.append(encoder.encode_images(pixels))
    return np.concatenate(vectors)


def _fill(
    index: Path, size: int, encoder: Encoder, vectors: dict[Modality, Vectors], captions: Sequence[str]
) -> None:
    """Put ``size`` items straight into the store, pictures among captions; the same beginning whatever the size."""
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.values import NewDocument, NewItem
    from mmsearch.store.directory import IndexDirectory, Manifest
    from mmsearch.types import Locator

    pictures = min(size // PICTURE_SHARE, len(vectors["image"]))
    counts: dict[Modality, int] = {"image": pictures, "text": size - pictures}
    directory = IndexDirectory.create(index)
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        corpus = catalogue.add_corpus("/calibration")
        number = catalogue.add_encoder(
            encoder.name, encoder.fingerprint, encoder.dimension, sorted(encoder.modalities)
        )
        record = catalogue.encoders()[0]
        for modality, count in counts.items():
            shards = directory.shards(record, modality, rows=0)
            shards.append(vectors[modality][:count])
            shards.sync()
            documents = []
            for row in range(count):
                key = hashlib.sha256(f"{modality}{row}".encode()).digest()
                text = captions[row] if modality == "text" else None
                locator = Locator("caption", 0) if text else Locator()
                item = NewItem(modality, locator, key, text, row)
                documents.append(NewDocument(corpus, f"{modality}-{row}", "", None, {}, (item,)))
            for start in range(0, count, 1000):
                catalogue.put(documents[start : start + 1000], number)
        directory.write_manifest(Manifest.of(catalogue))


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
