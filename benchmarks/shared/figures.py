"""What a benchmark found, as a plain table that can go into docs/performance.md."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """``what`` was measured, what is ``asked`` of it ("" for nothing), what was ``reached``, and if that will do."""

    what: str
    asked: str
    reached: str
    met: bool | None = None


def at_most(what: str, limit: float, value: float, unit: str, digits: int = 2) -> Figure:
    """A figure that must not be larger."""
    return Figure(what, f"≤ {limit:g} {unit}", f"{value:.{digits}f} {unit}", value <= limit)


def at_least(what: str, limit: float, value: float, unit: str, digits: int = 1) -> Figure:
    """A figure that must not be smaller."""
    return Figure(what, f"≥ {limit:g} {unit}".strip(), f"{value:.{digits}f} {unit}".strip(), value >= limit)


def seen(what: str, reached: str) -> Figure:
    """A figure that nobody asked for, to understand the others."""
    return Figure(what, "", reached)


def median(values: Sequence[float]) -> float:
    """The median of ``values``."""
    return statistics.median(values)


def print_figures(figures: Sequence[Figure]) -> None:
    """A Markdown table."""
    rows = [("what", "asked", "reached", "")]
    rows += [(f.what, f.asked, f.reached, {True: "yes", False: "NO", None: ""}[f.met]) for f in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for number, row in enumerate(rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("| " + " | ".join(cells) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def machine() -> str:
    """What it was measured on, and how busy that was with other work."""
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{time.strftime('%Y-%m-%d %H:%M')}, {cores} cores, {platform.machine()}, Python "
        f"{platform.python_version()}, load average {load}"
    )
