"""What smaller stored vectors cost: bytes, time and quality of each form of the store, whole and shortened."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, median, seen

if TYPE_CHECKING:
    from mmsearch.ann.index import VectorIndex
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.store.precision import Precision
    from mmsearch.types import Ids, Vectors

COLLECTION = "flickr8k-dev.zip"
ITEMS = 100_000
QUERIES = 100
WARM_UP = 5  # a process that goes on searching has FAISS by then
DEPTH = 10
DIMENSIONS = (384, 256, 128, 64)
NOISE = 0.02  # of the copies that fill the index: cosine 0.93 with the original


def measure(scale: float = 1.0) -> list[Figure]:
    """Captions look for their picture (R@10), and for the ten pictures nearest in float32 (recall@10).

    100,000 rows for the time: the pictures' vectors and copies of them with noise.
    """
    data = shared_data()
    if data is None:
        return [seen("stored vectors", "not measured: no collections in ../shared/data or MMSEARCH_DATA")]
    import numpy as np

    from mmsearch.encoders.registry import load_encoder
    from mmsearch.encoders.shortened import ShortenedEncoder, shortened
    from mmsearch.store.precision import FORMS, PRECISIONS

    encoder = load_encoder()
    pictures, captions, owners = _encoded(encoder, data / COLLECTION, scale)
    many = _multiplied(pictures, max(len(pictures), int(ITEMS * scale)))
    figures = []
    nearest = _best(captions, pictures)
    for dimensions in DIMENSIONS:
        shorter = shortened(encoder, dimensions)
        short = shorter.shorten if isinstance(shorter, ShortenedEncoder) else np.asarray
        shown, asked, filling = short(pictures), short(captions), short(many)
        for precision in PRECISIONS:
            row = FORMS[precision].row_bytes(dimensions)
            found = _found(precision, shown, asked)
            right = 100 * (found == owners[:, None]).any(axis=1).mean()
            kept = _shared(found, nearest)
            first, later = _times(precision, filling, asked)
            figures.append(
                seen(
                    f"{precision}, {dimensions} of {pictures.shape[1]} floats",
                    f"{row} bytes; R@10 {right:.1f}; recall@10 {kept:.3f}; "
                    f"p50 {later:.1f} ms, without FAISS {first:.1f}",
                )
            )
    return figures


def _encoded(encoder: Encoder, path: Path, scale: float) -> tuple[Vectors, Vectors, Ids]:
    """Pictures (n, d), their captions (m, d), and the picture of each caption (m,)."""
    import numpy as np

    from mmsearch.datasets.collections import Captioned, Choice, open_collection
    from mmsearch.media.picture import load_picture

    sample = max(50, int(1000 * scale)) if scale < 1 else None
    with open_collection(path, Choice(split="all", sample=sample)) as collection:
        assert isinstance(collection, Captioned)
        listed = collection.pictures
        pictures = [
            encoder.encode_images(
                np.stack([load_picture(one.file, encoder.picture).pixels for one in listed[at : at + 32]])
            )
            for at in range(0, len(listed), 32)
        ]
    captions = [encoder.encode_texts(one.captions) for one in listed]
    owners = np.repeat(np.arange(len(listed)), [len(one.captions) for one in listed])
    return np.concatenate(pictures), np.concatenate(captions), owners


def _multiplied(vectors: Vectors, count: int) -> Vectors:
    """``count`` vectors: the given ones, over and over, each time with other noise."""
    import numpy as np

    random = np.random.default_rng(0)
    many = np.tile(vectors, (-(-count // len(vectors)), 1))[:count]
    many += random.normal(size=many.shape).astype(np.float32) * NOISE
    return np.asarray(many / np.linalg.norm(many, axis=1, keepdims=True))


def _stored(folder: Path, precision: Precision, vectors: Vectors) -> VectorIndex:
    """The index of ``vectors`` (n, d) in a store's shards, item n being row n."""
    import numpy as np

    from mmsearch.ann.choose import open_index
    from mmsearch.store.vectors import VectorShards

    shards = VectorShards(folder, "image", vectors.shape[1], rows=0, precision=precision)
    for start in range(
        0, len(vectors), 32
    ):  # as an indexing run does: the first batch settles the center of bits
        shards.append(vectors[start : start + 32])
    ids = np.arange(len(vectors), dtype=np.int64)
    return open_index(ids, ids, shards.blocks(), vectors.shape[1], form=shards.form)


def _found(precision: Precision, pictures: Vectors, captions: Vectors) -> Ids:
    """The pictures (m, DEPTH) that each caption finds."""
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        index = _stored(Path(folder), precision, pictures)
        return np.stack([index.search(query, DEPTH).ids for query in captions])


def _times(precision: Precision, many: Vectors, captions: Vectors) -> tuple[float, float]:
    """Milliseconds of the processor that a search takes in a new process, and in one that goes on searching.

    Not on the clock, which counts what else the machine does.
    """
    from mmsearch.ann.choose import WARM_SEARCHES

    with tempfile.TemporaryDirectory() as folder:
        index = _stored(Path(folder), precision, many)
        times = []
        for query in captions[:: max(1, len(captions) // QUERIES)]:
            started = time.process_time()
            index.search(query, DEPTH)
            times.append(1000 * (time.process_time() - started))
    return min(times[:WARM_SEARCHES]), median(times[WARM_UP:])


def _best(queries: Vectors, vectors: Vectors) -> Ids:
    import numpy as np

    return np.argsort(-(queries @ vectors.T), axis=1, kind="stable")[:, :DEPTH]


def _shared(found: Ids, nearest: Ids) -> float:
    return sum(len({*a} & {*b}) for a, b in zip(found.tolist(), nearest.tolist(), strict=True)) / nearest.size
