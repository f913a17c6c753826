"""Dates as they stand in fields and filters: what they cover, and how two of them compare.

A date is told by its value, never by the name of its field: ISO 8601 in its extended and basic form
(``2019-07``, ``2019-07-04T06:30:00.5+02:00``, ``20190704T063000Z``), with slashes, dots or EXIF's colons
(``2019/7/4``, ``2019:07:04 06:30:00``), and ``04.07.2019``. What could be day and month or month and day
(``04/07/2019``) is text. A date of less precision covers all of its day, month or year.
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from mmsearch.store.catalogue.conditions import Operator

Span: TypeAlias = tuple[int, int]  # since the first of January of year 1, the end exclusive

SECOND = 10**18  # the unit of a span is as fine as fractions are read

_LONGEST = 64  # characters; nothing longer is a date
_CALENDAR = (
    r"(?P<y>\d{4})-(?P<m>\d\d)(?!\d)(?:-(?P<d>\d\d)(?!\d))?",
    r"(?P<y>\d{4})(?P<sign>[-/.:])(?P<m>\d\d?)(?P=sign)(?P<d>\d\d?)(?!\d)",
    r"(?P<d>\d\d?)\.(?P<m>\d\d?)\.(?P<y>\d{4})(?!\d)",
)
_ZONE = r"(?: ?(?P<zone>Z|[+-]\d\d(?::?\d\d)?))?"
_CLOCK = (
    rf"(?:(?:T| {{1,3}})(?P<H>\d\d?)(?::(?P<M>\d\d)(?::(?P<S>\d\d)(?:[.,](?P<f>\d{{1,18}}))?)?)?)?{_ZONE}"
)
_BASIC = (
    r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)"
    rf"(?:T(?P<H>\d\d)(?:(?P<M>\d\d)(?:(?P<S>\d\d)(?:[.,](?P<f>\d{{1,18}}))?)?)?{_ZONE})?"
)
_WRITTEN = r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:t(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?)?)?)?"
_DAY = 86_400 * SECOND
_UNITS = (_DAY, 3_600 * SECOND, 60 * SECOND, SECOND)  # what a date of so much precision covers
_BORDERS = re.compile(r"[-t:]")


class Date(NamedTuple):
    """A date in one spelling: ``2019-07-04t06:30:00.5``, as much of it as is stated, and its zone in minutes.

    Dates without a zone order by time as their texts do.
    """

    text: str
    zone: int | None = None

    @property
    def year(self) -> int:
        """The year that is written."""
        return int(self.text[:4])

    @property
    def key(self) -> str:
        """One text for equal spellings: the zone stands after a blank, which sorts before all that goes on."""
        if self.zone is None:
            return self.text
        hours, minutes = divmod(abs(self.zone), 60)
        return f"{self.text} {'-' if self.zone < 0 else '+'}{hours:02}:{minutes:02}"

    def coarser(self) -> list[str]:
        """The texts of the dates of less precision that this one lies in: its year, its month, … its minute."""
        return [self.text[: border.start()] for border in _BORDERS.finditer(self.text)]

    def span(self, *, zoned: bool) -> Span:
        """What it covers, by Greenwich (``zoned``) or by what the clock shows; a second all of its fractions."""
        parts = re.fullmatch(_WRITTEN, self.text)
        assert parts is not None
        year, month, day, *clock, fraction = parts.groups()
        start = (date(int(year), int(month or 1), int(day or 1)).toordinal() - 1) * _DAY
        if day is None:
            months = (int(month),) if month else range(1, 13)
            return start, start + _DAY * sum(_days(int(year), each) for each in months)
        stated = [int(part) for part in clock if part is not None]
        start += sum(n * unit for n, unit in zip(stated, _UNITS[1:], strict=False))
        unit = _UNITS[len(stated)]
        if fraction:
            unit = SECOND // 10 ** len(fraction)
            start += int(fraction) * unit
        if zoned:
            start -= (self.zone or 0) * _UNITS[2]
        return start, start + unit


def read_date(text: str) -> Date | None:
    """The date that ``text`` is; None for any other text. A year alone is a number, and none.

    Months and days of 00 are unknown: ``1990-00-00`` is the year. Fractions of seconds lose their last zeros.
    """
    text = text.strip()
    if not 6 < len(text) <= _LONGEST or not text[0].isdigit():
        return None
    found = next((match for form in _forms() if (match := form.fullmatch(text))), None)
    return None if found is None else _from_parts(found.groupdict())


@cache
def _forms() -> list[re.Pattern[str]]:
    """Compiled on use: a query without dates must not wait for it."""
    forms = (*(calendar + _CLOCK for calendar in _CALENDAR), _BASIC)
    return [re.compile(form, re.ASCII | re.IGNORECASE) for form in forms]


def _days(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 28 + leap if month == 2 else 30 + (month + (month > 7)) % 2


def _from_parts(parts: dict[str, str | None]) -> Date | None:
    year, month, day = (None if (part := parts[name]) is None else int(part) for name in "ymd")
    if not year:
        return None
    clock = [part for name in "HMS" if (part := parts.get(name)) is not None]
    if not day:  # unknown, or not stated
        if clock or parts.get("zone") or (day is None and not month):
            return None
        if not month:
            return Date(f"{year:04}")
        return Date(f"{year:04}-{month:02}") if month <= 12 else None
    if not month or month > 12 or day > _days(year, month):
        return None
    if any(int(part) > most for part, most in zip(clock, (23, 59, 60), strict=False)):
        return None
    text = f"{year:04}-{month:02}-{day:02}"
    if clock:
        text += "t" + ":".join(
            f"{min(int(part), 59):02}" for part in clock
        )  # a leap second is the one before
    if fraction := (parts.get("f") or "").rstrip("0"):
        text += f".{fraction}"
    zone = parts.get("zone")
    minutes = None if zone is None else _minutes(zone)
    return None if zone is not None and minutes is None else Date(text, minutes)


def _minutes(zone: str) -> int | None:
    """East of Greenwich; None for what is no zone (+99:00)."""
    if zone in "Zz":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 23 or minutes > 59:
        return None
    return (60 * hours + minutes) * (-1 if zone[0] == "-" else 1)


def compares(stored: Date, operator: Operator, wanted: Date) -> bool:
    """Whether all that ``stored`` covers is in, before or after what ``wanted`` covers.

    Two dates with zones are compared as instants, others by what the clock shows. So a photograph of
    2019-07-31 23:59 is ``<=`` 2019-07; whether "2019" is, nobody knows, and it is not. What is stored to the second
    is an instant.
    """
    zoned = stored.zone is not None and wanted.zone is not None
    start, end = stored.span(zoned=zoned)
    first, last = wanted.span(zoned=zoned)
    end = start + 1 if end - start <= SECOND else end
    match operator:
        case "=":
            return first <= start and end <= last
        case "<":
            return end <= first
        case "<=":
            return end <= last
        case ">":
            return start >= last
        case ">=":
            return start >= first
    raise ValueError(f"dates have no order {operator!r}")


def key_compares(stored: str, operator: Operator, wanted: str) -> bool:
    """``compares`` for two keys; False for a ``stored`` that is no key of a date."""
    one, other = _of_key(stored), _of_key(wanted)
    return one is not None and other is not None and compares(one, operator, other)


@lru_cache(maxsize=64)
def _of_key(key: str) -> Date | None:
    text, _, zone = key.partition(" ")
    if re.fullmatch(_WRITTEN, text) is None or len(zone) not in (0, 6):
        return None
    return Date(text, _minutes(zone) if zone else None)


def year_of(start: int) -> int:
    """The year in which a span starts."""
    return date.fromordinal(min(max(start // _DAY + 1, 1), date.max.toordinal())).year
