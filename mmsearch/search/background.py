"""A channel's background: how it scores things that have nothing to do with each other.

A cosine of 0.3 may be a sure find between a sentence and a picture and mere chance between two sentences.
Against the background of its own channel a score means something: how many scales it lies above the usual
(``calibrate``), and how probable such a score is between strangers (``survival``).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mmsearch.types import Ids, Scores, Vectors

    Matrix: TypeAlias = NDArray[np.float64]

# The bulk is kept as calibrated scores at these probabilities of being exceeded; the last is where the tail begins.
BULK = (0.99, 0.975, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.075, 0.05)
# Every query has relatives in some index. What scores do beyond TAIL_TO is taken from how they fall between these
# probabilities, where an unrelated item is still what one mostly meets.
TAIL_FROM, TAIL_TO = 0.2, 0.03
# The queries whose scores reach highest are those with most relatives; so many of the others count.
# Measured on eight collections with queries from elsewhere: E <= 1 for 0.4 to 7 items a query, whatever the size.
STRANGERS = 0.7
REACH = 3.5  # scales above a query's own location
# The tail of all queries together is kept between the bulk and this probability.
FARTHEST = 1e-8
POINTS = 12
# Fewer pairs than this say nothing of a tail.
LEAST_PAIRS = 700
# One query's own location and scale among n items count as much as those of all queries do with so many.
OWN_ITEMS = 20
# A channel is known as well by so many items as it is known beforehand.
PRIOR_ITEMS = 30
# Bounds of a fitted tail: heavier than a generalised Pareto tail of shape 0.25, or falling faster than bounded
# scores in a few dimensions do (a Gaussian has 0.43), is noise.
HEAVIEST_SHAPE = 0.25
STEEPEST = 1.5
# Quartiles lie so far from the middle of a Gaussian of scale 1.
QUARTILE = 0.6744897501960817
# The Gaussian: calibrated scores at BULK, and the slope and curvature of its log-survival at the last of them.
GAUSSIAN_BULK = (
    -2.3263478740, -1.9599639845, -1.6448536270, -1.2815515655, -0.8416212336, -0.5244005127, -0.2533471031, 0.0,
    0.2533471031, 0.5244005127, 0.8416212336, 1.0364333895, 1.2815515655, 1.4395314709, 1.6448536270,
)  # fmt: skip
GAUSSIAN_SLOPE, GAUSSIAN_CURVATURE = 2.0627, 0.4309


@dataclass(frozen=True, slots=True)
class Background:
    """The distribution of a channel's scores between unrelated query and item.

    ``location`` and ``scale`` are those of the bulk, in raw scores. ``bulk`` are the calibrated scores that are
    exceeded with the probabilities ``BULK``, ascending. Beyond the last of them, at a distance d, the
    probability falls as exp(-slope d - curvature d²), or, when ``curvature`` is negative, as a generalised
    Pareto tail of the same slope and curvature. ``pairs`` is the number of scores it was estimated from.
    """

    location: float
    scale: float
    bulk: tuple[float, ...] = GAUSSIAN_BULK
    slope: float = GAUSSIAN_SLOPE
    curvature: float = GAUSSIAN_CURVATURE
    pairs: int = 0

    def __post_init__(self) -> None:
        if not self.scale > 0 or not self.slope > 0:
            raise ValueError(f"scale {self.scale} and slope {self.slope} must be positive")
        if len(self.bulk) != len(BULK) or list(self.bulk) != sorted(self.bulk):
            raise ValueError(f"{len(BULK)} ascending scores are expected, not {self.bulk}")

    def calibrate(self, scores: Scores) -> Scores:
        """Raw ``scores`` as scales above the location."""
        import numpy as np

        return np.asarray((scores - self.location) / self.scale, dtype=np.float64)

    def log_survival(self, scores: Scores) -> Scores:
        """log P(background >= score) for raw ``scores``; 0 far below, falling without end above."""
        import numpy as np

        calibrated = self.calibrate(scores)
        levels = np.log(np.array((1.0, *BULK)))
        places = np.array((2.0 * self.bulk[0] - self.bulk[2], *self.bulk))
        beyond = np.maximum(calibrated - self.bulk[-1], 0.0)
        return np.asarray(np.interp(calibrated, places, levels) + self._log_tail(beyond))

    def survival(self, scores: Scores) -> Scores:
        """P(background >= score) for raw ``scores``."""
        import numpy as np

        return np.exp(self.log_survival(scores))

    def to_json(self) -> str:
        """The written form that ``from_json`` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Background:
        """The background that ``to_json`` wrote; ValueError for anything else."""
        try:
            values = json.loads(text)
            return cls(**{**values, "bulk": tuple(map(float, values["bulk"]))})
        except (TypeError, KeyError) as error:
            raise ValueError(f"not a background: {text[:80]!r}") from error

    def reach(self, fallen: float) -> float:
        """How many scales beyond the bulk the log-survival has ``fallen`` by so much."""
        from math import expm1, sqrt

        if self.curvature < 0:
            shape = -2.0 * self.curvature / self.slope**2
            return float(expm1(shape * fallen) / (shape * self.slope))
        # the smaller root of curvature d² + slope d = fallen, in the form that does not cancel
        return float(2.0 * fallen / (self.slope + sqrt(self.slope**2 + 4.0 * self.curvature * fallen)))

    def hazard(self, distance: float) -> tuple[float, float]:
        """Slope and curvature of -log survival at ``distance`` scales beyond the bulk."""
        if self.curvature >= 0:
            return self.slope + 2.0 * self.curvature * distance, self.curvature
        flattening = 1.0 - 2.0 * self.curvature / self.slope * distance
        return self.slope / flattening, self.curvature / flattening**2

    def _log_tail(self, beyond: Scores) -> Scores:
        import numpy as np

        if self.curvature >= 0:
            return -beyond * (self.slope + self.curvature * beyond)
        shape = -2.0 * self.curvature / self.slope**2
        return -np.log1p(shape * self.slope * beyond) / shape


