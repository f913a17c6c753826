"""From channels to the best documents: exact, and the same whatever number of them is asked for.

Each channel names its nearest items; their documents are scored by all channels, and what a channel has not named
is bounded by the next that it would have. When the bounds leave room for a document that was not looked at, the
channels are asked for more (the threshold algorithm: Fagin, Lotem and Naor, JCSS 2003,
doi:10.1016/S0022-0000(03)00026-6).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.ann.placement import each_once
from mmsearch.search.channels.exclusions import exclude
from mmsearch.search.channels.signals import Signals
from mmsearch.search.index.documents import common
from mmsearch.search.ranking.fusion import on_grid
from mmsearch.search.ranking.scoring import Scoring, expected_counts, highest, scored, telling

if TYPE_CHECKING:
    from mmsearch.search.channels.signals import Said
    from mmsearch.search.ranking.fusion import Fusion
    from mmsearch.search.ranking.task import Task
    from mmsearch.types import Ids, Matrix, Scores

# Items that a channel names at first, and how many times as many when that was not enough.
FIRST_DEPTH = 256
DEEPER = 8
# Documents that are scored by all channels in one go.
CHUNK = 64
# A channel's score of an item and of the query's direction with it agree but for rounding.
ROUNDING = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class _Pool:
    """The documents of the items that the channels named, ascending, and what is possible of each and of the others.

    ``bounds`` (1, c) are what a channel may say at most of an item that it did not name, nothing where it named all;
    ``most`` (n, c) is that where a channel named no item of a document, and otherwise what it said of the most telling;
    ``upper`` (n,) no score exceeds, and ``unseen`` none of any other document. ``ranks`` (n, c) are there if the fusion
    goes by these.
    """

    documents: Ids
    most: Signals
    ranks: Matrix | None
    bounds: Signals
    upper: Scores
    unseen: float


class Ranker:
    """Ranks the documents of one task; what the channels named, and what was scored, is kept for a second call."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._pools: dict[int, _Scored] = {}

    def best(self, top: int, cutoff: float | None = None, *, floor: float = -np.inf) -> tuple[Scoring, int]:
        """The ``top`` documents by (-score, place), and how many there are, as far as the search had to look.

        Only those count whose expected count is at most ``cutoff``, where there is one, and whose score at least
        ``floor``.
        """
        task = self._task
        if not task.columns:
            return _unranked(task, top)
        depth = task.fusion.depth if task.fusion.by_rank else FIRST_DEPTH
        while True:
            found, proven, count = _refined(task, self._pool(depth), top, cutoff, floor)
            if proven:
                return found, count
            depth *= DEEPER

    def candidates(self, depth: int) -> Scoring:
        """The documents of the ``depth`` items that each channel says most of, by id, scored by all channels."""
        pool = self._pool(depth)
        return pool.scored(np.arange(pool.pool.documents.size))

    def _pool(self, depth: int) -> _Scored:
        if depth not in self._pools:
            self._pools[depth] = _Scored(self._task, _pool(self._task, depth))
        return self._pools[depth]


class _Scored:
    """A ``pool`` of documents, each of which is scored once, however often it is asked for."""

    def __init__(self, task: Task, pool: _Pool) -> None:
        self.pool = pool
        self._task = task
        self._places = np.full(pool.documents.size, -1, dtype=np.int64)
        self._known: Scoring | None = None

    def scored(self, rows: Ids) -> Scoring:
        """The documents ``rows``, ascending, with all of their items scored by all channels."""
        new = rows[self._places[rows] < 0]
        if self._known is None or new.size:
            found = _scored(self._task, self.pool, new)
            known = 0 if self._known is None else self._known.documents.size
            self._places[new] = known + np.arange(new.size)
            if self._known is None:
                self._known = found
                return found  # all of them were new
            self._known = Scoring.concatenate([self._known, found])
        return self._known[self._places[rows]]


def _unranked(task: Task, top: int) -> tuple[Scoring, int]:
    """The first ``top`` documents in order, with nothing to rank them by, and how many there are."""
    items = task.groups.ids if task.among is None else task.among
    documents = each_once(task.groups.of(items))
    documents = documents[np.argsort(task.groups.place_of_documents(documents))]
    none = np.zeros((min(top, documents.size), 0))  # no columns
    excluded = exclude((), items[:0], documents[:top], task.groups)
    scoring = Scoring(documents[:top], none.astype(np.int64), Signals.empty(none.shape), none, none, excluded)
    return scoring, int(documents.size)


