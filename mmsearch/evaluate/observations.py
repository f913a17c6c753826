"""What can be seen of the scores themselves: right pairs against others, expected against observed counts, and what
an approximate index misses."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.errors import MediaError
from mmsearch.search.index.sampling import sample
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mmsearch.ann.index import VectorIndex
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.evaluate.tasks import Task
    from mmsearch.library import Library
    from mmsearch.search.calibration.background import Background
    from mmsearch.search.channels.dense import DenseChannel
    from mmsearch.types import Ids, Modality, Scores, Vector

# Queries and items that are looked at: enough for curves down to 1 pair in 100,000.
QUERIES, ITEMS = 300, 2_000
# Expected counts that are compared with what is there: from this on, so many in each decade.
LEAST_EXPECTED, STEPS = 0.01, 8
# Queries by which an approximate index is compared with an exact one, and how deep.
ANN_QUERIES, ANN_DEPTH = 50, 10
# What series of observed counts are called.
OTHERS, BANK = "what is not judged right", "the encoder's own bank of texts"


@dataclass(frozen=True, slots=True, eq=False)
class ChannelScores:
    """Cosines of one channel: ``related`` (m,) with right items, ``unrelated`` (n,) with a sample of the others."""

    name: str
    related: Scores
    unrelated: Scores
    background: Background


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """Scores of each dense channel, and how many items a query finds that has nothing to do with them.

    ``observed``: series -> mean number of items (t,) whose expected count is at most ``expected`` (t,). What is not
    judged right may be right all the same, and a collection's queries are about its own domain, so the first series
    lies above the second.
    """

    channels: tuple[ChannelScores, ...]
    expected: Scores
    observed: Mapping[str, Scores]


def observe(task: Task, library: Library) -> Observations:
    """Look at the scores of ``task``'s queries, QUERIES of them at most, in the ``library`` made for it.

    Of several encoders the first is looked at.
    """
    encoder = library.encoders[0]
    searched = int(library.documents.ids.size)
    expected = np.geomspace(
        LEAST_EXPECTED, max(searched, 1), int(STEPS * np.log10(max(searched, 1) / LEAST_EXPECTED)) + 1
    )
    related: dict[str, list[Scores]] = {}
    unrelated: dict[str, list[Scores]] = {}
    backgrounds: dict[str, Background] = {}
    counts: list[Scores] = []
    for channels, right in _asked(task, library):
        found = np.zeros(expected.size)
        for channel in channels:
            items, _ = sample(library, encoder, channel.item_modality, ITEMS, seed=0)
            others = items[~np.isin(items, right)]
            scores = channel.raw(others)[0]
            backgrounds[channel.name] = channel.backgrounds[0]
            unrelated.setdefault(channel.name, []).append(scores)
            own = right[np.isin(right, channel.index.ids)]
            related.setdefault(channel.name, []).append(channel.raw(own)[0])
            share = (channel.index.ids.size - own.size) / max(others.size, 1)
            words = channel.probes[0].words
            survival = channel.backgrounds[0].survival(
                scores, words.owed(channel.item_modality), words.brevity
            )
            found += share * _within(survival, searched, expected)
        counts.append(found)
    channels_seen = tuple(
        ChannelScores(name, np.concatenate(related[name]), np.concatenate(unrelated[name]), background)
        for name, background in backgrounds.items()
    )
    observed = {OTHERS: np.mean(counts, axis=0)} if counts else {}
    strangers = _bank_counts(library, encoder, expected)
    if strangers is not None and any(isinstance(query, str) for query in task.queries.values()):
        observed[BANK] = strangers
    return Observations(channels_seen, expected, observed)


def approximation(task: Task, library: Library) -> float | None:
    """The share (0 to 1) of the true first ANN_DEPTH items that the vector indexes find; None if all are exact."""
    indexes = [
        library.vector_index(encoder, modality)
        for encoder in library.encoders
        for modality in encoder.modalities
    ]
    if all(index is None or index.exact for index in indexes):
        return None
    found = [
        recall(channel.index, channel.probes[0].vector)
        for channels, _ in islice(_asked(task, library), ANN_QUERIES)
        for channel in channels
        if not channel.index.exact
    ]
    return sum(found) / len(found) if found else None


def recall(index: VectorIndex, query: Vector, depth: int = ANN_DEPTH) -> float:
    """The share of the ``depth`` best items, or equals of the last, among the first that ``index`` finds."""
    every = index.scores(query, index.ids)
    depth = min(depth, every.size)
    if not depth:
        return 1.0
    last = np.partition(every, every.size - depth)[every.size - depth]
    return float((index.search(query, depth).scores >= last).sum()) / depth


def _asked(task: Task, library: Library) -> Iterator[tuple[list[DenseChannel], Ids]]:
    """The dense channels of each query that could be asked, and the items that are right for it, ascending."""
    from mmsearch.evaluate.tasks import as_query
    from mmsearch.search.ranking.fusion import Fusion
    from mmsearch.search.ranking.task import prepare

    items = library.catalogue.items(library.catalogue.select_items())
    documents = {item.path: item.document_id for item in items}
    encoder = library.encoders[0].name
    for query, content in islice(task.queries.items(), QUERIES):
        try:
            columns = prepare(
                as_query(content), library, group="document", fusion=Fusion(), weights={}
            ).task.columns
        except MediaError:
            continue
        judged = [name for name, grade in task.qrels[query].items() if grade > 0 and name in task.sources]
        right = [documents[path] for path in (task.sources[n].path for n in judged) if path in documents]
        dense = [c.dense for c in columns if c.dense is not None and c.dense.encoder == encoder]
        # Channels of whole documents are left out: each item shall count once.
        dense = [channel for channel in dense if channel.item_modality in MODALITIES]
        yield dense, library.documents.items_of(np.unique(np.array(right, dtype=np.int64)))


def _bank_counts(library: Library, encoder: Encoder, expected: Scores) -> Scores | None:
    """The mean number of items that a text of the encoder's bank finds within each of ``expected``."""
    from mmsearch.search.calibration.cohort import cohort_of

    bank = encoder.bank("text")
    if bank is None:
        return None
    cohort = cohort_of(encoder)
    searched = int(library.documents.ids.size)
    found = np.zeros(expected.size)
    modalities: tuple[Modality, ...] = ("image", "text")
    for modality in modalities:
        index = library.vector_index(encoder, modality)
        if index is not None:
            ids, vectors = sample(library, encoder, modality, ITEMS, seed=0)
            scores = (bank[:QUERIES] @ vectors.T).astype(np.float64)
            background = library.background(encoder, "text", modality)
            asked = None if cohort is None else cohort.own(modality)[np.arange(len(bank)) < QUERIES]
            survival = (
                background.survival(scores)
                if asked is None
                else background.survival(scores, asked.owed[:, None], asked.brevity[:, None])
            )
            share = index.ids.size / ids.size / len(scores)
            found += share * _within(survival.ravel(), searched, expected)
    return found


def _within(survival: Scores, searched: int, expected: Scores) -> Scores:
    """How many of n scores of this ``survival`` (n,) have an expected count of at most each of ``expected`` (t,)."""
    return np.searchsorted(np.sort(searched * survival), expected, side="right").astype(np.float64)
