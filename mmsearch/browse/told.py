"""What a hit says of itself, as lines of plain text that a terminal can show."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from mmsearch.printable import in_a_line

if TYPE_CHECKING:
    from mmsearch.browse.asked import Asked
    from mmsearch.search.results.hit import Hit, Reason
    from mmsearch.search.results.results import Results

BAR = 20  # cells of the longest bar
_EIGHTHS = " ▏▎▍▌▋▊▉█"
PASSAGE = 1_500  # characters


def name_of(hit: Hit) -> str:
    """What it is called below its picture."""
    return in_a_line(hit.title or PurePath(hit.path).name)


def excerpt_of(hit: Hit) -> str:
    """Its text in one line; of a picture without any, where it lies."""
    return in_a_line(" ".join((hit.text or hit.path).split()))


def count_of(results: Results, shown: int) -> str:
    """ "24 of about 40 · 12 ms", or that nothing matches; with what was understood beyond what is written."""
    about = "" if results.total_is_exact else "about "
    matches = f"{results.total:,}".replace(",", " ")
    if results.nothing_matches:
        counted = "nothing here matches" + (f", {shown} guesses" if shown else "")
    elif shown > results.total:
        counted = f"{about}{matches} matches, then guesses"
    else:
        counted = f"{shown} of {about}{matches}"
    return in_a_line(" · ".join([counted, f"{1000 * results.seconds:.0f} ms", *results.notes]))


def chips_of(asked: Asked, selected: int) -> str:
    """The filters, what is liked and disliked, and how many hits are selected."""
    parts = [
        *(f"[{field}: {value}]" for field, value in asked.filters),
        *(f"[+ {name}]" for _, name in asked.likes),
        *(f"[− {name}]" for _, name in asked.dislikes),
        *([f"{selected} selected"] if selected else []),
    ]
    return in_a_line("  ".join(parts))


def bars_of(hit: Hit) -> list[str]:
    """Why it was found: a bar for each reason, the longest first; what they say adds up to the score."""
    reasons = sorted(hit.explanation, key=lambda reason: -reason.contribution)
    if not reasons:
        return []
    longest = max(abs(reason.contribution) for reason in reasons) or 1.0
    lines = [
        f"{_bar(reason.contribution / longest)} {reason.contribution:+7.3f}  {_reason(reason)}"
        for reason in reasons
    ]
    return [*lines, f"{' ' * BAR} {hit.score:7.3f}  score, strength {hit.strength:.0f}"]


def about(hit: Hit) -> list[tuple[str, str]]:
    """Its place and fields: (name, value)."""
    facts = [("path", hit.path), ("in", hit.corpus_root)]
    if hit.locator.kind != "whole":
        facts.append(("place", str(hit.locator)))
    if hit.title:
        facts.append(("title", hit.title))
    if hit.copies:
        facts.append(("copies", str(hit.copies)))
    facts += [(name, str(value)) for name, value in sorted(hit.fields.items())]
    return [(in_a_line(name), in_a_line(value)) for name, value in facts]


def passage_of(hit: Hit) -> str:
    """Its text, not without end."""
    text = " ".join((hit.text or "").split())
    return in_a_line(text if len(text) <= PASSAGE else f"{text[:PASSAGE]}…")


def _reason(reason: Reason) -> str:
    part = f" {reason.part!r:.60}" if reason.part else ""
    return in_a_line(f"{reason.channel}{part}")


def _bar(share: float) -> str:
    """A bar of ``share`` of the longest, in eighths of a cell."""
    eighths = round(8 * BAR * min(abs(share), 1.0))
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (_EIGHTHS[rest] if rest else "")).ljust(BAR)
