"""Zero-shot classes: accuracy by class name in four styles and on clothing, against an ImageNet classifier."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, at_least, seen
from benchmarks.shared.references import (
    CLOTHING,
    PACS,
    MissingReferenceError,
    by_mapping,
    by_names,
    classifier,
    imagenet_names,
    minilm,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.calibration.background import Background
    from mmsearch.types import Images, Vectors

# The collections, with the ImageNet classes of their own.
COLLECTIONS = {"pacs": PACS, "clothing": CLOTHING}
BETTER = 5.0  # points above the classifier that are asked for
# Pictures of everyday scenes, which the background is estimated from together with the others.
OTHERS = "flickr8k-dev"
OTHER_PICTURES = 300
CUTOFFS = (1.0, 0.3, 0.1, 0.05)
BATCH = 32


@dataclass(frozen=True, slots=True)
class Pictures:
    """``vectors`` (n, dimension) and pixels with the class of each, and its domain ("" where there is but one)."""

    vectors: Vectors
    pixels: Images
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
        figures += _against_classifier(name, pictures, encoder, data)
        foreign = next(other for other_name, other in sets.items() if other_name != name)
        figures += _tags(name, pictures, foreign, others, encoder)
    return figures


def _accuracy(name: str, pictures: Pictures, encoder: Encoder) -> Iterator[Figure]:
    import numpy as np

    from mmsearch.search.channels.prompts import BARE, PICTURE_SENTENCES

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


def _against_classifier(name: str, pictures: Pictures, encoder: Encoder, data: Path) -> Iterator[Figure]:
    """For each domain, asked ``BETTER`` points above the best use of an ImageNet classifier for the classes."""
    import numpy as np

    from mmsearch.search.channels.prompts import PICTURE_SENTENCES

    try:
        probabilities = classifier()(pictures.pixels)
        read = minilm()
    except MissingReferenceError as missing:
        yield seen(f"{name}, ImageNet classifier", f"not measured: {missing}")
        return
    labels = sorted(set(pictures.classes))
    right = np.array([labels.index(label) for label in pictures.classes])
    domains = np.array(pictures.domains)
    names = imagenet_names(data)
    ways: Mapping[str, NDArray[np.int64]] = {
        "classes": by_mapping(probabilities, labels, COLLECTIONS[name]),
        "names": by_names(probabilities, read(names), read(labels)),
        "names in a sentence": by_names(
            probabilities, *(read([f"a photo of a {w}" for w in some]) for some in (names, labels))
        ),
    }
    own = (pictures.vectors @ _words(encoder, labels, PICTURE_SENTENCES).T).argmax(axis=1)
    for domain in sorted(set(pictures.domains)):
        here = domains == domain
        accuracy = {way: 100 * float((chosen == right)[here].mean()) for way, chosen in ways.items()}
        said = ", ".join(f"by its {way} {value:.1f}" for way, value in accuracy.items())
        yield at_least(
            f"{name}{domain and ', '}{domain}, ensemble: accuracy in percent (ImageNet classifier {said})",
            round(max(accuracy.values()) + BETTER, 1),
            100 * float((own == right)[here].mean()),
            "",
        )


def _tags(
    name: str, pictures: Pictures, foreign: Pictures, others: Pictures, encoder: Encoder
) -> Iterator[Figure]:
    import numpy as np

    from mmsearch.search.channels.prompts import PICTURE_SENTENCES

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
    from mmsearch.search.calibration.estimation import estimate
    from mmsearch.search.channels.prompts import EVERYDAY_THINGS, PICTURE_SENTENCES

    bank = encoder.bank("text")
    assert bank is not None
    queries = estimate(bank, items)
    things = estimate(_words(encoder, EVERYDAY_THINGS, PICTURE_SENTENCES), items, prior=queries)
    return {"queries": queries, "labels": things}


def _words(encoder: Encoder, words: Sequence[str], forms: Sequence[str]) -> Vectors:
    from mmsearch.search.channels.prompts import word_vectors

    return word_vectors(encoder, words, "image", forms)


def _pictures(data: Path, name: str, encoder: Encoder, scale: float) -> Pictures:
    """The pictures of a collection; with a small ``scale``, evenly chosen ones."""
    import numpy as np

    from mmsearch.media.picture import load_picture

    with zipfile.ZipFile(data / f"{name}.zip") as archive:
        records = [json.loads(line) for line in archive.read("records.jsonl").splitlines()]
        records = records[:: max(1, round(1 / scale))]
        vectors, shown = [], []
        for start in range(0, len(records), BATCH):
            some = [archive.read(record["path"]) for record in records[start : start + BATCH]]
            pixels = np.stack([load_picture(one, encoder.picture).pixels for one in some])
            vectors.append(encoder.encode_images(pixels))
            shown.append(pixels)
    classes = [record.get("label", "").replace("_", " ") for record in records]
    domains = [record.get("domain", "") for record in records]
    return Pictures(np.concatenate(vectors), np.concatenate(shown), classes, domains)
