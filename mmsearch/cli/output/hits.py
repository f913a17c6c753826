"""Results as text for a person."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console

    from mmsearch.search.results.hit import Hit
    from mmsearch.search.results.results import Results
    from mmsearch.search.results.snippets import Snippet

FACET_VALUES = 10
# Guesses that a person sees of a page that holds matches too, or nothing that matches, unless asking for a number.
GUESSES = 3
INDENT = " " * 10
LEAST_TOLD = 0.1  # of what was told of a film: what a second part tells at least, or the first is enough
_TOLD = {"image": "by its looks", "text": "by what it says", "audio": "by its sound"}
# How what was looked for is marked, and the signs that stand for that until the rest is escaped.
_BEFORE, _AFTER = "\x02", "\x03"
_MARKS, _STYLES = re.compile(f"([{_BEFORE}{_AFTER}])"), {_BEFORE: "[bold yellow]", _AFTER: "[/]"}


def print_results(
    results: Results,
    *,
    explain: bool,
    show: Callable[[Path], None] | None = None,
    field: str = "",
    guesses: int | None = None,
) -> None:
    """For a person: notes, hits with the words that were found in bold, facets, and where the page ends.

    Hits below the line are dimmed, and of those of a page that begins above it at most ``guesses`` are shown, if that
    is given. Beside each hit stands the value of ``field``, if it has one; ``show`` shows a picture below its hit.
    """
    from mmsearch.cli.output.terminal import console, escape
    from mmsearch.search.results.hit import LINE

    out = console()
    for note in results.notes:
        out.print(f"[dim]{escape(note)}[/]")
    if results.nothing_matches:
        out.print("Nothing in this index matches.")
    hits: Sequence[Hit] = results
    if guesses is not None and (results.matches or not results.offset):
        hits = results[: len(results.matches) + guesses]
    for hit in hits:
        if hit.beyond_chance and hit is results.guesses[0]:
            out.print(f"[dim]{LINE}[/]")
        _print_hit(out, hit, results, field)
        if explain:
            _print_reasons(out, hit, results.searched)
        if show is not None and hit.modality == "image" and hit.locator.kind == "whole":
            show(Path(hit.file))
    for name, counted in results.facets.items():
        shown = " · ".join(f"{escape(_value(value))} [green]{n}[/]" for value, n in counted[:FACET_VALUES])
        more = f" · [dim]{len(counted) - FACET_VALUES} more[/]" if len(counted) > FACET_VALUES else ""
        out.print(f"[bold]{escape(name)}[/]  {shown}{more}")
    if footer := _footer(results, hits):
        out.print(f"[dim]{footer}[/]")


def _value(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _footer(results: Results, shown: Sequence[Hit]) -> str:
    """Which hits these are, of how many; nothing when these are all."""
    last = results.offset + len(shown)
    if not results:
        return "" if results.nothing_matches else f"No more hits: there are {results.total}."
    if shown[-1].beyond_chance:
        above = [f"{results.total} above the line"] if results.total else []
        further = results.more or len(shown) < len(results)
        below = [f"--offset {last} shows more guesses, --strict hides them"] if further else []
        return "; ".join(above + below)
    if not results.offset and last >= results.total:
        return ""
    # without a cutoff everything is a hit, and how many there are was not counted
    about = "" if results.total_is_exact else "about "
    total = f" of {about}{results.total}" if results.total_is_exact or results.cutoff is not None else ""
    more = f"; --offset {last} shows the next" if last < results.total else ""
    return f"{results.offset + 1}–{last}{total}{more}"


def _print_hit(out: Console, hit: Hit, results: Results, field: str) -> None:
    from mmsearch.search.results.snippets import snippet

    def found(text: str) -> str:
        return _marked(snippet(text, results.query.text, len(text) + 1, results.pieces))

    label = hit.label
    place = ", ".join(
        filter(None, (hit.locator.part, str(hit.locator.innermost) if label == "written" else ""))
    )
    extras = [f"[dim]{place or hit.locator}[/]"] if hit.locator.kind != "whole" else []
    extras += [found(hit.title)] if hit.title else []
    extras += [f"[cyan]{_plain(_value(hit.fields[field]))}[/]"] if field in hit.fields else []
    extras += copies_left_out(hit)
    if hit.beyond_chance:
        name = "  ".join(map(_plain, filter(None, (hit.path, hit.title))))
        out.print(f"[dim]{hit.rank:>3}  {hit.strength:>3.0f}  {name}[/]")
        return
    line = "  ".join([f"[green]{hit.strength:>3.0f}[/]", found(hit.path), *extras])
    out.print(f"[bold]{hit.rank:>3}[/]  {line}")
    for one in hit.before:
        _print_below(out, f"[dim]{_plain(one.text)}[/]")
    if hit.snippet is not None and hit.text != hit.title:
        around = bool(hit.before or hit.after)
        shown = found(hit.text or "") if around else _marked(hit.snippet)
        _print_below(out, f"{label}: “{shown}”" if label is not None else shown)
    for one in hit.after:
        _print_below(out, f"[dim]{_plain(one.text)}[/]")
    if hit.seconds is not None:
        _print_below(out, f"[dim]{_plain(opening(hit))}[/]")
        if len(hit.parts) > 1 and hit.parts[1].share >= LEAST_TOLD:
            told = ", ".join(
                f"{one.locator} {_TOLD[one.modality]} {100 * one.share:.0f} %" for one in hit.parts
            )
            _print_below(out, f"[dim]told by {_plain(told)}[/]")


def opening(hit: Hit) -> str:
    """The command that opens a recording or a film where ``hit`` lies in it, for a shell."""
    return f"mpv --start={hit.seconds or 0.0:.10g} {shlex.quote(hit.file)}"


def copies_left_out(hit: Hit) -> list[str]:
    """How many copies are not shown, for a person; nothing for none."""
    return [f"[cyan]+{hit.copies} {'copy' if hit.copies == 1 else 'copies'}[/]"] if hit.copies else []


def _print_reasons(out: Console, hit: Hit, searched: int) -> None:
    from mmsearch.cli.output.reasons import chance, steps, total
    from mmsearch.cli.output.terminal import escape

    labels = {
        one.item_id: f", {label} {one.locator}" for one in hit.parts if (label := one.label) is not None
    }
    for reason in hit.explanation:
        _print_below(
            out,
            f"[cyan]{reason.contribution:+8.3f}[/]  {escape(reason.channel)} "
            f"{escape(repr(reason.part))}: {steps(reason)}, item #{reason.item_id}{labels.get(reason.item_id, '')}",
        )
    made = f" = {formula}" if (formula := total(hit)) else ""
    out.print(f"        = {hit.score:8.3f}{made}; expected by chance: {chance(hit, searched)}")


def _print_below(out: Console, markup: str) -> None:
    """Print below a hit's line; a terminal's narrow lines stay indented, in a pipe each is one line."""
    from rich.padding import Padding

    out.print(INDENT + markup if out.soft_wrap else Padding(markup, (0, 0, 0, len(INDENT))))


def _marked(found: Snippet) -> str:
    from mmsearch.cli.output.terminal import escape

    # what stands for marks must come from here alone
    found = replace(found, text=found.text.translate({ord(_BEFORE): " ", ord(_AFTER): " "}))
    whole = " ".join(found.marked(_BEFORE, _AFTER).split())
    return "".join(_STYLES.get(piece) or escape(piece) for piece in _MARKS.split(whole))


def _plain(text: str | None) -> str:
    from mmsearch.cli.output.terminal import escape

    return escape(" ".join((text or "").split()))
