"""A channel's background: how it scores things that have nothing to do with each other.

A cosine of 0.3 may be a sure find between a sentence and a picture and mere chance between two sentences.
Against the background of its own channel a score means something: how many scales it lies above the usual
(``scales``), how probable such a score is between strangers (``survival``), and how much it tells (``evidence``).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.search.calibration.curve import (
    BULK,
    GAUSSIAN_BULK,
    GAUSSIAN_CURVATURE,
    GAUSSIAN_SLOPE,
    Curve,
)

if TYPE_CHECKING:
    from mmsearch.types import Scores

# No score, scale or slope of a channel is anywhere near it: what is larger was not measured.
LARGEST = 1e6
_MOST_PAIRS = 2**53


@dataclass(frozen=True, slots=True)
class Background:
    """The distribution of a channel's scores.

    ``location`` and ``scale`` are those of the bulk, in raw scores. ``bulk``, ``slope`` and ``curvature`` are the
    `Curve` of scales between strangers: they say what chance brings. ``usual_…`` are that of all queries
    that one may ask, relatives included, each from its own standing (`Standing.corrected`): they say how many others
    a good score has to stand out from, which differs between channels (sentences have more near relatives among
    sentences than among pictures); the same as for strangers when not given. ``own`` is the deviation of a usual
    query's scales. ``pairs`` is the number of scores that they were estimated from. ``familiar`` is what
    chance takes off a query's raw scores for each scale that is owed (`Asked.owed`): 0 where that was not known.
    ``keyword_…`` are the curve of strangers for queries of one to three words, which score otherwise than sentences do;
    the same as for all where there were none to tell.
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
    keyword_bulk: tuple[float, ...] = ()
    keyword_slope: float = 0.0
    keyword_curvature: float = 0.0

    def __post_init__(self) -> None:
        if not self.keyword_bulk:
            object.__setattr__(self, "keyword_bulk", self.bulk)
            object.__setattr__(self, "keyword_slope", self.slope)
            object.__setattr__(self, "keyword_curvature", self.curvature)
        if not self.usual_bulk:
            object.__setattr__(self, "usual_bulk", self.bulk)
            object.__setattr__(self, "usual_slope", self.slope)
            object.__setattr__(self, "usual_curvature", self.curvature)
        positive = (self.scale, self.slope, self.usual_slope, self.keyword_slope, self.own)
        if not min(positive) > 0:
            raise ValueError(f"scale, slopes and own deviation must be positive, not {positive}")
        bulks = (self.bulk, self.usual_bulk, self.keyword_bulk)
        curvatures = (self.curvature, self.usual_curvature, self.keyword_curvature)
        every = (self.location, self.familiar, *positive, *curvatures, *chain.from_iterable(bulks))
        if not all(abs(value) <= LARGEST for value in every):  # nor is a NaN
            raise ValueError(f"a background of scores holds numbers up to {LARGEST:g}")
        for bulk in bulks:
            if len(bulk) != len(BULK) or list(bulk) != sorted(bulk):
                raise ValueError(f"{len(BULK)} ascending scores are expected, not {bulk}")

    def scales(self, scores: Scores) -> Scores:
        """Raw ``scores`` as scales above the location."""
        return np.asarray((scores - self.location) / self.scale, dtype=np.float64)

    def log_survival(
        self, scores: Scores, owed: Scores | float = 0.0, brevity: Scores | float = 0.0
    ) -> Scores:
        """log P(score of strangers >= score) for raw ``scores`` of queries that owe so many scales and are so short.

        0 far below, falling without end above.
        """
        told = self.scales(scores - self.familiar * owed)
        log = Curve(self.bulk, self.slope, self.curvature).log_survival(told)
        if not np.any(brevity):
            return log
        keyword = Curve(self.keyword_bulk, self.keyword_slope, self.keyword_curvature).log_survival(told)
        return np.asarray(log + brevity * (keyword - log))

    def survival(self, scores: Scores, owed: Scores | float = 0.0, brevity: Scores | float = 0.0) -> Scores:
        """P(score of strangers >= score) for raw ``scores`` of queries that owe so many scales and are so short."""
        return np.exp(self.log_survival(scores, owed, brevity))

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
                name: tuple(map(_number, values[name]))
                for name in ("bulk", "usual_bulk", "keyword_bulk")
                if name in values
            }
            single: dict[str, Any] = {n: _number(value) for n, value in values.items() if n not in bulks}
            return cls(**{**single, "pairs": int(single.get("pairs", 0)), **bulks})
        except (TypeError, KeyError, AttributeError, RecursionError) as error:
            raise ValueError(f"not a background: {text[:80]!r}") from error


def _number(value: object) -> float:
    """A number of JSON as a float; ValueError for what is none, or beyond all floats."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _MOST_PAIRS:
        raise ValueError(f"not a number of a background: {value!r:.40}")
    return float(value)
