"""Learn how much each channel should count from judgements, and find out whether that helps.

Coordinate ascent on nDCG@10 itself (Metzler and Croft, "Linear feature-based models for information retrieval",
Information Retrieval 10, 2007, doi:10.1007/s10791-006-9019-z): one weight after the other is set to the value that
ranks best, until none can be bettered. What comes of it is measured on queries that it did not see (k folds), against
the default of 1 for every channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.errors import MediaError, UsageError
from mmsearch.evaluate.significance import Comparison, compare
from mmsearch.search.ranking.corroboration import heard
from mmsearch.search.ranking.fusion import GRID, POWER, Fusion
from mmsearch.search.ranking.weights import LEARNED_FUSION, WORDS, LearnedWeights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from mmsearch.evaluate.judged import Judged
    from mmsearch.library import Library
    from mmsearch.types import Matrix, Scores

MEASURE, TOP = "nDCG@10", 10
# Documents that each channel proposes for a query: far beyond the ten that the measure looks at.
DEPTH = 100
# Weights that are tried for a channel, beside at most 1 for the others: none, and 1/16 to 1 by steps of √2. Finer
# steps move single queries only. One channel is raised by lowering the others, so that noise ends at 0.
TRIED = (0.0, *(2.0 ** (step / 2.0) for step in range(-8, 1)))
# So many standard errors make one weight better than another: 1 in 20 times by chance. Made-up channels that are
# noise (120 queries) get exactly 0 in 12 of 20 cases with 1, in 18 with 1.65; with 2 true gains are missed.
ERRORS = 1.65
# Means that differ by less than this differ by rounding.
LEAST_GAIN = 1e-6
# Rounds through all channels: three or four suffice.
MOST_ROUNDS = 20
FOLDS = 5
# A gain that chance brings less often than this is real.
SIGNIFICANT = 0.05
# Fewer queries than this for each fold teach nothing.
LEAST_IN_FOLD = 2


@dataclass(frozen=True, slots=True, eq=False)
class Proposals:
    """What c ``channels`` say of the documents that q ``queries`` may find, at most n for each query.

    ``evidence`` (q, n, c), at least 0, with the share of each encoder in it; rows are in the order of document
    ids, and of nothing where a query has fewer. ``gains`` (q, n) are the judged relevances, ``ideal`` (q,) the
    discounted gain of the best order of all that was judged. ``lost`` (q, n, c) is what the words take from the
    evidence of others (`mmsearch.search.ranking.corroboration.losses`), as a share of it; None for nothing.
    """

    channels: tuple[str, ...]
    queries: tuple[str, ...]
    evidence: NDArray[np.float64]
    gains: Matrix
    ideal: Scores
    lost: NDArray[np.float64] | None = None

    def __getitem__(self, chosen: NDArray[np.int64]) -> Proposals:
        names = tuple(self.queries[row] for row in chosen.tolist())
        parts = self.evidence[chosen], self.gains[chosen], self.ideal[chosen]
        return Proposals(self.channels, names, *parts, None if self.lost is None else self.lost[chosen])

    def scores(self, weights: Sequence[float]) -> Matrix:
        """Scores (q, n) as a search with these ``weights`` gives them."""
        return self.scorer()(weights)

    def scorer(self) -> Callable[[Sequence[float]], Matrix]:
        """``scores`` for many weights one after the other, which share what they can."""
        words = self.channels.index(WORDS) if WORDS in self.channels else None

        @lru_cache(maxsize=1)
        def powers(shares: tuple[float, ...]) -> NDArray[np.float64]:
            kept = 1.0 if self.lost is None else 1.0 - np.array(shares) * self.lost
            return np.asarray((self.evidence * kept) ** POWER)

        def scored(weights: Sequence[float]) -> Matrix:
            shares = heard(weights, 0.0 if words is None else weights[words])
            summed = powers(tuple(shares.tolist())) @ np.asarray(weights, dtype=np.float64) ** POWER
            return np.asarray(np.round(summed ** (1.0 / POWER) / GRID) * GRID)

        return scored

    def quality(self, weights: Sequence[float]) -> Scores:
        """nDCG@10 (q,) of each query by ``weights``."""
        return _quality(self.scores(weights), self.gains, self.ideal)


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was learned: ``weights`` by channel from all queries, with what they reach ``trained`` on these.

    ``comparison`` sets the default (first) against weights that were learned without the query (second).
    ``spread`` has the lowest and the highest weight of each channel among the folds.
    """

    weights: Mapping[str, float]
    trained: float
    comparison: Comparison
    spread: Mapping[str, tuple[float, float]]

    @property
    def helps(self) -> bool:
        """Whether the gain on queries that were not seen is real."""
        return self.comparison.difference > 0 and self.comparison.p < SIGNIFICANT

    def learned(self, judgements: str) -> LearnedWeights:
        """What an index keeps; ``judgements`` says where they come from."""
        found = self.comparison
        return LearnedWeights(
            dict(self.weights), MEASURE, found.first, found.second, found.p, found.queries, judgements
        )


