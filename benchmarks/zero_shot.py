"""Zero-shot classes: accuracy by class name in four styles and on clothing, prompt ensemble against bare name."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.data import shared_data
from benchmarks.figures import Figure, seen

if TYPE_CHECKING:
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.background import Background
    from mmsearch.types import Vectors

COLLECTIONS = ("pacs", "clothing")
# Pictures of everyday scenes, which the background is estimated from together with the others.
OTHERS = "flickr8k-dev"
OTHER_PICTURES = 300
CUTOFFS = (1.0, 0.3, 0.1, 0.05)
BATCH = 32


@dataclass(frozen=True, slots=True)
class Pictures:
    """``vectors`` (n, dimension) with the class of each, and its domain ("" where there is but one)."""

    vectors: Vectors
    classes: Sequence[str]
    domains: Sequence[str]


def measure(scale: float = 1.0) -> list[Figure]:
    """Accuracy of the best class, and what tags at several cutoffs find, get right, and give foreign pictures."""
    from mmsearch.encoders.registry import load_encoder

    data = shared_data()
    if data is None:
        return [seen("zero-shot", "not measured: no collections in ../shared/data or MMSEARCH_DATA")]
    encoder = load_encoder("pocket")
    sets = {name: _pictures(data, name, encoder, scale) for name in COLLECTIONS}
    others = _pictures(data, OTHERS, encoder, scale * OTHER_PICTURES / 1000)
    figures = []
    for name, pictures in sets.items():
        figures += _accuracy(name, pictures, encoder)
        foreign = next(other for other_name, other in sets.items() if other_name != name)
        figures += _tags(name, pictures, foreign, others, encoder)
    return figures


def _accuracy(name: str, pictures: Pictures, encoder: Encoder) -> Iterator[Figure]:
    import numpy as np

    from mmsearch.search.labels import BARE, PICTURE_SENTENCES

    labels = sorted(set(pictures.classes))
    right = np.array([labels.index(label) for label in pictures.classes])
    domains = np.array(pictures.domains)
    for forms_name, forms in (
        ("bare name", BARE),
        ("a photo of", ("a photo of {a}",)),
        ("ensemble", PICTURE_SENTENCES),
    ):
        hits = (pictures.vectors @ _words(encoder, labels, forms).T).argmax(axis=1) == right
        parts = [
            f"{domain} {hits[domains == domain].mean():.0%}"
            for domain in sorted(set(pictures.domains))
            if domain
        ]
        shown = f"{hits.mean():.1%}" + (f" ({', '.join(parts)})" if parts else "")
        yield seen(f"{name}, {len(labels)} classes, {forms_name}: accuracy", shown)


def _tags(
    name: str, pictures: Pictures, foreign: Pictures, others: Pictures, encoder: Encoder
) -> Iterator[Figure]:
    import numpy as np

    from mmsearch.search.labels import PICTURE_SENTENCES

    labels = sorted(set(pictures.classes))
    right = np.array([labels.index(label) for label in pictures.classes])
    words = _words(encoder, labels, PICTURE_SENTENCES)
    everything = np.concatenate([pictures.vectors, foreign.vectors, others.vectors])
    for of, background in _backgrounds(encoder, everything).items():
        own, strange = (
            len(labels) * background.survival((one.vectors @ words.T).astype(np.float64))
            for one in (pictures, foreign)
        )
        for cutoff in CUTOFFS:
            given = own <= cutoff
            found = given[np.arange(right.size), right]
            shown = (
                f"{found.mean():.0%} of the classes found, {found.sum() / max(given.sum(), 1):.0%} of the tags "
                f"right, {(strange <= cutoff).sum(axis=1).mean():.3f} tags a foreign picture"
            )
            yield seen(f"{name}, tags with E ≤ {cutoff:g}, background of {of}", shown)


def _backgrounds(encoder: Encoder, items: Vectors) -> dict[str, Background]:
    """That of whole queries, and that of sentences as labels are put into, as tags are calibrated."""
    from mmsearch.search.background import estimate
    from mmsearch.search.labels import EVERYDAY_THINGS, PICTURE_SENTENCES

    bank = encoder.bank("text")
    assert bank is not None
    queries = estimate(bank, items)
    things = estimate(_words(encoder, EVERYDAY_THINGS, PICTURE_SENTENCES), items, prior=queries)
    return {"queries": queries, "labels": things}


def _words(encoder: Encoder, words: Sequence[str], forms: Sequence[str]) -> Vectors:
    from mmsearch.search.tags import word_vectors

    return word_vectors(encoder, words, "image", forms)


def _pictures(data: Path, name: str, encoder: Encoder, scale: float) -> Pictures:
    """The pictures of a collection; with a small ``scale``, evenly chosen ones."""
    import numpy as np

    from mmsearch.media.picture import load_picture

    with zipfile.ZipFile(data / f"{name}.zip") as archive:
        records = [json.loads(line) for line in archive.read("records.jsonl").splitlines()]
        records = records[:: max(1, round(1 / scale))]
        vectors = []
        for start in range(0, len(records), BATCH):
            some = [archive.read(record["path"]) for record in records[start : start + BATCH]]
            pixels = np.stack([load_picture(one, encoder.picture).pixels for one in some])
            vectors.append(encoder.encode_images(pixels))
    classes = [record.get("label", "").replace("_", " ") for record in records]
    return Pictures(np.concatenate(vectors), classes, [record.get("domain", "") for record in records])
