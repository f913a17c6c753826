"""How dates are spread: documents counted by day, month or year."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mmsearch.store.catalogue.fields import date_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.types import FieldValue

Unit: TypeAlias = Literal["day", "month", "year"]
# Of a date as it is written: 2019-07-04.
_LENGTHS: dict[Unit, int] = {"day": 10, "month": 7, "year": 4}
# Bins that can be told apart, and dragged over.
MOST_BINS = 120
# A unit is too fine when more than this share of the dates don't state it.
_COARSE = 0.05
_LAST_YEAR = 9_999
_YEAR = re.compile(r"(?!0000)\d{4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Bin:
    """``documents`` from ``first`` to ``last``, both included, written as filters read them: 2019-07."""

    first: str
    last: str
    documents: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """Documents by the dates of ``field``: ``bins`` of one ``unit`` each, or of several years, without gaps."""

    field: str
    unit: Unit
    bins: tuple[Bin, ...]

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON's own values."""
        bins = [{"from": one.first, "to": one.last, "documents": one.documents} for one in self.bins]
        return {"field": self.field, "unit": self.unit, "bins": bins}


def histogram(field: str, counted: Sequence[tuple[FieldValue, int]]) -> Histogram:
    """The histogram of what a facet of ``field`` ``counted``; what is no date or year is left out.

    The finest unit that nearly all dates state, and of which there are at most ``MOST_BINS``.
    """
    counts: Counter[str] = Counter()
    for value, documents in counted:
        if (written := _written(value)) is not None:
            counts[written] += documents
    if not counts:
        return Histogram(field, "year", ())
    everything = counts.total()
    for unit, length in _LENGTHS.items():
        stated = Counter[str]()
        for written, documents in counts.items():
            if len(written) >= length:
                stated[written[:length]] += documents
        if unit == "year" or (
            everything - stated.total() <= _COARSE * everything
            and _number(max(stated), unit) - _number(min(stated), unit) < MOST_BINS
        ):
            return Histogram(field, unit, _bins(stated, unit))
    raise AssertionError("every date states its year")


def _bins(stated: Counter[str], unit: Unit) -> tuple[Bin, ...]:
    first, last = _number(min(stated), unit), _number(max(stated), unit)
    width = 1
    while (last // width - first // width) >= MOST_BINS:
        width *= 5 if str(width)[0] == "2" else 2  # 1, 2, 10, 20, 100
    by_number: Counter[int] = Counter()
    for written, documents in stated.items():
        by_number[_number(written, unit) // width] += documents
    return tuple(
        Bin(_named(place * width, unit), _named(place * width + width - 1, unit), by_number[place])
        for place in range(first // width, last // width + 1)
    )


def _written(value: FieldValue) -> str | None:
    """The date that ``value`` is, at most to the day, or the year that it is."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _LAST_YEAR:
        return f"{value:04}"
    if isinstance(value, str) and _YEAR.fullmatch(value):
        return value
    found = date_in(value)
    return None if found is None else found.text[:10]


def _number(written: str, unit: Unit) -> int:
    """The place of a day, month or year among all of them."""
    if unit == "day":
        return date.fromisoformat(written).toordinal()
    year = int(written[:4])
    return year if unit == "year" else 12 * year + int(written[5:7]) - 1


def _named(number: int, unit: Unit) -> str:
    if unit == "day":
        return date.fromordinal(number).isoformat()
    if unit == "month":
        return f"{number // 12:04}-{number % 12 + 1:02}"
    return f"{min(max(number, 1), _LAST_YEAR):04}"