def tune(proposals: Proposals, *, folds: int = FOLDS, seed: int = 0) -> Tuning:
    """Learn weights for ``proposals``, and judge them by queries held out in ``folds`` parts drawn by ``seed``.

    Raises UsageError for fewer than 2 folds, or too few queries for them.
    """
    queries = len(proposals.queries)
    if folds < 2:
        raise UsageError(f"at least 2 folds, not {folds}: one part is judged by what the others teach")
    if queries < folds * LEAST_IN_FOLD:
        raise UsageError(f"{queries} judged queries are too few for {folds} folds: judge more of them")
    order = np.random.default_rng(seed).permutation(queries)
    parts = np.array_split(order, folds)
    held_out = np.zeros(queries)
    found = []
    for part in parts:
        weights = learn(proposals[np.setdiff1d(order, part)])
        held_out[part] = proposals[part].quality(weights)
        found.append(weights)
    final = learn(proposals)
    default = proposals.quality(_ones(proposals))
    comparison = compare(
        MEASURE,
        dict(zip(proposals.queries, default.tolist(), strict=True)),
        dict(zip(proposals.queries, held_out.tolist(), strict=True)),
    )
    return Tuning(
        dict(zip(proposals.channels, final, strict=True)),
        float(proposals.quality(final).mean()),
        comparison,
        {
            name: (min(each), max(each))
            for name, each in zip(proposals.channels, zip(*found, strict=True), strict=True)
        },
    )


def learn(proposals: Proposals) -> list[float]:
    """Weights, by channel, that rank ``proposals`` well, from 1 for each on.

    A weight stays where no other is better by `ERRORS` standard errors, so that a channel that makes no difference
    keeps its own; otherwise the smallest is taken that the best does not better by as much, which is 0 for a channel
    that tells nothing (after Breiman et al.'s one-standard-error rule, 1984). Since only ratios matter to the order,
    the weights are scaled so that the best documents' scores stay as high as they were on average: what minus parts
    take off then weighs as much as before. Rounded to three digits.
    """
    scored = proposals.scorer()
    weights = _ones(proposals)
    for _ in range(MOST_ROUNDS):
        before = list(weights)
        for place in range(len(weights)):
            tried = (*TRIED, weights[place])
            changed = ([*weights[:place], weight, *weights[place + 1 :]] for weight in tried)
            reached = [_quality(scored(each), proposals.gains, proposals.ideal) for each in changed]
            weights[place] = tried[_choice(np.stack(reached))]
        if weights == before:
            break
        highest = max(weights)
        weights = [weight / highest for weight in weights]
    scale = _best_scores(proposals, _ones(proposals)) / max(_best_scores(proposals, weights), GRID)
    return [float(f"{scale * weight:.3g}") for weight in weights]


def _choice(reached: Matrix) -> int:
    """Which of the weights to take, whose values (w, q) by query were ``reached``; the last one is there now."""
    means = reached.mean(axis=1)
    best = int(means.argmax())
    now = len(means) - 1

    def beats(first: int, second: int) -> bool:
        differences = reached[first] - reached[second]
        error = float(differences.std()) / float(np.sqrt(differences.size))
        return float(differences.mean()) > max(ERRORS * error, LEAST_GAIN)

    if not beats(best, now):
        return now
    return next(place for place in range(now) if means[place] > means[now] and not beats(best, place))


