"""What is indexed and what is asked, for each way to evaluate a collection. Pure, but for its values' files.

Nothing but the media themselves goes into an index that is measured: no captions beside the pictures, no file
names (they may say what is shown), no fields. Otherwise the words of a query would find the answer.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from mmsearch.datasets.collections import Captioned
from mmsearch.errors import UsageError
from mmsearch.ingest.sources import Source
from mmsearch.search.query.value import Part, Picture, Query, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mmsearch.datasets.beir import TextCollection
    from mmsearch.datasets.trec import Qrels
    from mmsearch.types import Modality

TaskName: TypeAlias = Literal["text-to-image", "image-to-text", "mixed", "text-to-text"]

# Each caption has one right picture, so recall and success are the same there; by custom it is called recall.
TEXT_TO_IMAGE_MEASURES = ("R@1", "R@5", "R@10", "RR@10", "nDCG@10")
# Each picture has several right captions, and one of them is enough: what is often called recall is success.
IMAGE_TO_TEXT_MEASURES = ("Success@1", "Success@5", "Success@10", "RR@10", "nDCG@10")
# A picture and its captions are all right, and where among each other they stand is what is measured.
MIXED_MEASURES = ("nDCG@10", "RR@10", "Success@1", "R@10")
TEXT_TO_TEXT_MEASURES = ("nDCG@10", "RR@10", "Success@1", "R@10", "R@100")


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """An index to build and queries to put to it.

    ``sources`` are to be indexed, by the name that ``qrels`` calls each. ``queries``: id -> a text, or a
    picture's file. Hits are of ``modality`` (None: of any); ``depth`` of them are looked at.
    """

    name: TaskName
    sources: Mapping[str, Source]
    queries: Mapping[str, str | Path]
    qrels: Qrels
    modality: Modality | None
    group: Literal["item", "document"]
    measures: tuple[str, ...]
    depth: int


def text_to_image(collection: Captioned, depth: int = 10) -> Task:
    """Every caption looks for its picture."""
    return Task(
        name="text-to-image",
        sources={
            picture.key: Source(path=f"{number:07}", stamp=picture.sha256, picture=picture.file)
            for number, picture in enumerate(collection.pictures, start=1)
        },
        queries={
            f"{picture.key}#{number}": caption
            for picture in collection.pictures
            for number, caption in enumerate(picture.captions)
        },
        qrels={
            f"{picture.key}#{number}": {picture.key: 1}
            for picture in collection.pictures
            for number in range(len(picture.captions))
        },
        modality="image",
        group="item",
        measures=TEXT_TO_IMAGE_MEASURES,
        depth=depth,
    )


def image_to_text(collection: Captioned, depth: int = 10) -> Task:
    """Every picture looks for one of its captions. A caption that several pictures have is indexed once."""
    names: dict[str, str] = {}
    qrels: dict[str, dict[str, int]] = {}
    for picture in collection.pictures:
        for number, caption in enumerate(picture.captions):
            name = names.setdefault(caption, f"{picture.key}#{number}")
            qrels.setdefault(picture.key, {})[name] = 1
    return Task(
        name="image-to-text",
        sources={
            name: Source(path=f"{number:07}", stamp=_hash(caption), captions=(caption,))
            for number, (caption, name) in enumerate(names.items(), start=1)
        },
        queries={picture.key: picture.file for picture in collection.pictures},
        qrels=qrels,
        modality="text",
        group="item",
        measures=IMAGE_TO_TEXT_MEASURES,
        depth=depth,
    )


def mixed(collection: Captioned, depth: int = 10) -> Task:
    """Every picture's last caption looks for the picture and for its other captions, each a document of its own.

    Pictures and texts have to be brought into one list here, which is what fusion and its weights are for.
    UsageError when no picture has two captions.
    """
    sources: dict[str, Source] = {}
    queries: dict[str, str] = {}
    qrels: dict[str, dict[str, int]] = {}
    for picture in collection.pictures:
        *others, asked = dict.fromkeys(picture.captions)
        named = {f"{picture.key}#{number}": caption for number, caption in enumerate(others)}
        sources[picture.key] = Source(path=f"{len(sources):07}", stamp=picture.sha256, picture=picture.file)
        for name, caption in named.items():
            sources[name] = Source(path=f"{len(sources):07}", stamp=_hash(caption), captions=(caption,))
        if others:
            queries[picture.key] = asked
            qrels[picture.key] = dict.fromkeys((picture.key, *named), 1)
    if not queries:
        raise UsageError(f"{collection.name}: no picture has two captions, one to ask and one to find")
    return Task("mixed", sources, queries, qrels, None, "document", MIXED_MEASURES, depth)


def text_to_text(collection: TextCollection, depth: int = 100) -> Task:
    """Every query looks for documents; a document counts by the best of its title and passages."""
    sources = {
        name: Source(
            path=f"{number:07}",
            stamp=_hash(f"{document.title}\0{document.text}"),
            title=document.title.strip() or None,
            body=document.text.strip() or None,
        )
        for number, (name, document) in enumerate(collection.documents.items(), start=1)
        if document.title.strip() or document.text.strip()
    }
    if not sources:
        raise UsageError(f"{collection.name}: all documents are empty")
    return Task(
        name="text-to-text",
        sources=sources,
        queries=dict(collection.queries),
        qrels=collection.qrels,
        modality="text",
        group="document",
        measures=TEXT_TO_TEXT_MEASURES,
        depth=depth,
    )


def as_query(content: str | Path) -> Query:
    """A task's query as a value, not its written form: what a person wrote of a picture is no query language."""
    return Query((Part(Picture(content) if isinstance(content, Path) else Text(content)),))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def tasks_of(
    collection: Captioned | TextCollection, only: Sequence[str] = (), depth: int | None = None
) -> list[Task]:
    """The ways to evaluate ``collection``: both directions, or those of ``only``, where ``mixed`` is one more;
    ``depth`` as each has it.

    Raises UsageError for a task that the collection is not made for.
    """
    makers: Mapping[str, Callable[..., Task]] = (
        {"text-to-image": text_to_image, "image-to-text": image_to_text, "mixed": mixed}
        if isinstance(collection, Captioned)
        else {"text-to-text": text_to_text}
    )
    if unknown := sorted(set(only) - makers.keys()):
        raise UsageError(f"{collection.name} is not for {', '.join(unknown)}: choose of {', '.join(makers)}")
    options = {} if depth is None else {"depth": depth}
    chosen = only or [name for name in makers if name != "mixed"]
    return [makers[name](collection, **options) for name in makers if name in chosen]
