"""How a metadata value lies in the catalogue: its text, folded for comparing, and its number if it is one.

Pure functions. A list ("red; green") is one row of kind ``list`` and one of kind ``part`` for each part, so
that filters and facets see the parts. A date is folded to ``dates.Date.key``, whatever its spelling.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from mmsearch.store.catalogue.dates.dates import read_date
from mmsearch.store.folding import folded

if TYPE_CHECKING:
    from mmsearch.store.catalogue.dates.dates import Date
    from mmsearch.types import FieldValue

RowKind: TypeAlias = Literal["text", "integer", "number", "boolean", "list", "part"]

LIST_SEPARATOR = "; "
FOLDED_LENGTH = 100  # characters of a value that are indexed: descriptions would double the catalogue
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_BEGINS_WITH_DATE = re.compile(r"\d{4}-\d\d-\d\d(?=[T ])", re.ASCII)  # "1990-05-01 (reprint)"
_EIGHT_DIGITS = range(10**7, 10**8)


class FieldRow(NamedTuple):
    """A row of the table ``fields``, without its document."""

    name: str
    kind: RowKind
    text: str
    folded: str
    number: float | None


def field_rows(name: str, value: FieldValue) -> list[FieldRow]:
    """The rows for one field of one document: one, or 1 + the number of parts for a list."""
    if not isinstance(value, str):
        return [_row(name, kind_of(value), value)]
    parts = list(dict.fromkeys(part for part in value.split(LIST_SEPARATOR) if part))
    if len(parts) < 2:
        return [_row(name, "text", value)]
    return [_row(name, "list", value), *(_row(name, "part", part) for part in parts)]


def field_value(kind: RowKind, text: str, number: float | None) -> FieldValue:
    """The value that was stored, of its own type."""
    if kind == "integer":
        return int(text)
    if kind == "number":
        return float(text) if number is None else number
    if kind == "boolean":
        return text == "true"
    return text


def kind_of(value: FieldValue) -> RowKind:
    """The kind of a value; bool is no integer here."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "number" if isinstance(value, float) else "text"


def written(value: FieldValue) -> str:
    """The text of a value: ``true``, ``1990``, ``1.5``, the text itself."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def number_in(value: FieldValue) -> float | None:
    """``value`` as a finite number, if it is one or is written as one; the year of a date.

    So ``date >= 1990`` finds "1990", 1990 and "1990-05-01" in one field: catalogues of old things mix them.
    """
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        begins = _BEGINS_WITH_DATE.match(value)
        date = date_in(value) or (read_date(begins[0]) if begins else None)
        return float(date.year) if date else None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def date_in(value: FieldValue) -> Date | None:
    """The date that ``value`` is: a text that ``dates.read_date`` reads, or a whole number such as 20190704."""
    if isinstance(value, str):
        return read_date(value)
    return read_date(str(value)) if isinstance(value, int) and value in _EIGHT_DIGITS else None


def _row(name: str, kind: RowKind, value: FieldValue) -> FieldRow:
    text, date = written(value), date_in(value)
    compared = folded(text)[:FOLDED_LENGTH] if date is None else date.key
    return FieldRow(name, kind, text, compared, number_in(value))
