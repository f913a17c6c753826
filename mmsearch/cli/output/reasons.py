"""A hit's explanation in words: each step from a raw score to its summand, and how the summands make the score."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mmsearch.search.results.hit import Hit, Reason

# What is shown to three decimals and adds up to the same is the same.
CLOSE = 2e-3


def steps(reason: Reason) -> str:
    """From the raw score to what its weight multiplies: ``raw 0.782, +8.68 scales above 0.029, …, weight 1``."""
    if reason.channel == "exclusion":
        return (
            f"{reason.raw:+.2f} is {reason.scales:.2f} beyond {reason.location:g}, weight {reason.weight:g}"
        )
    found = [f"raw {reason.raw:.3f}"]
    if reason.deviations is not None:
        found.append(f"{reason.scales:+.2f} scales above {reason.location:.3f}")
        found.append(f"{reason.deviations:+.2f} deviations above the query's {reason.level:.2f}")
    if reason.evidence:
        found.append(f"evidence {reason.evidence:.3f}{_lost(reason)}")
    elif reason.deviations is None:
        found.append(f"{reason.scales:+.2f} scales above {reason.location:.3f}")
    return ", ".join([*found, f"weight {reason.weight:.3g}"])


def total(hit: Hit) -> str:
    """How the channels' weighted evidence makes the score, ``√(3.26² + 1.42²)``, less what exclusions take.

    "" where that is not how it is made: by another fusion, by one channel alone, or sorted anew by a cross-encoder.
    """
    told = list(_columns(hit.explanation).values())
    taken = [-reason.contribution for reason in hit.explanation if reason.channel == "exclusion"]
    if len(told) < 2 or abs(math.hypot(*told) - sum(taken) - hit.score) > CLOSE:
        return ""
    squares = " + ".join(f"{one:.3f}²" for one in told)
    return "".join([f"√({squares})", *(f" - {one:.3f}" for one in taken)])


def chance(hit: Hit, searched: int) -> str:
    """The expected count, and how it comes from the hit's highest surprise: ``0.0011 = 54 x 10^-4.69``."""
    if not hit.evalue > 0.0 or not searched:
        return f"{hit.evalue:.2g}"
    return f"{hit.evalue:.2g} = {searched} x 10^-{math.log10(searched / hit.evalue):.2f}"


def _lost(reason: Reason) -> str:
    """What the words that a text lacks have taken from its likeness."""
    if not reason.lost:
        return ""
    return (
        f" ({reason.evidence / (1.0 - reason.lost):.3f} less {100.0 * reason.lost:.0f} % for words it lacks)"
    )


def _columns(reasons: Iterable[Reason]) -> dict[tuple[str, str, int], float]:
    """Weight x evidence of each channel; the parts of a query share a channel, and with weights that add up so."""
    found: dict[tuple[str, str, int], float] = {}
    for reason in reasons:
        if reason.evidence:
            start, arrow, kind = reason.channel.partition("→")
            key = (start.rpartition(" ")[0] if arrow else start, kind, reason.item_id)
            found[key] = math.hypot(found.get(key, 0.0), reason.weight * reason.evidence)
    return found
