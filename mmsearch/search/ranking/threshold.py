"""From channels to the best documents: exact, and the same whatever number of them is asked for.

Each channel names its nearest items; their documents are scored by all channels, and what a channel has not named
is bounded by the last that it has. When the bounds leave room for a document that was not looked at, the channels
are asked for more (the threshold algorithm: Fagin, Lotem and Naor, JCSS 2003, doi:10.1016/S0022-0000(03)00026-6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.channels.exclusions import exclude
from mmsearch.search.channels.signals import peaks
from mmsearch.search.index.documents import common
from mmsearch.search.ranking.corroboration import backed
from mmsearch.search.ranking.fusion import GRID, Table, contributions, on_grid
from mmsearch.search.ranking.scoring import Scoring, _evalues, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mmsearch.search.channels.dense import DenseChannel
    from mmsearch.search.channels.signals import Scored
    from mmsearch.search.ranking.fusion import Fusion, Matrix
    from mmsearch.search.ranking.task import Task
    from mmsearch.types import Ids

# Items that a channel names at first, and how many times as many when that was not enough.
FIRST_DEPTH = 256
DEEPER = 8
# Documents that are scored by all channels in one go.
CHUNK = 128
# A channel's score of an item and of the query's direction with it agree but for rounding.
ROUNDING = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class _Pool:
    """The documents of the items that the channels named, with what is known and what is possible of each."""

    table: Table
    items: NDArray[np.int64]
    bounds: (
        Table  # one row: what each channel may say at most of an item that it did not name; NaN for nothing
    )


class Ranker:
    """Ranks the documents of one task; what the channels named is kept for a second call."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._pools: dict[int, _Pool] = {}

    def best(self, top: int, cutoff: float | None) -> tuple[Scoring, int]:
        """The ``top`` documents by (-score, id) whose expected count is at most ``cutoff``; how many there are.

        The count goes as far as the search had to look.
        """
        task = self._task
        if not task.columns:
            return _unranked(task, top)
        depth = task.fusion.depth if task.fusion.by_rank else FIRST_DEPTH
        while True:
            if depth not in self._pools:
                self._pools[depth] = _pool(task, depth)
            found, proven, count = _refined(task, self._pools[depth], top, cutoff)
            if proven:
                return found, count
            depth *= DEEPER

    def candidates(self, depth: int) -> Scoring:
        """The documents of the ``depth`` items that each channel says most of, by id, scored by all channels."""
        if depth not in self._pools:
            self._pools[depth] = _pool(self._task, depth)
        pool = self._pools[depth]
        return _scored(self._task, pool, np.arange(len(pool.table)))


def _unranked(task: Task, top: int) -> tuple[Scoring, int]:
    """The first ``top`` documents by id, with nothing to rank them by, and how many there are."""
    items = task.groups.ids if task.among is None else task.among
    documents = np.unique(task.groups.of(items))
    none = np.zeros((min(top, documents.size), 0))  # no columns
    excluded = exclude((), items[:0], documents[:top], task.groups)
    return Scoring(documents[:top], none, none.astype(np.int64), none, none, excluded), int(documents.size)


def _pool(task: Task, depth: int) -> _Pool:
    said: list[Scored] = []
    bounds = np.full((3, len(task.columns)), np.nan)
    for place, column in enumerate(task.columns):
        if column.listed is not None:
            said.append(column.listed)
            continue
        assert column.dense is not None
        scored = column.dense.nearest(depth, task.among)
        said.append(scored)
        if scored.ids.size == depth and not task.fusion.by_rank:
            bounds[:, place] = _bounds(column.dense, scored)
    documents = np.unique(np.concatenate([task.groups.of(scored.ids) for scored in said]))
    table, items = _table(task, documents, said)
    zero = np.zeros(1, dtype=np.int64)
    unranked = np.full((1, len(said)), np.nan)
    return _Pool(table, items, Table(zero, bounds[:1], bounds[1:2], bounds[2:], unranked))


def _bounds(channel: DenseChannel, scored: Scored) -> tuple[float, float, float]:
    """Calibrated score, surprise and unit score that no item beyond ``scored`` exceeds."""
    unit = scored.unit.min() + ROUNDING if len(channel.probes) == 1 else 1.0
    return float(scored.calibrated.min()) + ROUNDING, float(scored.surprise.min()) + ROUNDING, float(unit)


def _table(task: Task, documents: Ids, said: Sequence[Scored]) -> tuple[Table, NDArray[np.int64]]:
    """What the columns say of ``documents``, and of which item."""
    found = [peaks(documents, task.groups, scored) for scored in said]
    calibrated, surprise, unit = np.array(
        [
            [column.calibrated for column in found],
            [column.surprise for column in found],
            [column.unit for column in found],
        ]
    ).swapaxes(1, 2)
    ranks = _ranks(calibrated) if task.fusion.by_rank else np.full(calibrated.shape, np.nan)
    items = np.array([column.items for column in found])
    return Table(documents, calibrated, surprise, unit, ranks), items.T


def _ranks(calibrated: Matrix) -> Matrix:
    """The place of each document in each column, from 1; NaN where the column says nothing."""
    ranks = np.full(calibrated.shape, np.nan)
    for place in range(calibrated.shape[1]):
        order = np.argsort(-calibrated[:, place], kind="stable")  # NaN comes last, equals stay in order of id
        known = int((~np.isnan(calibrated[:, place])).sum())
        ranks[order[:known], place] = np.arange(1, known + 1)
    return ranks