def propose(
    library: Library, judged: Judged, progress: Callable[[int, int], None] | None = None
) -> Proposals:
    """Ask ``library`` all queries that are ``judged``, by its default weights; DEPTH documents of each channel.

    A picture that can't be read proposes nothing. ``progress`` hears how many queries are done, of how many.
    """
    found: list[tuple[dict[str, tuple[Scores, Scores]], Scores]] = []
    for number, (query, relevance) in enumerate(judged.relevance.items()):
        if progress is not None:
            progress(number, len(judged.relevance))
        said, documents = _said(library, judged.queries[query])
        gains = np.array([max(0, relevance.get(document, 0)) for document in documents], dtype=np.float64)
        found.append((said, gains))
    channels = tuple(sorted({name for said, _ in found for name in said}))
    most = max((gains.size for _, gains in found), default=0)
    evidence, lost = np.zeros((2, len(found), most, len(channels)))
    gains = np.zeros((len(found), most))
    for row, (said, own) in enumerate(found):
        gains[row, : own.size] = own
        for name, (values, shares) in said.items():
            place = channels.index(name)
            evidence[row, : own.size, place], lost[row, : own.size, place] = values, shares
    ideal = np.array([_ideal(list(relevance.values())) for relevance in judged.relevance.values()])
    return Proposals(channels, tuple(judged.relevance), evidence, gains, ideal, lost)


def _said(library: Library, content: str | Path) -> tuple[dict[str, tuple[Scores, Scores]], list[int]]:
    """Channel -> evidence (n,) of what the channels propose, and what share of it the words take; the documents."""
    from mmsearch.evaluate.tasks import as_query
    from mmsearch.search.ranking.task import prepare
    from mmsearch.search.ranking.threshold import Ranker

    query = as_query(content)
    try:
        task = prepare(query, library, group="document", fusion=Fusion(LEARNED_FUSION), weights={}).task
    except MediaError:
        return {}, []
    if not task.columns:
        return {}, []
    scoring = Ranker(task).candidates(DEPTH)
    evidence = np.maximum(np.nan_to_num(scoring.evidence, nan=0.0), 0.0)
    places = (-evidence).argsort(axis=0, kind="stable").argsort(axis=0)
    kept = ((places < DEPTH) & (evidence > 0)).any(axis=1)
    told = np.maximum(np.nan_to_num(scoring.signals.evidence, nan=0.0), 0.0)[kept]
    lost = scoring.lost[kept]
    said = {
        column.name: (column.weight * told[:, place], lost[:, place])
        for place, column in enumerate(task.columns)
    }
    return said, scoring.documents[kept].tolist()


def _ones(proposals: Proposals) -> list[float]:
    return [1.0] * len(proposals.channels)


def _quality(scores: Matrix, gains: Matrix, ideal: Scores) -> Scores:
    """nDCG@10 (q,) by (-score, place); a document without a score is not found."""
    places = np.arange(scores.shape[1])
    # One number for both: places are fractions of the grid that scores lie on.
    keys = scores / GRID - places / (places.size + 1.0)
    kept = min(TOP, places.size)
    top = np.argpartition(-keys, kept - 1, axis=1)[:, :kept] if kept else places[None, :0]
    order = np.take_along_axis(top, np.argsort(-np.take_along_axis(keys, top, axis=1), axis=1), axis=1)
    gained = np.take_along_axis(np.where(scores > 0, gains, 0.0), order, axis=1)
    reached = (gained / np.log2(np.arange(2, kept + 2))).sum(axis=1)
    return np.asarray(reached / np.where(ideal > 0, ideal, 1.0))


def _ideal(relevances: Sequence[int]) -> float:
    best = np.sort(np.maximum(np.array(relevances, dtype=np.float64), 0.0))[::-1][:TOP]
    return float((best / np.log2(np.arange(2, best.size + 2))).sum())


def _best_scores(proposals: Proposals, weights: Sequence[float]) -> float:
    scores = proposals.scores(weights)
    return float(scores.max(axis=1, initial=0.0).mean())
