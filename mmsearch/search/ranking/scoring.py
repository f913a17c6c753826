"""From what channels say to scores: the most telling items, corroborated by words, fused, less what exclusions take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.channels.exclusions import Excluded
from mmsearch.search.channels.signals import Signals, peaks, taken
from mmsearch.search.ranking.corroboration import losses
from mmsearch.search.ranking.fusion import GRID, contributions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mmsearch.search.channels.signals import Said
    from mmsearch.search.ranking.task import Task
    from mmsearch.types import Ids, Matrix, Scores


@dataclass(frozen=True, slots=True, eq=False)
class Scoring:
    """n documents with all that makes their scores.

    ``items`` (n, c) are the most telling ones of each column, -1 for none, and ``signals`` (n, c) what is said of them;
    ``lost`` (n, c) is the share of the evidence that the words took, and ``parts`` (n, c) the columns' contributions.
    ``excluded`` holds the penalties, which are contributions too, with the other sign.
    """

    documents: Ids
    items: NDArray[np.int64]
    signals: Signals
    lost: Matrix
    parts: Matrix
    excluded: Excluded

    @property
    def evidence(self) -> Matrix:
        """What the columns tell (n, c), in decades, after the words were heard; NaN where that is nothing."""
        return np.asarray(self.signals.evidence * (1.0 - self.lost))

    @property
    def scores(self) -> Scores:
        """Sums (n,) of contributions and penalties."""
        return np.asarray(self.parts.sum(axis=1) - self.excluded.penalties.sum(axis=1))

    def evalues(self, searched: int) -> Scores:
        """Expected counts (n,) among ``searched`` items; see `expected_counts`."""
        return expected_counts(self.signals, searched)

    def __getitem__(self, rows: Ids | slice) -> Scoring:
        return Scoring(
            self.documents[rows],
            self.items[rows],
            self.signals[rows],
            self.lost[rows],
            self.parts[rows],
            self.excluded[rows],
        )

    @classmethod
    def concatenate(cls, several: Sequence[Scoring]) -> Scoring:
        """The documents of several scorings (one or more) by the same columns, one after the other."""
        return cls(
            np.concatenate([one.documents for one in several]),
            np.concatenate([one.items for one in several]),
            Signals.concatenate([one.signals for one in several]),
            np.concatenate([one.lost for one in several]),
            np.concatenate([one.parts for one in several]),
            Excluded.concatenate([one.excluded for one in several]),
        )


def telling(task: Task, documents: Ids, said: Sequence[Said]) -> tuple[NDArray[np.int64], Signals]:
    """The most telling item of each of ``documents`` (n,), ascending, in each of c columns, -1 for none: (n, c); and
    what is said of it (n, c). All items that something is ``said`` of belong to the documents."""
    places = [peaks(documents, task.groups, ids, signals.evidence) for ids, signals in said]
    items = [taken(ids, own, -1) for own, (ids, _) in zip(places, said, strict=True)]
    signals = [signals.at(own) for own, (_, signals) in zip(places, said, strict=True)]
    return np.stack(items, axis=1), Signals.stack(signals)


def scored(task: Task, signals: Signals, ranks: Matrix | None = None) -> tuple[Matrix, Matrix]:
    """What n documents of which the columns say ``signals`` (n, c) get for it: contributions, and what share of their
    evidence the words take before, both (n, c). ``ranks`` (n, c) are for fusions that go by them."""
    lost = losses(signals.evidence, task)
    left = Signals(signals.evidence * (1.0 - lost), signals.surprise, signals.unit)
    return contributions(left, task.weights, task.fusion, ranks), lost


def highest(task: Task, most: Signals, ranks: Matrix | None = None) -> Scores:
    """What no score (n,) exceeds of documents of which the columns say ``most`` (n, c) or less."""
    parts, _ = scored(task, most, ranks)
    return np.asarray(parts.sum(axis=1) + len(task.columns) * GRID)


def expected_counts(signals: Signals, searched: int) -> Scores:
    """How many of ``searched`` items are by chance as surprising as the most surprising one of each document: (n,)."""
    return np.asarray(searched * 10.0 ** -most_of(signals.surprise))


def most_of(surprise: Matrix) -> Scores:
    """The highest surprise (n,) of each row (n, c); 0 where no channel says anything."""
    return np.asarray(np.fmax.reduce(surprise, axis=1, initial=0.0))
