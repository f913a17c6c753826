"""Keywords by how often training named them, in English and Chinese; captions with one thing swapped; class names.

Photographs without captions are indexed and asked, through the product, by the answerable keywords of
`keywords_absent`: nouns drawn from their captions, alone and with one or two words before them. A hit is right when one
of its picture's captions names the keyword, singular or plural. P@5 is of what is possible: a word that names two
pictures has 100 when both are among five. Captions don't name all that is to be seen, least where a picture has but
one, so that all shares are lower than a person would judge them, alike for all encoders. A phrase is as frequent as its
rarest word. Chinese words are those of CC-CEDICT in Chinese captions of the same pictures whose first meaning is one of
the English keywords; right is what either language's captions name.
"""

from __future__ import annotations

import argparse
import gzip
import json
import tempfile
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.keywords_absent import WORDS
from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, print_figures, seen
from benchmarks.shared.naming import (
    BOUNDS,
    chinese_named_by,
    dictionary,
    first_hits,
    frequency_class,
    named_by,
    words_of,
)
from benchmarks.shared.swaps import KINDS, swaps

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.datasets.collections import CaptionedPicture
    from mmsearch.library import Library

COLLECTIONS = ("flickr8k-dev", "coco-train", "textbook-photo-dev")
CHINESE, SWAPPED = "flickr8k-dev", ("flickr8k-dev", "coco-train")
TRAINING = ("flickr8k-train", "textbook-photo-train", "textbook-drawing-train", "ebooks-train")
CLASSES = ("pacs", "clothing")
DEPTH, BATCH = 5, 256
CLASS_NAMES = (*(frequency_class(bound - 1) for bound in BOUNDS), frequency_class(BOUNDS[-1]))


