"""A channel's background: how it scores things that have nothing to do with each other.

A cosine of 0.3 may be a sure find between a sentence and a picture and mere chance between two sentences.
Against the background of its own channel a score means something: how many scales it lies above the usual
(``calibrate``), how probable such a score is between strangers (``survival``), and how much it tells (``evidence``).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from mmsearch.search.curve import (
    BULK,
    GAUSSIAN_BULK,
    GAUSSIAN_CURVATURE,
    GAUSSIAN_SLOPE,
    Curve,
    ascending,
    fit_tail,
)
from mmsearch.search.standing import BELOW, OWN_ITEMS, UNRELATED

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mmsearch.types import Ids, Scores, Vectors

    Matrix: TypeAlias = NDArray[np.float64]

# How scores fall off beyond the bulk is fitted up to this probability, with so many scores beyond it. A query that has
# nothing to do with an index has distant relatives there all the same, the more the larger it is: a tail that is fitted
# short of them (to 0.03) has such queries find four times as much in 100,000 items as in 100.
TAIL_TO, USUAL_TO = 0.0003, 0.002
LEAST_ABOVE = 20
POINTS = 12
# The queries whose scores reach highest are those with close relatives; so many of the others count as strangers: of
# 0.88, 0.93, 0.95, 0.97 and 1 (docs/log.md).
STRANGERS = 0.92
REACH = 3.5  # scales above a query's own location
# So much of its familiarity is taken off a query's calibrated scores before chance is reckoned: of 0, 0.5, 0.75, 1
# and 1.4, on the dev collections.
FAMILIAR = 1.0
# Fewer pairs than this say nothing of a tail.
LEAST_PAIRS = 700
# A channel is known as well by so many items as it is known beforehand.
PRIOR_ITEMS = 15
# Quartiles lie so far from the middle of a Gaussian of scale 1.
QUARTILE = 0.6744897501960817


@dataclass(frozen=True, slots=True)
class Background:
    """The distribution of a channel's scores.

    ``location`` and ``scale`` are those of the bulk, in raw scores. ``bulk``, ``slope`` and ``curvature`` are the
    `Curve` of calibrated scores between strangers: they say what chance brings. ``usual_…`` are that of all queries
    that one may ask, relatives included, each from its own standing (`Standing.corrected`): they say how many others
    a good score has to stand out from, which differs between channels (sentences have more near relatives among
    sentences than among pictures); the same as for strangers when not given. ``own`` is the deviation of a usual
    query's calibrated scores. ``pairs`` is the number of scores that they were estimated from. ``familiar`` is what
    chance takes off a query's raw scores for each unit of its `Familiarity`: 0 where that was not known.
    """

    location: float
    scale: float
    bulk: tuple[float, ...] = GAUSSIAN_BULK
    slope: float = GAUSSIAN_SLOPE
    curvature: float = GAUSSIAN_CURVATURE
    pairs: int = 0
    usual_bulk: tuple[float, ...] = ()
    usual_slope: float = 0.0
    usual_curvature: float = 0.0
    own: float = 1.0
    familiar: float = 0.0

    def __post_init__(self) -> None:
        if not self.usual_bulk:
            object.__setattr__(self, "usual_bulk", self.bulk)
            object.__setattr__(self, "usual_slope", self.slope)
            object.__setattr__(self, "usual_curvature", self.curvature)
        if not min(self.scale, self.slope, self.usual_slope, self.own) > 0:
            positive = (self.scale, self.slope, self.usual_slope, self.own)
            raise ValueError(f"scale, slopes and own deviation must be positive, not {positive}")
        for bulk in (self.bulk, self.usual_bulk):
            if len(bulk) != len(BULK) or list(bulk) != sorted(bulk):
                raise ValueError(f"{len(BULK)} ascending scores are expected, not {bulk}")

    def calibrate(self, scores: Scores) -> Scores:
        """Raw ``scores`` as scales above the location."""
        import numpy as np

        return np.asarray((scores - self.location) / self.scale, dtype=np.float64)

    def log_survival(self, scores: Scores, familiarity: Scores | float = 0.0) -> Scores:
        """log P(score of strangers >= score) for raw ``scores`` of queries of this ``familiarity``.

        0 far below, falling without end above.
        """
        told = self.calibrate(scores - self.familiar * familiarity)
        return Curve(self.bulk, self.slope, self.curvature).log_survival(told)

    def survival(self, scores: Scores, familiarity: Scores | float = 0.0) -> Scores:
        """P(score of strangers >= score) for raw ``scores`` of queries of this ``familiarity``."""
        import numpy as np

        return np.exp(self.log_survival(scores, familiarity))

    def usual_as(self, other: Background) -> Background:
        """This background of strangers, with what usually happens as ``other`` knows it."""
        return replace(
            self,
            usual_bulk=other.usual_bulk,
            usual_slope=other.usual_slope,
            usual_curvature=other.usual_curvature,
            own=other.own * other.scale / self.scale,
        )

    def evidence(self, corrected: Scores) -> Scores:
        """How much a query's ``corrected`` scores tell, in decades: what rankings of different channels are merged by.

        That is -log10 P(a usual query's score >= this one), each from its own standing.
        """
        import numpy as np

        usual = Curve(self.usual_bulk, self.usual_slope, self.usual_curvature)
        return np.asarray(usual.log_survival(corrected) / -np.log(10.0))

    def to_json(self) -> str:
        """The written form that ``from_json`` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Background:
        """The background that ``to_json`` wrote; ValueError for anything else."""
        try:
            values = json.loads(text)
            bulks = {
                name: tuple(map(float, values[name])) for name in ("bulk", "usual_bulk") if name in values
            }
            return cls(**{**values, **bulks})
        except (TypeError, KeyError) as error:
            raise ValueError(f"not a background: {text[:80]!r}") from error


def estimate(
    queries: Vectors,
    items: Vectors,
    *,
    query_groups: Ids | None = None,
    item_groups: Ids | None = None,
    prior: Background | None = None,
    familiarity: Scores | None = None,
) -> Background:
    """The background between ``queries`` (m, d) and a sample of ``items`` (n, d), both of unit rows.

    Pairs whose groups (m,) and (n,) are equal are left out: an item with itself, or with its document.

    The background is the mixture over those queries that reach least far, each by its own location and scale (median
    and quartiles of its scores): queries that items do belong to hardly move it, nor does one that is close to
    everything pass for an exception. With few items the estimate leans on ``prior`` (without one, on the Gaussian's
    tail).
    With the ``familiarity`` (m,) of the queries chance is reckoned from what that leaves of their scores.
    """
    import numpy as np

    scores = (queries.astype(np.float32) @ items.astype(np.float32).T).astype(np.float64)
    if query_groups is not None and item_groups is not None:
        scores[query_groups[:, None] == item_groups[None, :]] = np.nan
    asked = ~np.isnan(scores).all(axis=1) if scores.size else np.zeros(len(scores), dtype=bool)
    scores = scores[asked]
    if not scores.size:
        return prior or Background(0.0, queries.shape[1] ** -0.5)
    measured = _measured(scores, None if familiarity is None else familiarity[asked])
    if prior is None:
        return measured
    return _mixed(measured, prior, items.shape[0] / (items.shape[0] + PRIOR_ITEMS))


def _measured(scores: Matrix, familiarity: Scores | None) -> Background:
    """The background that ``scores`` (queries, items), NaN for pairs that do not count, show by themselves."""
    import numpy as np

    scores = np.sort(scores, axis=1)  # NaN comes last
    every = np.sort(scores[~np.isnan(scores)])
    counts = (~np.isnan(scores)).sum(axis=1)
    low, middle, high = (_row_quantiles(scores, counts, share) for share in (0.25, 0.5, 0.75))
    own = counts / (counts + OWN_ITEMS)
    locations = own * middle + (1.0 - own) * np.median(middle)
    spread = float(np.quantile(every, 0.75) - np.quantile(every, 0.25))
    scales = np.maximum((own * (high - low) + (1.0 - own) * spread) / (2.0 * QUARTILE), 1e-6)
    familiar = 0.0 if familiarity is None else FAMILIAR * float(np.median(scales))
    foretold = np.zeros(len(scores)) if familiarity is None else familiar * familiarity
    strangers = np.argsort(locations - foretold + REACH * scales, kind="stable")
    strangers = strangers[: max(1, int(STRANGERS * len(scores)))]
    left = scores[strangers] - foretold[strangers, None]
    left = np.sort(left[~np.isnan(left)])
    quarter, location, third = np.quantile(left, (0.25, 0.5, 0.75))
    scale = max(float(third - quarter) / (2.0 * QUARTILE), 1e-6)
    chance = _curve((left - location) / scale, TAIL_TO)
    usual, deviation = _usual(scores, own)
    return Background(
        float(location),
        scale,
        chance.bulk,
        chance.slope,
        chance.curvature,
        every.size,
        usual.bulk,
        usual.slope,
        usual.curvature,
        deviation / scale,
        familiar,
    )


def _row_quantiles(ordered: Matrix, counts: Ids, share: float) -> Scores:
    """The quantile of the first ``counts`` of each row of ``ordered`` (m, n)."""
    import numpy as np

    place = share * (counts - 1)
    below = np.floor(place).astype(np.int64)
    rows = np.arange(len(ordered))
    lower, upper = ordered[rows, below], ordered[rows, np.minimum(below + 1, counts - 1)]
    return np.asarray(lower + (place - below) * (upper - lower))


def _curve(values: Scores, to: float) -> Curve:
    """The curve of ascending ``values`` (n,), with a tail that is fitted up to the probability ``to``, or as far as
    there are enough of them: where there are hardly any, the Gaussian's."""
    import numpy as np

    bulk = ascending(list(np.quantile(values, 1.0 - np.array(BULK))))
    end = max(to, LEAST_ABOVE / values.size)
    if values.size < LEAST_PAIRS or end > BULK[-1] / 2.0:
        return Curve(bulk)
    probabilities = np.geomspace(BULK[-1], end, POINTS + 1)[1:]
    beyond = np.quantile(values, 1.0 - probabilities) - bulk[-1]
    return Curve(bulk, *fit_tail(beyond, np.log(BULK[-1] / probabilities)))


def _usual(scores: Matrix, own: Scores) -> tuple[Curve, float]:
    """The curve of raw ``scores`` (m, n), each query's from its own standing, and the deviation of a usual query.

    Rows are ascending, with NaN at their ends for pairs that do not count. ``own`` (m,) is the share in which a query's
    own level and deviation are known. Too few scores have the Gaussian's tail.
    """
    import numpy as np

    deviations = np.nanstd(scores, axis=1)
    lowest = np.ceil(UNRELATED * (~np.isnan(scores)).sum(axis=1)).astype(np.int64)
    levels = np.nancumsum(scores, axis=1)[np.arange(len(scores)), lowest - 1] / lowest
    deviations = np.maximum(own * deviations + (1.0 - own) * np.nanstd(scores), 1e-6)
    usual = float(np.median(deviations))
    levels = own * levels + (1.0 - own) * np.median(levels) + BELOW * usual
    corrected = (scores - levels[:, None]) / np.sqrt(deviations * usual)[:, None]
    return _curve(np.sort(corrected[~np.isnan(corrected)]), USUAL_TO), usual


def _mixed(measured: Background, prior: Background, share: float) -> Background:
    """``share`` of ``measured`` and the rest of ``prior``; scales and slopes are mixed as ratios."""

    def linear(a: float, b: float) -> float:
        return share * a + (1.0 - share) * b

    def ratio(a: float, b: float) -> float:
        return float(a**share * b ** (1.0 - share))

    def each(a: tuple[float, ...], b: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(map(linear, a, b))

    return Background(
        linear(measured.location, prior.location),
        ratio(measured.scale, prior.scale),
        each(measured.bulk, prior.bulk),
        ratio(measured.slope, prior.slope),
        linear(measured.curvature, prior.curvature),
        measured.pairs,
        each(measured.usual_bulk, prior.usual_bulk),
        ratio(measured.usual_slope, prior.usual_slope),
        linear(measured.usual_curvature, prior.usual_curvature),
        ratio(measured.own, prior.own),
        linear(measured.familiar, prior.familiar),
    )