def _refined(task: Task, pool: _Pool, top: int, cutoff: float | None) -> tuple[Scoring, bool, int]:
    """The best documents of the pool, whether no other document can be among them, and how many pass."""
    weights = [column.weight for column in task.columns]
    most = backed(_filled(pool.table, pool.bounds), task)
    upper = contributions(most, weights, task.fusion).sum(axis=1) + len(weights) * GRID
    unseen = _unseen(task, pool.bounds, weights, cutoff)
    hopeful = np.ones(len(pool.table), dtype=bool)
    if cutoff is not None:
        hopeful = _evalues(most, task.searched) <= cutoff
    if task.left_out:
        hopeful &= ~np.isin(pool.table.ids, list(task.left_out))
    order = np.flatnonzero(hopeful)
    order = order[np.lexsort((pool.table.ids[order], -upper[order]))]
    kept: list[Scoring] = []
    taken, sure = 0, 0
    while sure < top and taken < order.size:
        chunk = order[taken : taken + max(CHUNK, 2 * top)]
        taken += chunk.size
        kept.append(_passing(task, _scored(task, pool, np.sort(chunk)), cutoff))
        limit = max(upper[order[taken]] if taken < order.size else -np.inf, unseen)
        sure = sum(int((scoring.scores > limit).sum()) for scoring in kept)
    count = sum(scoring.documents.size for scoring in kept) + order.size - taken
    if not kept:
        kept.append(_scored(task, pool, order[:0]))
    every = joined(kept)
    ranked = every[np.lexsort((every.documents, -every.scores))[:top]]
    return ranked, sure >= top or unseen == -np.inf, count


def _unseen(task: Task, bounds: Table, weights: Sequence[float], cutoff: float | None) -> float:
    """The highest score of a document none of whose items was named; -inf when there is none that could pass."""
    open_columns = [place for place in range(len(weights)) if not np.isnan(bounds.calibrated[0, place])]
    if not open_columns or (cutoff is not None and _evalues(bounds, task.searched)[0] > cutoff):
        return -np.inf
    dense = [column for place in open_columns if (column := task.columns[place].dense) is not None]
    highest = -np.inf
    for combination in task.groups.combinations([channel.index.ids for channel in dense]):
        row = np.full((3, 1, len(weights)), np.nan)
        for place, present in zip(open_columns, combination, strict=True):
            if present:
                row[:, 0, place] = (
                    bounds.calibrated[0, place],
                    bounds.surprise[0, place],
                    bounds.unit[0, place],
                )
        if any(combination):
            # no words either, since what has any is listed
            table = backed(Table(bounds.ids, row[0], row[1], row[2], bounds.ranks), task)
            highest = max(
                highest, float(contributions(table, weights, task.fusion).sum()) + len(weights) * GRID
            )
    return highest


def _filled(table: Table, bounds: Table) -> Table:
    """``table`` with what each channel may say at most where it says nothing."""

    def fill(values: Matrix, most: Matrix) -> Matrix:
        return np.where(np.isnan(values), most, values)

    return Table(
        table.ids,
        fill(table.calibrated, bounds.calibrated),
        fill(table.surprise, bounds.surprise),
        fill(table.unit, bounds.unit),
        table.ranks,
    )


def _scored(task: Task, pool: _Pool, rows: Ids) -> Scoring:
    """The pool's documents ``rows``, ascending, with all of their items scored by all channels."""
    documents = pool.table.ids[rows]
    items = task.groups.items_of(documents)
    if task.among is not None:
        items = common(items, task.among)
    said: list[Scored] = []
    for column in task.columns:
        if column.dense is not None:
            said.append(column.dense.score(common(items, column.dense.index.ids)))
        elif column.listed is not None:
            said.append(column.listed[np.flatnonzero(np.isin(column.listed.ids, items, assume_unique=True))])
    table, told = _table(task, documents, said)
    table = backed(table, task)
    if task.fusion.by_rank:
        table = Table(documents, table.calibrated, table.surprise, table.unit, pool.table.ranks[rows])
    parts = contributions(table, [column.weight for column in task.columns], task.fusion)
    excluded = exclude(task.exclusions, items, documents, task.groups)
    excluded.penalties[:] = on_grid(_scaled(excluded.penalties, parts, task.fusion))
    return Scoring(documents, parts, told, table.calibrated, table.surprise, excluded)


def _scaled(penalties: Matrix, parts: Matrix, fusion: Fusion) -> Matrix:
    """Penalties on the fusion's own scale: as they are for ``calibrated``; otherwise each takes a share of what
    the columns give, the more the higher it is."""
    if fusion.name == "calibrated" or not penalties.shape[1]:
        return penalties
    whole = np.maximum(parts.sum(axis=1, keepdims=True), 0.0)
    return np.asarray(whole * (1.0 - np.exp(-0.5 * penalties)))


def _passing(task: Task, scoring: Scoring, cutoff: float | None) -> Scoring:
    passes = ~scoring.excluded.removed
    if cutoff is not None:
        passes &= scoring.evalues(task.searched) <= cutoff
    return scoring[np.flatnonzero(passes)]