def estimate(
    queries: Vectors,
    items: Vectors,
    *,
    query_groups: Ids | None = None,
    item_groups: Ids | None = None,
    prior: Background | None = None,
) -> Background:
    """The background between ``queries`` (m, d) and a sample of ``items`` (n, d), both of unit rows.

    Pairs whose groups (m,) and (n,) are equal are left out: an item with itself, or with its document.

    Each query has its own location and scale (median and quartiles of its scores) and all share one shape, which
    is read off where strangers are the rule; the background is the mixture over queries. So neither the items
    that do belong to a query, the rare upper tail, move it, nor does a query that is close to everything pass for
    an exception. With few items the estimate leans on ``prior`` (without one, on the Gaussian's shape).
    """
    import numpy as np

    scores = (queries.astype(np.float32) @ items.astype(np.float32).T).astype(np.float64)
    if query_groups is not None and item_groups is not None:
        scores[query_groups[:, None] == item_groups[None, :]] = np.nan
    scores = scores[~np.isnan(scores).all(axis=1)] if scores.size else scores[:0]
    if not scores.size:
        return prior or Background(0.0, queries.shape[1] ** -0.5)
    measured = _measured(scores)
    if prior is None:
        return measured
    return _mixed(measured, prior, items.shape[0] / (items.shape[0] + PRIOR_ITEMS))


def _measured(scores: Matrix) -> Background:
    """The background that ``scores`` (queries, items), NaN for pairs that do not count, show by themselves."""
    import numpy as np

    scores = np.sort(scores, axis=1)  # NaN comes last
    counts = (~np.isnan(scores)).sum(axis=1)
    low, middle, high = (_row_quantiles(scores, counts, share) for share in (0.25, 0.5, 0.75))
    own = counts / (counts + OWN_ITEMS)
    locations = own * middle + (1.0 - own) * np.median(middle)
    spread = float(np.nanquantile(scores, 0.75) - np.nanquantile(scores, 0.25))
    scales = np.maximum((own * (high - low) + (1.0 - own) * spread) / (2.0 * QUARTILE), 1e-6)
    strangers = np.argsort(locations + REACH * scales, kind="stable")[: max(1, int(STRANGERS * len(scores)))]
    locations, scales = locations[strangers], scales[strangers]
    shape = _shape((scores[strangers] - locations[:, None]) / scales[:, None])
    return _mixture(shape, locations, scales, int(counts.sum()))


def _row_quantiles(ordered: Matrix, counts: Ids, share: float) -> Scores:
    """The quantile of the first ``counts`` of each row of ``ordered`` (m, n)."""
    import numpy as np

    place = share * (counts - 1)
    below = np.floor(place).astype(np.int64)
    rows = np.arange(len(ordered))
    lower, upper = ordered[rows, below], ordered[rows, np.minimum(below + 1, counts - 1)]
    return np.asarray(lower + (place - below) * (upper - lower))


