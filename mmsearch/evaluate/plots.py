"""Pictures of an evaluation: how scores are distributed, whether expected counts hold, and recall by depth.

Drawn by matplotlib (the ``evaluate`` extra), each as PNG and SVG.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import MissingExtraError
from mmsearch.evaluate.measures import mean, per_query
from mmsearch.evaluate.observations import BANK

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mmsearch.evaluate.experiment import Outcome
    from mmsearch.evaluate.observations import ChannelScores
    from mmsearch.search.calibration.background import Background
    from mmsearch.types import Scores

# Okabe and Ito's colors, which people who see few colors tell apart too.
BLACK, GREY, BLUE, ORANGE, GREEN, PURPLE = "#000000", "#8c8c8c", "#0072b2", "#d55e00", "#009e73", "#cc79a7"
SERIES, GRID_COLOR = (BLUE, ORANGE, GREEN, PURPLE), "#e6e6e6"
DOTS_PER_INCH = 150
BINS = 60
# A background is kept as a few quantiles, so its density has steps: evened out over so much of its scale.
SMOOTHED = 0.4
# Probabilities below this are not drawn: a sample has no such rare scores.
RAREST = 1e-6


def require_plots() -> None:
    """Complain now, not after a long run: MissingExtraError without matplotlib."""
    if find_spec("matplotlib") is None:
        raise MissingExtraError("drawing plots", "evaluate")


def write_plots(folder: Path, name: str, outcomes: Sequence[Outcome]) -> list[Path]:
    """Draw ``outcomes`` (run with ``observe``) of the collection ``name`` into ``folder``; the files written.

    ``scores``, ``calibration`` and ``recall``, each as .png and .svg. Raises MissingExtraError without matplotlib.
    """
    require_plots()
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {
        "scores": draw_scores(name, outcomes),
        "calibration": draw_calibration(name, outcomes),
        "recall": draw_recall(name, outcomes),
    }
    files = []
    for what, figure in drawn.items():
        for suffix in ("png", "svg"):
            files.append(folder / f"{what}.{suffix}")
            figure.savefig(files[-1], dpi=DOTS_PER_INCH)
    return files


def draw_scores(name: str, outcomes: Sequence[Outcome]) -> Any:
    """Two panels for each channel: where the cosines of right and of other pairs lie, with the background between
    them, and how often each is reached, on a log axis that shows the tail."""
    rows = [
        (outcome, channel)
        for outcome in outcomes
        if outcome.observations is not None
        for channel in outcome.observations.channels
    ]
    figure = _figure(9.0, 0.8 + 3.0 * max(1, len(rows)))
    panels = figure.subplots(max(1, len(rows)), 2, squeeze=False)
    figure.suptitle(f"{name}: cosines of right pairs, of other pairs, and the background")
    for (outcome, channel), (left, right) in zip(rows, panels, strict=False):
        _density(left, channel)
        _reached(right, channel)
        left.set_title(f"{outcome.task.name}, channel {channel.name}", loc="left")
        right.set_title(f"{channel.related.size:,} right, {channel.unrelated.size:,} other", loc="right")
    if rows:
        figure.legend(
            *panels[0][1].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False
        )
    return figure


def _density(panel: Any, channel: ChannelScores) -> None:
    low, high = _range(channel)
    edges = np.linspace(low, high, BINS + 1)
    for scores, color in ((channel.unrelated, GREY), (channel.related, BLUE)):
        if scores.size:
            panel.hist(scores, edges, density=True, color=color, alpha=0.5)
    x = np.linspace(low, high, 600)
    density = -np.gradient(np.exp(_usual(channel.background, x)), x)
    panel.plot(
        x, _smooth(density, SMOOTHED * channel.background.scale / (x[1] - x[0])), color=BLACK, linewidth=1.5
    )
    panel.set(xlabel="cosine", ylabel="density", xlim=(low, high))
    panel.grid(color=GRID_COLOR)
    panel.set_axisbelow(True)


def _reached(panel: Any, channel: ChannelScores) -> None:
    low, high = _range(channel)
    pairs = ((channel.related, BLUE, "right pairs"), (channel.unrelated, GREY, "other pairs"))
    for scores, color, label in pairs:
        if scores.size:
            falling = np.sort(scores)[::-1]
            shares = np.arange(1, falling.size + 1) / falling.size
            panel.step(falling, shares, where="post", color=color, linewidth=2, label=label)
    x = np.linspace(low, high, 400)
    survival = np.exp(_usual(channel.background, x))
    panel.plot(x, survival, color=BLACK, linewidth=1.5, label="background, relatives included")
    strangers = channel.background.survival(x)
    panel.plot(x, strangers, color=BLACK, linewidth=1.5, linestyle=":", label="background of strangers")
    panel.set(
        xlabel="cosine", ylabel="share that reaches it", xlim=(low, high), yscale="log", ylim=(RAREST, 1.5)
    )
    panel.grid(color=GRID_COLOR)


def draw_calibration(name: str, outcomes: Sequence[Outcome]) -> Any:
    """The mean number of items within each expected count, against that count: on the diagonal E means what it says."""
    figure = _figure(7.5, 6.5)
    panel = figure.subplots()
    lowest, highest = 1.0, 1.0
    for outcome, color in zip(outcomes, SERIES, strict=False):
        seen = outcome.observations
        for series, counts in ({} if seen is None else seen.observed).items():
            assert seen is not None
            shown = counts > 0
            panel.plot(
                seen.expected[shown],
                counts[shown],
                color=color,
                linestyle=":" if series == BANK else "-",
                linewidth=2,
                label=f"{outcome.task.name}: {series}",
            )
            lowest, highest = min(lowest, seen.expected[0]), max(highest, seen.expected[-1])
    ends = np.array([lowest, highest])
    panel.plot(ends, ends, color=BLACK, linewidth=1)
    panel.fill_between(
        ends, 0.5 * ends, 2.0 * ends, color=GREY, alpha=0.25, linewidth=0, label="within a factor of 2"
    )
    panel.set(
        xscale="log",
        yscale="log",
        xlabel="expected count E",
        ylabel="items found with at most this E, mean per query",
        xlim=(lowest, highest),
        ylim=(0.3 * lowest, 2.0 * highest),
    )
    panel.set_title(f"{name}: does E mean what it says?")
    panel.grid(color=GRID_COLOR)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def draw_recall(name: str, outcomes: Sequence[Outcome]) -> Any:
    """Recall and success among the first k hits, by k."""
    figure = _figure(6.5, 4.5)
    panel = figure.subplots()
    for outcome, color in zip(outcomes, SERIES, strict=False):
        depths = list(range(1, outcome.task.depth + 1))
        kinds = {
            kind: per_query([f"{kind}@{depth}" for depth in depths], outcome.task.qrels, outcome.run)
            for kind in ("R", "Success")
        }
        curves = {kind: [100 * mean(v) for v in values.values()] for kind, values in kinds.items()}
        if curves["R"] == curves["Success"]:
            del curves["Success"]  # one right answer each
        for kind, curve in curves.items():
            word = "recall" if kind == "R" else "success"
            style = "-" if kind == "R" else "--"
            panel.plot(
                depths,
                curve,
                style,
                color=color,
                linewidth=2,
                marker="o",
                markersize=3,
                label=f"{outcome.task.name}, {word}",
            )
            panel.annotate(
                f"{curve[-1]:.1f}",
                (depths[-1], curve[-1]),
                xytext=(6, -3),
                textcoords="offset points",
                color=color,
            )
    deepest = max((outcome.task.depth for outcome in outcomes), default=1)
    panel.set(
        xlabel="hits looked at (k)",
        ylabel="%, mean over queries",
        ylim=(0, 100),
        xscale="log" if deepest > 20 else "linear",
        xlim=(0.9, deepest * 1.08),
    )
    if deepest <= 20:
        panel.set_xticks(range(1, deepest + 1))
    panel.xaxis.set_major_formatter(_plain_numbers())
    panel.grid(color=GRID_COLOR)
    panel.set_title(f"{name}: recall and success by depth")
    panel.legend(frameon=False, loc="lower right")
    return figure


def _figure(width: float, height: float) -> Any:
    """A figure of so many inches that needs no screen."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _plain_numbers() -> Any:
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda value, _: f"{value:g}")


def _range(channel: ChannelScores) -> tuple[float, float]:
    every = np.concatenate([channel.related, channel.unrelated])
    return float(every.min(initial=0.0)) - 0.02, float(every.max(initial=0.1)) + 0.02


def _smooth(values: Scores, width: float) -> Scores:
    """``values`` (n,) evened out by a Gaussian ``width`` places wide."""
    reach = min(int(3 * width) + 1, (values.size - 1) // 2)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    return np.convolve(values, kernel / kernel.sum(), mode="same")


def _usual(background: Background, scores: Scores) -> Scores:
    """log P(score >= each) among all queries that one may ask."""
    from mmsearch.search.calibration.curve import Curve

    curve = Curve(background.usual_bulk, background.usual_slope, background.usual_curvature)
    return curve.log_survival(background.scales(scores))
