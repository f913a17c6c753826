"""Comparisons with dates as SQL tests of one row of ``fields``; pure.

A row's folded text is the key of its date (dates.Date.key), so that dates without zones are compared as texts
are, by the index: what a date covers are the texts that it begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from mmsearch.store.catalogue.conditions import Operator
    from mmsearch.store.catalogue.dates.dates import Date

# Whether a row of ``fields`` holds a date, or a number of four digits, which is a year.
DATED = (
    "(number IS NOT NULL AND folded GLOB '[0-9][0-9][0-9][0-9]*'"
    " AND (length(folded) = 4 OR substr(folded, 5, 1) = '-'))"
)
AFTER = "\x7f"  # behind all that a key may go on with
_ZONED = "(substr(folded, -6, 1) IN ('+', '-') AND substr(folded, -7, 1) = ' ')"
_BEHIND_ZONES = "!"  # a zone begins with a blank


class Sql(NamedTuple):
    """An SQL expression and the values of its "?"."""

    text: str
    parameters: tuple[object, ...]


def date_test(operator: Operator, date: Date) -> Sql:
    """The test of whether a row's date compares so with ``date``, as ``dates.compares`` says."""
    by_clock = _by_clock(operator, date.text, date.coarser())
    if date.zone is None:
        return Sql(f"({DATED} AND {by_clock.text})", by_clock.parameters)
    return Sql(
        f"({DATED} AND CASE WHEN {_ZONED} THEN date_compares(folded, ?, ?) ELSE {by_clock.text} END)",
        (operator, date.key, *by_clock.parameters),
    )


def _by_clock(operator: Operator, text: str, coarser: list[str]) -> Sql:
    if operator == "=":
        return Sql("(folded >= ? AND folded < ?)", (text, text + AFTER))
    if operator in (">", ">="):
        return Sql("folded >= ?", (text + AFTER if operator == ">" else text,))
    # what covers the date as a whole sorts before it
    others = " AND folded NOT BETWEEN ? AND ?" * len(coarser)
    bounds = [bound for one in coarser for bound in (one, one + _BEHIND_ZONES)]
    return Sql(f"(folded < ?{others})", (text + AFTER if operator == "<=" else text, *bounds))
