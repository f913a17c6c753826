"""Score the first documents anew from vectors in full precision, which their files and texts are encoded into again.

An index keeps vectors as halves, which changes a cosine by 0.0005 at most, or as bytes or bits, which changes it by
more. This makes up for it where it counts, at the price of encoding up to one item a channel and document.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.ann.placement import each_once
from mmsearch.errors import MediaError, UsageError
from mmsearch.media.files import read_file
from mmsearch.media.limits import Limits
from mmsearch.search.channels.signals import Signals
from mmsearch.search.ranking.scoring import Scoring, scored
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.ann.index import VectorIndex
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.ranking.task import Column, Task
    from mmsearch.store.catalogue.values import StoredItem
    from mmsearch.types import Ids, Ranking, Scores, Vector, Vectors


def rescored(found: Scoring, task: Task, index: SearchIndex, depth: int) -> tuple[Task, Scoring, Ids]:
    """``found``, best first, with its first ``depth`` documents scored by their most telling items in full precision.

    Also ``task`` with channels that know these vectors, and which of ``found`` each document is (n,). What can't be
    encoded again keeps its stored vector: pictures whose file is gone or has changed, and vectors of whole documents.
    UsageError for a fusion by ranks, which has no scores.
    """
    if not task.columns:
        return task, found, np.arange(found.documents.size)
    if task.fusion.by_rank:
        raise UsageError(f"{task.fusion.name} ranks without scores: there is nothing to score exactly")
    first = found[slice(depth)]
    columns = tuple(_exact(column, first.items[:, n], index) for n, column in enumerate(task.columns))
    task = replace(task, columns=columns)
    fresh = _scored_again(first, task)
    order = np.lexsort((task.groups.place_of_documents(fresh.documents), -fresh.scores))
    rest = np.arange(first.documents.size, found.documents.size)
    return task, Scoring.concatenate([fresh[order], found[rest]]), np.concatenate([order, rest])


def _exact(column: Column, told: Ids, index: SearchIndex) -> Column:
    """``column`` with an index that knows the items ``told`` (n,), -1 for none, in full precision."""
    channel = column.dense
    if channel is None or channel.item_modality not in MODALITIES:
        return column
    [encoder] = [encoder for encoder in index.encoders if encoder.name == channel.encoder]
    items = index.catalogue.items(each_once(told[told >= 0]).tolist())
    ids, vectors = _encoded(items, encoder, index)
    return replace(column, dense=replace(channel, index=Reencoded(channel.index, ids, vectors)))


def _encoded(items: Sequence[StoredItem], encoder: Encoder, index: SearchIndex) -> tuple[Ids, Vectors]:
    """Those of ``items``, ascending, that can be encoded again, and their vectors (m, dimension)."""
    texts = {item.item_id: item.text for item in items if item.text is not None}
    found: dict[int, Vector] = {}
    if texts:
        found = dict(zip(texts, encoder.encode_texts(list(texts.values())), strict=True))
    for item in items:
        if item.modality == "image" and (content := _unchanged(item)) is not None:
            found[item.item_id] = index.picture_vector(encoder, content)
    ids = np.array(sorted(found), dtype=np.int64)
    vectors = np.zeros((ids.size, encoder.dimension), dtype=np.float32)
    for row, item_id in enumerate(ids.tolist()):
        vectors[row] = found[item_id]
    return ids, vectors


def _unchanged(item: StoredItem) -> bytes | None:
    """The content of a picture's file, if it is still the one that was indexed, and the whole of it."""
    if item.locator.kind != "whole":
        return None
    try:
        content = read_file(Path(item.corpus_root) / item.path, Limits().max_bytes)
    except MediaError:
        return None
    return content if hashlib.sha256(content).digest() == item.key else None


def _scored_again(scoring: Scoring, task: Task) -> Scoring:
    """The documents of ``scoring`` by the same items, as the columns of ``task`` score them."""
    columns: list[Signals] = []
    for column, items in zip(task.columns, scoring.items.T, strict=True):
        known, places = np.unique(items, return_inverse=True)
        known, places = (known[1:], places - 1) if known.size and known[0] < 0 else (known, places)
        columns.append(column.said(known)[1].at(places))
    signals = Signals.stack(columns)
    parts, lost = scored(task, signals)
    return replace(scoring, signals=signals, lost=lost, parts=parts)


class Reencoded:
    """A ``VectorIndex`` in which some items, ``ids`` ascending, have other vectors than in the one below it."""

    def __init__(self, below: VectorIndex, ids: Ids, vectors: Vectors) -> None:
        self._below, self._ids, self._vectors = below, ids, vectors

    @property
    def ids(self) -> Ids:
        return self._below.ids

    @property
    def exact(self) -> bool:
        return self._below.exact

    def search(self, query: Vector, depth: int, among: Ids | None = None) -> Ranking:
        return self._below.search(query, depth, among)

    def scores(self, query: Vector, ids: Ids) -> Scores:
        found = self._below.scores(query, ids)
        known = np.flatnonzero(np.isin(ids, self._ids))
        rows = self._vectors[np.searchsorted(self._ids, ids[known])]
        found[known] = np.einsum("ij,j->i", rows, query, optimize=False)
        return found

    def expect(self, ids: Ids) -> None:
        self._below.expect(ids)

    def vectors(self, ids: Ids) -> Vectors:
        found = self._below.vectors(ids)
        known = np.flatnonzero(np.isin(ids, self._ids))
        found[known] = self._vectors[np.searchsorted(self._ids, ids[known])]
        return found
