"""How scores fall off: the probability that a score is exceeded, from the bulk into a fitted tail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

# The bulk is kept as the scores that are exceeded with these probabilities; the last is where the tail begins.
BULK = (0.99, 0.975, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.075, 0.05)
# The Gaussian of location 0 and scale 1.
GAUSSIAN_BULK = (
    -2.3263478740, -1.9599639845, -1.6448536270, -1.2815515655, -0.8416212336, -0.5244005127, -0.2533471031, 0.0,
    0.2533471031, 0.5244005127, 0.8416212336, 1.0364333895, 1.2815515655, 1.4395314709, 1.6448536270,
)  # fmt: skip
GAUSSIAN_SLOPE, GAUSSIAN_CURVATURE = 2.0627, 0.4309
# Its quartiles lie so far from the middle.
QUARTILE = 0.6744897501960817
# Bounds of a fitted tail: heavier than a generalised Pareto tail of shape 0.25, or falling faster than bounded
# scores in a few dimensions do (a Gaussian has 0.43), is noise.
HEAVIEST_SHAPE = 0.25
STEEPEST = 1.5
# Above this a negative curvature is none: the tail is exponential, for which the Pareto form divides 0 by 0.
EXPONENTIAL = -1e-9


@dataclass(frozen=True, slots=True)
class Curve:
    """The scores that are exceeded with the probabilities ``BULK``, ascending, and how it goes on.

    Beyond the last of them, at a distance d, the probability falls as exp(-slope d - curvature d²), or, when
    ``curvature`` is negative, as a generalised Pareto tail of that slope and curvature: neither ever ends.
    """

    bulk: tuple[float, ...] = GAUSSIAN_BULK
    slope: float = GAUSSIAN_SLOPE
    curvature: float = GAUSSIAN_CURVATURE

    def log_survival(self, values: Values) -> Values:
        """log P(score >= value); 0 far below, falling without end above."""
        levels = np.log(np.array((1.0, *BULK)))
        places = np.array((2.0 * self.bulk[0] - self.bulk[2], *self.bulk))
        beyond = np.maximum(values - self.bulk[-1], 0.0)
        if self.curvature > EXPONENTIAL:
            fallen = beyond * (self.slope + self.curvature * beyond)
        else:
            shape = -2.0 * self.curvature / self.slope**2
            fallen = np.log1p(shape * self.slope * beyond) / shape
        return np.asarray(np.interp(values, places, levels) - fallen)


def fit_tail(beyond: Values, fallen: Values) -> tuple[float, float]:
    """Slope and curvature of -log survival, by least squares from what it has ``fallen`` at distances ``beyond``.

    Both (n,), ascending; the Gaussian's when the distances say nothing.
    """
    if not np.isfinite(beyond).all() or beyond[0] <= 0:
        return GAUSSIAN_SLOPE, GAUSSIAN_CURVATURE
    slope, curvature = np.linalg.lstsq(np.stack([beyond, beyond**2], axis=1), fallen, rcond=None)[0]
    least = -0.5 * HEAVIEST_SHAPE * max(slope, 0.0) ** 2
    bounded = float(np.clip(curvature, least, STEEPEST))
    if bounded != curvature or slope <= 0:
        slope = float(beyond @ (fallen - bounded * beyond**2) / (beyond @ beyond))
    return max(float(slope), 0.1), bounded


def ascending(values: list[float]) -> tuple[float, ...]:
    """``values``, each raised a trifle where it does not lie above the one before."""
    steps = 1e-9 * np.arange(len(values))
    return tuple((np.maximum.accumulate(np.array(values) - steps) + steps).tolist())
