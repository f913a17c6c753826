"""A channel's background: how it scores things that have nothing to do with each other.

A cosine of 0.3 may be a sure find between a sentence and a picture and mere chance between two sentences.
Against the background of its own channel a score means something: how many scales it lies above the usual
(``calibrate``), and how probable such a score is between strangers (``survival``).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmsearch.types import Ids, Scores, Vectors

# The bulk is kept as calibrated scores at these probabilities of being exceeded. Evenly spread in what they
# tell apart; the last is where the tail begins.
BULK = (0.99, 0.975, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.075, 0.05)
# The tail is fitted between the last of these and TAIL_END. Queries have relatives in any index: above that,
# what is measured would be their share, not chance.
TAIL_END = 0.004
TAIL_POINTS = 12
# As many scores must lie above the highest level that is used.
LEAST_ABOVE = 20
# A channel is known as well by so many items as it is known beforehand.
PRIOR_ITEMS = 30
# Bounds of the fitted tail: heavier than a generalised Pareto tail of shape 0.25, or falling faster than bounded
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
    Location and scale are median and quartiles, the tail is fitted between the probabilities 0.05 and 0.004, so
    that pairs which do belong together, the rare upper tail, hardly move them. With few items, where one item's
    place in the space is all that there is to see, the estimate leans on ``prior`` (the Gaussian's shape
    when there is none, and unit vectors' spread around 0 when there are no pairs either).
    """
    import numpy as np

    products = queries.astype(np.float32) @ items.astype(np.float32).T
    if query_groups is not None and item_groups is not None:
        products = products[query_groups[:, None] != item_groups[None, :]]
    scores: Scores = np.sort(products, axis=None).astype(np.float64)
    if scores.size < LEAST_ABOVE:
        return prior or Background(0.0, queries.shape[1] ** -0.5)
    measured = _measured(scores)
    if prior is None:
        return measured
    return _mixed(measured, prior, items.shape[0] / (items.shape[0] + PRIOR_ITEMS))


def _measured(scores: Scores) -> Background:
    """The background that sorted ``scores`` show by themselves."""
    import numpy as np

    low, location, high = np.quantile(scores, (0.25, 0.5, 0.75))
    scale = max((high - low) / (2.0 * QUARTILE), 1e-6)
    bulk = (np.quantile(scores, 1.0 - np.array(BULK)) - location) / scale
    bulk = np.maximum.accumulate(bulk + 1e-9 * np.arange(len(BULK)))
    slope, curvature = _fit_tail((scores - location) / scale, float(bulk[-1]))
    return Background(
        float(location), float(scale), tuple(map(float, bulk)), slope, curvature, int(scores.size)
    )


def _fit_tail(calibrated: Scores, start: float) -> tuple[float, float]:
    """Slope and curvature of -log survival beyond ``start``, where it is BULK[-1], by least squares."""
    import numpy as np

    end = max(TAIL_END, LEAST_ABOVE / calibrated.size)
    if end > BULK[-1] / 2:
        return GAUSSIAN_SLOPE, GAUSSIAN_CURVATURE
    probabilities = np.geomspace(BULK[-1], end, TAIL_POINTS + 1)[1:]
    beyond = np.quantile(calibrated, 1.0 - probabilities) - start
    fallen = np.log(BULK[-1] / probabilities)
    if beyond[0] <= 0 or not np.isfinite(beyond).all():
        return GAUSSIAN_SLOPE, GAUSSIAN_CURVATURE
    columns = np.stack([beyond, beyond**2], axis=1)
    slope, curvature = np.linalg.lstsq(columns, fallen, rcond=None)[0]
    least = -0.5 * HEAVIEST_SHAPE * max(slope, 0.0) ** 2
    bounded = float(np.clip(curvature, least, STEEPEST))
    if bounded != curvature or slope <= 0:
        slope = float(beyond @ (fallen - bounded * beyond**2) / (beyond @ beyond))
    return max(float(slope), 0.1), bounded


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


__all__ = ["BULK", "Background", "estimate"]
