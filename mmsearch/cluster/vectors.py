"""The vectors of all shards as one index: a query goes to all of them at once, and their best are merged.

With the best items of a channel the shards send what else will be asked about the same query: the best of the other
kinds, and the scores of all items of their documents. One trip then serves all channels of an encoder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mmsearch.ann.index import check_query
from mmsearch.ann.placement import contains
from mmsearch.cluster.numbers import shards_of
from mmsearch.types import Ranking

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mmsearch.cluster.documents import World
    from mmsearch.cluster.routing import Route
    from mmsearch.cluster.shard import Known
    from mmsearch.types import Ids, Scores, Vector, VectorKind, Vectors

    Asked: TypeAlias = tuple[bytes, int, int]

# Queries whose scores are remembered within a search.
MOST_QUERIES = 64
_NONE = np.empty(0, dtype=np.int64)


class Scored:
    """What one search knows of one encoder's scores, by query: asked for together, by all channels."""

    def __init__(self, world: World, route: Route, fingerprint: str) -> None:
        self._world, self._route, self._fingerprint = world, route, fingerprint
        self._best: dict[Asked, tuple[Ids | None, Known]] = {}
        self._scores: dict[bytes, Known] = {}
        self.beside: Ids = _NONE  # items to whose documents the next query is put too

    def best(self, query: Vector, depth: int, among: Ids | None, kind: VectorKind) -> Ranking:
        """The ``depth`` best items of ``kind``, by (-score, place)."""
        key = (query.tobytes(), depth, 0 if among is None else id(among))
        if key not in self._best:
            self._best[key] = (
                among,
                self._searched(query, depth, among),
            )  # kept, so that its id stays its own
        ids, scores = self._best[key][1].get(kind, (_NONE, np.empty(0)))
        order = np.lexsort((self._world.documents.place_of(ids), -scores))[:depth]
        return Ranking(ids[order], scores[order])

    def scores(self, query: Vector, ids: Ids, kind: VectorKind) -> Scores:
        """The scores (n,) of ``ids`` (n,), which are of ``kind``."""
        known = self._known(query, kind)
        if not contains(known[0], ids).all():
            missing = np.unique(ids[~contains(known[0], ids)])
            answers = self._route.each(missing, "scores", lambda own: (self._fingerprint, query, own))
            self._learn(query, [some for _, some in answers])
            known = self._known(query, kind)
        if not known[0].size:
            return np.empty(0)
        return np.asarray(known[1][np.searchsorted(known[0], ids)])

    def _searched(self, query: Vector, depth: int, among: Ids | None) -> Known:
        shards = list(self._route.generations)
        told = {} if among is None else self._world.documents.among(among, shards, self._world.names)
        owners = shards_of(self.beside)
        beside = {number: self.beside[owners == number] for number in shards}
        answers = self._route.ask(
            {
                number: ("search", (self._fingerprint, query, depth, told.get(number), beside[number]))
                for number in shards
            }
        )
        self._learn(query, [known for _, known in answers.values()])
        return _merged(best for best, _ in answers.values())

    def _known(self, query: Vector, kind: VectorKind) -> tuple[Ids, Scores]:
        return self._scores.get(query.tobytes(), {}).get(kind, (_NONE, np.empty(0)))

    def _learn(self, query: Vector, told: Iterable[Known]) -> None:
        key = query.tobytes()
        fresh = _merged([self._scores.pop(key, {}), *told])
        while len(self._scores) >= MOST_QUERIES:
            self._scores.pop(next(iter(self._scores)))
        self._scores[key] = {}
        for kind, (ids, scores) in fresh.items():
            unique, first = np.unique(ids, return_index=True)
            self._scores[key][kind] = unique, scores[first]


class ClusterVectors:
    """A ``VectorIndex`` over the items ``ids`` of all shards that have a vector of one kind."""

    def __init__(
        self, ids: Ids, kind: VectorKind, dimension: int, scored: Scored, route: Route, fingerprint: str
    ) -> None:
        self._ids, self._kind, self._dimension = ids, kind, dimension
        self._scored, self._route, self._fingerprint = scored, route, fingerprint
        self.exact = True

    @property
    def ids(self) -> Ids:
        return self._ids

    def search(self, query: Vector, depth: int, among: Ids | None = None) -> Ranking:
        query = check_query(query, self._dimension, depth)
        return self._scored.best(query, depth, among, self._kind)

    def expect(self, ids: Ids) -> None:
        self._scored.beside = ids

    def scores(self, query: Vector, ids: Ids) -> Scores:
        query = check_query(query, self._dimension, 0)
        self._refuse_others(ids)
        return self._scored.scores(query, ids, self._kind)

    def vectors(self, ids: Ids) -> Vectors:
        self._refuse_others(ids)
        found = np.zeros((ids.size, self._dimension), dtype=np.float32)
        for places, rows in self._route.each(
            ids, "vectors", lambda own: (self._fingerprint, self._kind, own)
        ):
            found[places] = rows
        return found

    def _refuse_others(self, ids: Ids) -> None:
        if not contains(self._ids, ids).all():
            raise ValueError("an item is not in this index")


def _merged(several: Iterable[Known]) -> Known:
    """What several say of different items, by kind."""
    joined: dict[VectorKind, list[tuple[Ids, Scores]]] = {}
    for known in several:
        for kind, pair in known.items():
            joined.setdefault(kind, []).append(pair)
    return {
        kind: (np.concatenate([ids for ids, _ in pairs]), np.concatenate([scores for _, scores in pairs]))
        for kind, pairs in joined.items()
    }
