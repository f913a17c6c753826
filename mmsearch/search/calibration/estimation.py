"""Estimate a background from an index's own items and the bank of things that have nothing to do with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.calibration.background import Background
from mmsearch.search.calibration.curve import (
    BULK,
    QUARTILE,
    Curve,
    ascending,
    fit_tail,
)
from mmsearch.search.calibration.standing import BELOW, OWN_ITEMS, UNRELATED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mmsearch.search.calibration.cohort import Asked
    from mmsearch.types import Ids, Matrix, Scores, Vectors

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
# So many lines of either kind tell their curve.
LEAST_LINES = 20
# Of keywords fewer are strangers to a collection, since they are about less: of 0.75, 0.8, 0.85, 0.9 and 0.92.
STRANGE_KEYWORDS = 0.8
# So much of what a query owes is taken off its scales before chance is reckoned: of 0, 0.5, 0.75, 1
# and 1.4, on the dev collections.
FAMILIAR = 1.0
# Fewer pairs than this say nothing of a tail.
LEAST_PAIRS = 700
# A channel is known as well by so many items as it is known beforehand.
PRIOR_ITEMS = 15


def estimate(
    queries: Vectors,
    items: Vectors,
    *,
    query_groups: Ids | None = None,
    item_groups: Ids | None = None,
    prior: Background | None = None,
    asked: Asked | None = None,
) -> Background:
    """The background between ``queries`` (m, d) and a sample of ``items`` (n, d), both of unit rows.

    Pairs whose groups (m,) and (n,) are equal are left out: an item with itself, or with its document.

    The background is the mixture over those queries that reach least far, each by its own location and scale (median
    and quartiles of its scores): queries that items do belong to hardly move it, nor does one that is close to
    everything pass for an exception. With few items the estimate leans on ``prior`` (without one, on the Gaussian's
    tail).
    With what is known of the queries, as they were ``asked``, chance is reckoned from what they owe leaves of their
    scores; keywords, where there are some, have a curve of their own, and so have the others.
    """
    scores = (queries.astype(np.float32) @ items.astype(np.float32).T).astype(np.float64)
    if query_groups is not None and item_groups is not None:
        scores[query_groups[:, None] == item_groups[None, :]] = np.nan
    paired = np.flatnonzero(~np.isnan(scores).all(axis=1)) if scores.size else np.zeros(0, dtype=np.int64)
    scores = scores[paired]
    if not scores.size:
        return prior or Background(0.0, queries.shape[1] ** -0.5)
    measured = _measured(scores, None if asked is None else asked[paired])
    if prior is None:
        return measured
    return _mixed(measured, prior, items.shape[0] / (items.shape[0] + PRIOR_ITEMS))


def _measured(scores: Matrix, asked: Asked | None) -> Background:
    """The background that ``scores`` (queries, items), NaN for pairs that do not count, show by themselves."""
    scores = np.sort(scores, axis=1)  # NaN comes last
    every = np.sort(scores[~np.isnan(scores)])
    counts = (~np.isnan(scores)).sum(axis=1)
    low, middle, high = (_row_quantiles(scores, counts, share) for share in (0.25, 0.5, 0.75))
    own = counts / (counts + OWN_ITEMS)
    locations = own * middle + (1.0 - own) * np.median(middle)
    spread = float(np.quantile(every, 0.75) - np.quantile(every, 0.25))
    scales = np.maximum((own * (high - low) + (1.0 - own) * spread) / (2.0 * QUARTILE), 1e-6)
    familiar = 0.0 if asked is None else FAMILIAR * float(np.median(scales))
    foretold = np.zeros(len(scores)) if asked is None else familiar * asked.owed
    reach = locations - foretold + REACH * scales

    def left(rows: NDArray[np.bool_], share: float) -> Scores:
        """What strangers among ``rows`` score beyond what is foretold, ascending."""
        chosen = np.flatnonzero(rows)
        chosen = chosen[np.argsort(reach[chosen], kind="stable")]
        chosen = chosen[: max(1, int(share * chosen.size))]
        beyond = scores[chosen] - foretold[chosen, None]
        return np.sort(beyond[~np.isnan(beyond)])

    keywords = np.zeros(len(scores), dtype=bool) if asked is None else asked.brevity >= 1.0
    apart = min(keywords.sum(), (~keywords).sum()) >= LEAST_LINES
    told = left(~keywords if apart else np.ones_like(keywords), STRANGERS)
    quarter, location, third = np.quantile(told, (0.25, 0.5, 0.75))
    scale = max(float(third - quarter) / (2.0 * QUARTILE), 1e-6)
    chance = _curve((told - location) / scale, TAIL_TO)
    of_keywords = _curve((left(keywords, STRANGE_KEYWORDS) - location) / scale, TAIL_TO) if apart else chance
    usual, deviation = _usual(scores, own)
    return Background(
        location=float(location),
        scale=scale,
        bulk=chance.bulk,
        slope=chance.slope,
        curvature=chance.curvature,
        pairs=every.size,
        usual_bulk=usual.bulk,
        usual_slope=usual.slope,
        usual_curvature=usual.curvature,
        own=deviation / scale,
        familiar=familiar,
        keyword_bulk=of_keywords.bulk,
        keyword_slope=of_keywords.slope,
        keyword_curvature=of_keywords.curvature,
    )


def _row_quantiles(ordered: Matrix, counts: Ids, share: float) -> Scores:
    """The quantile of the first ``counts`` of each row of ``ordered`` (m, n)."""
    place = share * (counts - 1)
    below = np.floor(place).astype(np.int64)
    rows = np.arange(len(ordered))
    lower, upper = ordered[rows, below], ordered[rows, np.minimum(below + 1, counts - 1)]
    return np.asarray(lower + (place - below) * (upper - lower))


def _curve(values: Scores, to: float) -> Curve:
    """The curve of ascending ``values`` (n,), with a tail that is fitted up to the probability ``to``, or as far as
    there are enough of them: where there are hardly any, the Gaussian's."""
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
        location=linear(measured.location, prior.location),
        scale=ratio(measured.scale, prior.scale),
        bulk=each(measured.bulk, prior.bulk),
        slope=ratio(measured.slope, prior.slope),
        curvature=linear(measured.curvature, prior.curvature),
        pairs=measured.pairs,
        usual_bulk=each(measured.usual_bulk, prior.usual_bulk),
        usual_slope=ratio(measured.usual_slope, prior.usual_slope),
        usual_curvature=linear(measured.usual_curvature, prior.usual_curvature),
        own=ratio(measured.own, prior.own),
        familiar=linear(measured.familiar, prior.familiar),
        keyword_bulk=each(measured.keyword_bulk, prior.keyword_bulk),
        keyword_slope=ratio(measured.keyword_slope, prior.keyword_slope),
        keyword_curvature=linear(measured.keyword_curvature, prior.keyword_curvature),
    )