def _shape(relative: Matrix) -> Background:
    """What a query's scores, relative to its own location and scale, are like for all queries together."""
    import numpy as np

    values = relative[~np.isnan(relative)]
    if values.size < LEAST_PAIRS:
        return Background(0.0, 1.0)
    start = float(np.quantile(values, 1.0 - TAIL_FROM))
    probabilities = np.geomspace(TAIL_FROM, TAIL_TO, POINTS + 1)[1:]
    beyond = np.quantile(values, 1.0 - probabilities) - start
    slope, curvature = _fit_tail(beyond, np.log(TAIL_FROM / probabilities))
    bulk = [float(np.quantile(values, 1.0 - p)) for p in BULK if p >= TAIL_FROM]
    tail = Background(0.0, 1.0, slope=slope, curvature=curvature)
    bulk += [start + tail.reach(np.log(TAIL_FROM / p)) for p in BULK if p < TAIL_FROM]
    distance = bulk[-1] - start
    return Background(0.0, 1.0, _ascending(bulk), *tail.hazard(distance), values.size)


def _mixture(shape: Background, locations: Scores, scales: Scores, pairs: int) -> Background:
    """The background of scores that have ``shape`` around locations (m,) and scales (m,), one for each query."""
    import numpy as np

    farthest = shape.bulk[-1] + shape.reach(np.log(BULK[-1] / FARTHEST))
    grid = np.linspace((locations - 6.0 * scales).min(), (locations + farthest * scales).max(), 1_000)
    logs = shape.log_survival((grid[:, None] - locations) / scales)
    highest = logs.max(axis=1)
    falling = highest + np.log(np.exp(logs - highest[:, None]).mean(axis=1))

    def exceeded(probabilities: Scores) -> Scores:
        return np.interp(np.log(probabilities), falling[::-1], grid[::-1])

    low, location, high = exceeded(np.array((0.75, 0.5, 0.25)))
    scale = max(float(high - low) / (2.0 * QUARTILE), 1e-6)
    bulk = _ascending(list((exceeded(np.array(BULK)) - location) / scale))
    probabilities = np.geomspace(BULK[-1], FARTHEST, POINTS + 1)[1:]
    beyond = (exceeded(probabilities) - location) / scale - bulk[-1]
    slope, curvature = _fit_tail(beyond, np.log(BULK[-1] / probabilities))
    return Background(float(location), scale, bulk, slope, curvature, pairs)


def _fit_tail(beyond: Scores, fallen: Scores) -> tuple[float, float]:
    """Slope and curvature of -log survival, by least squares from what it has ``fallen`` at distances ``beyond``."""
    import numpy as np

    if not np.isfinite(beyond).all() or beyond[0] <= 0:
        return GAUSSIAN_SLOPE, GAUSSIAN_CURVATURE
    slope, curvature = np.linalg.lstsq(np.stack([beyond, beyond**2], axis=1), fallen, rcond=None)[0]
    least = -0.5 * HEAVIEST_SHAPE * max(slope, 0.0) ** 2
    bounded = float(np.clip(curvature, least, STEEPEST))
    if bounded != curvature or slope <= 0:
        slope = float(beyond @ (fallen - bounded * beyond**2) / (beyond @ beyond))
    return max(float(slope), 0.1), bounded


def _ascending(values: list[float]) -> tuple[float, ...]:
    """``values``, each raised a trifle where it does not lie above the one before."""
    import numpy as np

    steps = 1e-9 * np.arange(len(values))
    return tuple((np.maximum.accumulate(np.array(values) - steps) + steps).tolist())


def _mixed(measured: Background, prior: Background, share: float) -> Background:
    """``share`` of ``measured`` and the rest of ``prior``; scales and slopes are mixed as ratios."""

    def linear(a: float, b: float) -> float:
        return share * a + (1.0 - share) * b

    def ratio(a: float, b: float) -> float:
        return float(a**share * b ** (1.0 - share))

    return Background(
        linear(measured.location, prior.location),
        ratio(measured.scale, prior.scale),
        tuple(linear(a, b) for a, b in zip(measured.bulk, prior.bulk, strict=True)),
        ratio(measured.slope, prior.slope),
        linear(measured.curvature, prior.curvature),
        measured.pairs,
    )