def main(arguments: list[str] | None = None) -> None:
    """``--encoder NAME``: of another one than pocket, such as one that is being trained."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks keywords", description=__doc__)
    parser.add_argument("--encoder", default="pocket", metavar="NAME or DIR")
    print_figures(measure(encoder=parser.parse_args(arguments or []).encoder))


def measure(scale: float = 1.0, encoder: str = "pocket") -> list[Figure]:
    """Each collection in an index of its own, asked by the first ``scale`` of its keywords."""
    data = shared_data()
    if data is None:
        return [seen("keywords", "not measured: no collections in ../shared/data or MMSEARCH_DATA")]
    figures: list[Figure] = []
    lists = json.loads(WORDS.read_text(encoding="utf-8"))
    trained = {run: len(some) for run, some in named_by(_training_captions(data)).items()}
    with tempfile.TemporaryDirectory() as work:
        for name in COLLECTIONS:
            figures += _of_collection(
                data, name, lists[f"{name}, dev"]["answerable"], trained, Path(work), scale, encoder
            )
    return [*figures, *_class_names(data, encoder, scale)]


def _of_collection(
    data: Path,
    name: str,
    keywords: Sequence[str],
    trained: Mapping[tuple[str, ...], int],
    work: Path,
    scale: float,
    encoder: str,
) -> list[Figure]:
    from mmsearch.datasets.collections import Captioned, open_collection
    from mmsearch.ingest.sources import Source
    from mmsearch.library import index_sources

    figures = []
    with open_collection(data / f"{name}.zip") as collection:
        assert isinstance(collection, Captioned)
        pictures = collection.pictures
        right = named_by([one.captions for one in pictures])
        asked = {
            keyword: right[words_of(keyword)]
            for keyword in keywords[: max(10, int(scale * len(keywords)))]
            if words_of(keyword) in right
        }
        counts = {one: min(trained.get((word,), 0) for word in words_of(one)) for one in asked}
        sources = [Source(f"{n}", "1", picture=one.file) for n, one in enumerate(pictures)]
        with index_sources(sources, work, work / f"{name}.index", encoder=encoder) as library:
            hits = _found(library, asked)
            figures += _by_class(f"{name}, English", hits, asked, counts)
            figures += _by_length(f"{name}, English", hits)
            if name == CHINESE:
                figures += _chinese(library, data, pictures, asked)
        if name in SWAPPED:
            figures += _swapped(name, pictures, encoder)
    return figures


def _chinese(
    library: Library,
    data: Path,
    pictures: Sequence[CaptionedPicture],
    english: Mapping[str, frozenset[int]],
) -> list[Figure]:
    meanings = dictionary(data / "texts" / "cc-cedict.jsonl.gz")
    known = frozenset(meanings)
    written: dict[str, list[str]] = defaultdict(list)
    training: dict[str, list[str]] = defaultdict(list)
    with gzip.open(data / "texts" / "flickr8k-cn.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["split"] == "train":
                training[row["id"]] += row["zh"]
            elif row["split"] == "val":
                written[row["id"]] += row["zh"]
    right = chinese_named_by([written.get(Path(one.key).stem, []) for one in pictures], known)
    trained = chinese_named_by(list(training.values()), known)
    by_noun = {words_of(word)[0]: some for word, some in english.items() if len(words_of(word)) == 1}
    asked = {
        word: some | by_noun[meanings[word]] for word, some in right.items() if meanings[word] in by_noun
    }
    counts = {word: len(trained.get(word, ())) for word in asked}
    same: dict[str, frozenset[int]] = {}
    for word, some in asked.items():
        same[meanings[word]] = same.get(meanings[word], frozenset()) | some
    return [
        *_by_class(f"{CHINESE}, Chinese", _found(library, asked), asked, counts),
        _row(f"{CHINESE}, their English words, judged alike", _found(library, same)),
    ]


def _by_class(
    name: str,
    hits: Mapping[str, tuple[bool, float]],
    asked: Mapping[str, frozenset[int]],
    counts: Mapping[str, int],
) -> list[Figure]:
    """All, and those of each class of how many training pictures were named by them."""
    figures = [_row(f"{name}, all", hits)]
    several = {word: hit for word, hit in hits.items() if len(asked[word]) >= DEPTH}
    if several:
        figures.append(_row(f"{name}, those of {DEPTH} pictures or more", several))
    for shown in CLASS_NAMES:
        some = {word: hit for word, hit in hits.items() if frequency_class(counts[word]) == shown}
        if some:
            figures.append(_row(f"{name}, {shown} training pictures", some))
    return figures


def _by_length(name: str, hits: Mapping[str, tuple[bool, float]]) -> list[Figure]:
    figures = []
    for length in (1, 2, 3):
        some = {word: hit for word, hit in hits.items() if len(word.split()) == length}
        if some:
            figures.append(_row(f"{name}, of {length} word{'s' if length > 1 else ''}", some))
    return figures


def _found(library: Library, asked: Mapping[str, frozenset[int]]) -> dict[str, tuple[bool, float]]:
    """For each keyword whether the first hit is right, and the share of right ones among the first five."""
    from mmsearch.search.query.value import Part, Query, Text

    found = {}
    for word, right in asked.items():
        hits = library.search(Query((Part(Text(word)),)), k=DEPTH, cutoff=None)
        found[word] = first_hits([int(hit.path) for hit in hits], right, DEPTH)
    return found


def _row(name: str, hits: Mapping[str, tuple[bool, float]]) -> Figure:
    first = np.mean([first for first, _ in hits.values()])
    share = np.mean([share for _, share in hits.values()])
    return seen(f"{name} ({len(hits)}): P@{DEPTH}; first hit right", f"{share:.1%}; {first:.1%}")


def _swapped(name: str, pictures: Sequence[CaptionedPicture], encoder_name: str) -> list[Figure]:
    """How many true captions are nearer to their picture than the same with one thing swapped.

    And how many are nearer to the mean of all pictures, which tells what words alone give away.
    """
    from mmsearch.encoders.registry import load_encoder
    from mmsearch.media.picture import load_picture

    encoder = load_encoder(encoder_name)
    made = swaps([one.captions for one in pictures])
    needed = sorted({swap.picture for swap in made})
    shown = [pictures[number].file.read_bytes() for number in needed]
    vectors = np.concatenate(
        [
            encoder.encode_images(np.stack([load_picture(one, encoder.picture).pixels for one in some]))
            for some in (shown[start : start + 32] for start in range(0, len(shown), 32))
        ]
    )
    places = {number: place for place, number in enumerate(needed)}
    of_pictures = vectors[[places[swap.picture] for swap in made]]
    true, false = (
        np.concatenate(
            [encoder.encode_texts(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
        )
        for texts in ([swap.true for swap in made], [swap.false for swap in made])
    )
    better = ((true - false) * of_pictures).sum(axis=1) > 0
    blind = (true - false) @ vectors.mean(axis=0) > 0
    figures = []
    for kind in KINDS:
        chosen = np.array([swap.kind == kind for swap in made])
        if chosen.any():
            reached = f"{better[chosen].mean():.1%}; {blind[chosen].mean():.1%}"
            what = (
                f"{name}: true caption before one with another {kind} ({chosen.sum()}); by the mean picture"
            )
            figures.append(seen(what, reached))
    return figures


def _class_names(data: Path, encoder_name: str, scale: float) -> list[Figure]:
    """Pictures of which the right class name is the nearest, by the product's sentences; each style by itself."""
    from mmsearch.encoders.registry import load_encoder
    from mmsearch.media.picture import load_picture
    from mmsearch.search.channels.prompts import word_vectors

    encoder = load_encoder(encoder_name)
    figures = []
    for name in CLASSES:
        with zipfile.ZipFile(data / f"{name}.zip") as archive:
            records = [json.loads(line) for line in archive.read("records.jsonl").splitlines()]
            records = records[:: max(1, round(1 / scale))]
            vectors = np.concatenate(
                [
                    encoder.encode_images(
                        np.stack(
                            [load_picture(archive.read(one["path"]), encoder.picture).pixels for one in some]
                        )
                    )
                    for some in (records[start : start + 32] for start in range(0, len(records), 32))
                ]
            )
        labels = [record["label"].replace("_", " ") for record in records]
        names = sorted(set(labels))
        nearest = (vectors @ word_vectors(encoder, names, "image").T).argmax(axis=1)
        hits = nearest == np.array([names.index(label) for label in labels])
        domains = np.array([record.get("domain", "") for record in records])
        for domain in sorted(set(domains)):
            what = f"{name} {domain}".strip()
            figures.append(
                seen(
                    f"{what}: class by its name, {len(names)} classes",
                    f"{hits[domains == domain].mean():.1%}",
                )
            )
    return figures


def _training_captions(data: Path) -> list[list[str]]:
    """The captions of each training picture."""
    captions = []
    for name in TRAINING:
        with zipfile.ZipFile(data / f"{name}.zip") as archive:
            captions += [json.loads(line)["captions"] for line in archive.read("records.jsonl").splitlines()]
    return captions