def _pool(task: Task, depth: int) -> _Pool:
    said: list[Said] = []
    bounds = Signals.empty((1, len(task.columns)))
    listed = [column.listed[0] for column in task.columns if column.listed is not None]
    for place, column in enumerate(task.columns):
        if column.listed is not None:
            said.append(column.listed)
            continue
        assert column.dense is not None
        column.dense.index.expect(np.concatenate([np.empty(0, dtype=np.int64), *listed]))
        named, following = column.dense.nearest(depth, task.among)
        said.append(named)
        if following is not None and not task.fusion.by_rank:
            bounds.evidence[:, place] = following.evidence + ROUNDING
            bounds.surprise[:, place] = following.surprise + ROUNDING
            single = len(column.dense.probes) == 1
            bounds.unit[:, place] = following.unit + ROUNDING if single else 1.0
    documents = each_once(np.concatenate([task.groups.of(ids) for ids, _ in said]))
    _, signals = telling(task, documents, said)
    ranks = (
        _ranks(signals.evidence, task.groups.place_of_documents(documents)) if task.fusion.by_rank else None
    )
    most = signals.filled(bounds)
    return _Pool(documents, most, ranks, bounds, highest(task, most, ranks), _unseen(task, bounds))


def _ranks(evidence: Matrix, places: Ids) -> Matrix:
    """The rank of each document in each column, from 1, ties by ``places``; NaN where the column says nothing."""
    ranks = np.full(evidence.shape, np.nan)
    for place in range(evidence.shape[1]):
        order = np.lexsort((places, -evidence[:, place]))  # NaN comes last
        known = int((~np.isnan(evidence[:, place])).sum())
        ranks[order[:known], place] = np.arange(1, known + 1)
    return ranks


def _refined(
    task: Task, scored: _Scored, top: int, cutoff: float | None, floor: float
) -> tuple[Scoring, bool, int]:
    """The best documents of the pool, whether no other document can be among them, and how many pass."""
    pool = scored.pool
    upper, unseen = pool.upper, pool.unseen
    if unseen < floor or (cutoff is not None and expected_counts(pool.bounds, task.searched)[0] > cutoff):
        unseen = -np.inf
    hopeful = upper >= floor
    if cutoff is not None:
        hopeful = expected_counts(pool.most, task.searched) <= cutoff
    if task.left_out:
        hopeful &= ~np.isin(pool.documents, list(task.left_out))
    order = np.flatnonzero(hopeful)
    order = order[np.lexsort((task.groups.place_of_documents(pool.documents[order]), -upper[order]))]
    kept: list[Scoring] = []
    taken, sure = 0, 0
    while sure < top and taken < order.size:
        chunk = order[taken : taken + max(CHUNK, 2 * top)]
        taken += chunk.size
        kept.append(_passing(task, scored.scored(np.sort(chunk)), cutoff, floor))
        limit = max(upper[order[taken]] if taken < order.size else -np.inf, unseen)
        sure = sum(int((scoring.scores > limit).sum()) for scoring in kept)
    count = sum(scoring.documents.size for scoring in kept) + order.size - taken
    if not kept:
        kept.append(scored.scored(order[:0]))
    every = Scoring.concatenate(kept)
    places = task.groups.place_of_documents(every.documents)
    ranked = every[np.lexsort((places, -every.scores))[:top]]
    return ranked, sure >= top or unseen == -np.inf, count


def _unseen(task: Task, bounds: Signals) -> float:
    """The highest score of a document none of whose items was named; -inf when all were."""
    possible = np.flatnonzero(~np.isnan(bounds.evidence[0]))
    if not possible.size:
        return -np.inf
    dense = [column for place in possible if (column := task.columns[place].dense) is not None]
    found = task.groups.combinations([channel.index.ids for channel in dense])
    # no words either, since what has any is listed
    present = np.zeros((len(found), len(task.columns)), dtype=bool)
    present[:, possible] = np.array(sorted(found), dtype=bool).reshape(len(found), possible.size)
    return float(highest(task, bounds.where(present[present.any(axis=1)])).max(initial=-np.inf))


def _scored(task: Task, pool: _Pool, rows: Ids) -> Scoring:
    """The pool's documents ``rows``, ascending, with all of their items scored by all channels."""
    documents = pool.documents[rows]
    items = task.groups.items_of(documents)
    if task.among is not None:
        items = common(items, task.among)
    told, signals = telling(task, documents, [column.said(items) for column in task.columns])
    parts, lost = scored(task, signals, None if pool.ranks is None else pool.ranks[rows])
    excluded = exclude(task.exclusions, items, documents, task.groups)
    excluded = replace(excluded, penalties=on_grid(_scaled(excluded.penalties, parts, task.fusion)))
    return Scoring(documents, told, signals, lost, parts, excluded)


def _scaled(penalties: Matrix, parts: Matrix, fusion: Fusion) -> Matrix:
    """Penalties on the fusion's own scale: as they are for ``calibrated``; otherwise each takes a share of what
    the columns give, the more the higher it is."""
    if fusion.name == "calibrated" or not penalties.shape[1]:
        return penalties
    whole = np.maximum(parts.sum(axis=1, keepdims=True), 0.0)
    return np.asarray(whole * (1.0 - np.exp(-0.5 * penalties)))


def _passing(task: Task, scoring: Scoring, cutoff: float | None, floor: float) -> Scoring:
    passes = ~scoring.excluded.removed & (scoring.scores >= floor)
    if cutoff is not None:
        passes &= scoring.evalues(task.searched) <= cutoff
    return scoring[np.flatnonzero(passes)]
