"""Zero-shot tags: which labels of a list a document shows or tells of, measured against chance.

A label is turned into sentences as people write them ("a photo of a dog"), whose mean vector is compared with the
items (prompt ensembles: Radford et al. 2021, arXiv:2103.00020). There is no softmax over the labels: a picture of
none of them gets no tag, and one of three of them gets three. What a likeness means is told by the background of
such sentences about other things: the expected count of a tag is how many labels of this list a picture that has
nothing to do with any of them would get by chance.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.errors import UsageError
from mmsearch.search.channels.prompts import word_background, word_vectors
from mmsearch.search.index.documents import common
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mmsearch.ann.index import VectorIndex
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.calibration.background import Background
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.tags.labels import Label
    from mmsearch.search.tags.request import TagRequest
    from mmsearch.types import Ids, Modality, Scores, Vectors

# Documents and items scored in one go; with 1,000 labels, each table of their scores takes 8 MB and more.
DOCUMENTS_AT_ONCE = 1024
ITEMS_AT_ONCE = 2048


@dataclass(frozen=True, slots=True)
class Tag:
    """A label on a document: ``item_id`` is the item that shows it most, with this ``cosine``.

    ``expected_count`` is the number of labels of the list that the document would get by chance with a score
    as high; ``score`` is the cosine in scales above the background.
    """

    label: str
    expected_count: float
    score: float
    cosine: float
    item_id: int


@dataclass(frozen=True, slots=True)
class Tagged:
    """A document with its ``tags``, the surest first; none when it shows none of the labels."""

    document_id: int
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class Tagging:
    """What a run over a label list found: every document that was looked at, in the order of ids."""

    labels: tuple[str, ...]
    documents: tuple[Tagged, ...]
    cutoff: float | None

    @property
    def values(self) -> dict[int, str | None]:
        """What the field of each document becomes: "red; green", or None."""
        return {one.document_id: "; ".join(tag.label for tag in one.tags) or None for one in self.documents}

    @property
    def counts(self) -> dict[str, int]:
        """How many documents got each label, in the order of the list."""
        found = Counter(tag.label for one in self.documents for tag in one.tags)
        return {label: found[label] for label in self.labels}


def tag(request: TagRequest, index: SearchIndex) -> Tagging:
    """The labels that each document shows or tells of; nothing is written.

    The index's first encoder with a text tower is asked. Raises UsageError for an unknown field, or an encoder
    without texts.
    """
    encoder = next((one for one in index.encoders if "text" in one.modalities), None)
    if encoder is None:
        raise UsageError("the encoder of this index reads no texts, so that labels mean nothing to it")
    among = None if request.condition is None else index.catalogue.select_items(request.condition)
    kinds = [kind for kind in MODALITIES if kind in encoder.modalities and request.modality in (None, kind)]
    found = [_channel(index, encoder, kind, request.labels, among) for kind in kinds]
    channels = [channel for channel in found if channel is not None]
    names = tuple(label.name for label in request.labels)
    documents = _documents(index, channels)
    tagged: list[Tagged] = []
    for start in range(0, documents.size, DOCUMENTS_AT_ONCE):
        best = _best(index, documents[start : start + DOCUMENTS_AT_ONCE], channels, len(names))
        tagged += _tagged(best, names, request.cutoff, single=request.single)
    return Tagging(names, tuple(tagged), request.cutoff)


@dataclass(frozen=True, slots=True, eq=False)
class _Channel:
    """Items ``ids`` (n,), ascending, of one modality, and the vectors (w, dimension) of all ``words``.

    The words of one label stand together, from each of ``starts`` (labels,) on.
    """

    items: VectorIndex
    ids: Ids
    words: Vectors
    starts: Ids
    background: Background


@dataclass(frozen=True, slots=True, eq=False)
class _Best:
    """What d documents show of each of n labels: log P(background >= score), score, cosine, item, all (d, n).

    ``chances`` (d,) is how often each document was compared: its items times the words.
    """

    documents: Ids
    chances: Scores
    log: Scores
    score: Scores
    cosine: Scores
    item: Ids


def _channel(
    index: SearchIndex, encoder: Encoder, modality: Modality, labels: Sequence[Label], among: Ids | None
) -> _Channel | None:
    items = index.vector_index(encoder, modality)
    ids = None if items is None else items.ids if among is None else common(items.ids, among)
    if items is None or ids is None or not ids.size:
        return None
    vectors = word_vectors(encoder, [word for label in labels for word in label.words], modality)
    counts = np.array([len(label.words) for label in labels], dtype=np.int64)
    background = word_background(index, encoder, modality)
    return _Channel(items, ids, vectors, np.cumsum(counts) - counts, background)


def _documents(index: SearchIndex, channels: Sequence[_Channel]) -> Ids:
    """The documents of all items of the channels, ascending."""
    owners = [index.documents.of(channel.ids) for channel in channels]
    return np.unique(np.concatenate([np.empty(0, dtype=np.int64), *owners]))


def _best(index: SearchIndex, documents: Ids, channels: Sequence[_Channel], labels: int) -> _Best:
    """What the best item of each document shows of each label."""
    shape = (documents.size, labels)
    best = _Best(
        documents,
        np.zeros(documents.size),
        np.full(shape, np.inf),
        np.zeros(shape),
        np.zeros(shape),
        np.zeros(shape, dtype=np.int64),
    )
    own = index.documents.items_of(documents)
    for channel in channels:
        ids = common(own, channel.ids)
        for start in range(0, ids.size, ITEMS_AT_ONCE):
            some = ids[start : start + ITEMS_AT_ONCE]
            _update(best, channel, some, np.searchsorted(documents, index.documents.of(some)))
    return best


def _update(best: _Best, channel: _Channel, ids: Ids, rows: Ids) -> None:
    """Put in what ``ids`` (n,) show, which belong to the documents ``rows`` (n,) of ``best``."""
    order = np.argsort(rows, kind="stable")
    ids, rows = ids[order], rows[order]
    cosines = channel.items.vectors(ids) @ channel.words.T  # (n, words)
    cosines = np.maximum.reduceat(cosines, channel.starts, axis=1)  # (n, labels)
    first = np.flatnonzero(np.diff(rows, prepend=-1))  # where each document's items begin
    here = rows[first]
    highest = np.maximum.reduceat(cosines, first, axis=0)  # (documents, labels)
    counts = np.diff(first, append=rows.size)
    is_highest = cosines == np.repeat(highest, counts, axis=0)
    places = np.where(is_highest, np.arange(rows.size)[:, None], rows.size)
    places = np.minimum.reduceat(places, first, axis=0)
    highest = highest.astype(np.float64)
    log = channel.background.log_survival(highest)
    best.chances[here] += counts * len(channel.words)
    better = log < best.log[here]
    for table, values in (
        (best.log, log),
        (best.score, channel.background.scales(highest)),
        (best.cosine, highest),
        (best.item, ids[places]),
    ):
        table[here] = np.where(better, values, table[here])


def _tagged(best: _Best, names: Sequence[str], cutoff: float | None, *, single: bool) -> Iterator[Tagged]:
    """The tags of each document, the surest first; equally sure ones in the order of the list."""
    expected = np.exp(best.log) * best.chances[:, None]
    order = np.argsort(best.log, axis=1, kind="stable")
    for row, document in enumerate(best.documents.tolist()):
        chosen = order[row, : 1 if single else None]
        if cutoff is not None:
            chosen = chosen[expected[row, chosen] <= cutoff]
        yield Tagged(
            document,
            tuple(
                Tag(
                    names[place],
                    float(expected[row, place]),
                    float(best.score[row, place]),
                    float(best.cosine[row, place]),
                    int(best.item[row, place]),
                )
                for place in chosen.tolist()
            ),
        )
