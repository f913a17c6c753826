"""Conditions as SQL: pure, every value a bound parameter.

The SQL is an expression over ``i`` (a row of ``items``) that is never NULL, so that NOT means not.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

from mmsearch.errors import UsageError
from mmsearch.store.catalogue.conditions import And, Comparison, ModalityIs, Not, OneOf, Or, PathGlob
from mmsearch.store.catalogue.dates.comparisons import AFTER, DATED, Sql, date_test
from mmsearch.store.catalogue.fields import FOLDED_LENGTH, date_in, number_in, written
from mmsearch.store.folding import folded
from mmsearch.store.globs import literal_of, path_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.store.catalogue.conditions import Condition, Operator
    from mmsearch.types import FieldValue

DOCUMENT_COLUMNS = ("title", "path")
_NAMES_SHOWN = 20


class Fields(Protocol):
    """What the compiler asks of the catalogue."""

    def field_names(self) -> list[str]:
        """All field names, sorted."""


def to_sql(condition: Condition, fields: Fields) -> Sql:
    """``condition`` as an expression over ``i``; UsageError for a field that no document has."""
    match condition:
        case And(parts):
            return _joined([to_sql(part, fields) for part in parts], " AND ", "1")
        case Or(parts):
            return _joined([to_sql(part, fields) for part in parts], " OR ", "0")
        case Not(part):
            inner = to_sql(part, fields)
            return Sql(f"NOT {inner.text}", inner.parameters)
        case ModalityIs(modality):
            return Sql("(i.modality = ?)", (modality,))
        case OneOf(field, values):
            return _one_of(field, values, fields)
        case PathGlob() | Comparison():
            query = document_query(condition, fields)
            return _of_documents(query) if query is not None else _unequal(condition, fields)


def document_query(condition: Condition, fields: Fields) -> Sql | None:
    """``SELECT id`` of the documents that pass, where one query without others in it says so; None elsewhere.

    UsageError for a field that no document has.
    """
    match condition:
        case PathGlob(pattern):
            query = "SELECT id FROM documents WHERE instr(path, ?) > 0 AND matches(?, path)"
            return Sql(query, (literal_of(pattern), path_pattern(pattern)))
        case Comparison(field, operator, value):
            names = _names(field, fields)
            if not names:
                return _column_comparison(folded(field), operator, value)
            return None if operator == "!=" else _having(names, _value_test(operator, value))
        case _:
            return None


def _unequal(condition: Condition, fields: Fields) -> Sql:
    """A document has the field, and no value of it is equal."""
    assert isinstance(condition, Comparison)
    having = _of_documents(_having(_names(condition.field, fields), Sql("1", ())))
    equal = to_sql(Comparison(condition.field, "=", condition.value), fields)
    return Sql(f"({having.text} AND NOT {equal.text})", (*having.parameters, *equal.parameters))


def _value_test(operator: Operator, value: FieldValue) -> Sql:
    """The test of one row of ``fields``: dates by date, numbers by number, everything else by folded text."""
    text = folded(written(value))
    if operator == "~":
        # dates are folded to one spelling; as a text, a date is what is written
        whole = (
            f"CASE WHEN number IS NULL AND length(folded) < {FOLDED_LENGTH} THEN folded ELSE folded(text) END"
        )
        return Sql(f"instr({whole}, ?) > 0", (text,))
    number = None if isinstance(value, (str, bool)) else number_in(value)
    if (date := date_in(value)) is not None:
        by_date = date_test(operator, date)
        if number is None:
            return by_date
        by_number = Sql(f"(number {operator} ? AND NOT {DATED})", (number,))
        return _joined([by_number, by_date], " OR ", "0")
    if number is not None:
        return Sql(f"number {operator} ?", (number,))
    if len(text) < FOLDED_LENGTH:
        return Sql(f"folded {operator} ?", (text,))
    if operator == "=":
        return Sql("(folded = ? AND folded(text) = ?)", (text[:FOLDED_LENGTH], text))
    return Sql(f"folded(text) {operator} ?", (text,))


def _one_of(field: str, values: Sequence[FieldValue], fields: Fields) -> Sql:
    """Equal to one of many values: numbers and short texts as one set each."""
    names = _names(field, fields)
    texts = [folded(written(value)) for value in values]
    if not names:
        column = folded(field)
        query = f"SELECT id FROM documents WHERE folded({column}) IN (SELECT value FROM json_each(?))"
        return _of_documents(Sql(query, (json.dumps(texts),)))
    numbers = [number_in(value) for value in values if not isinstance(value, (str, bool))]
    short = [text for text, value in zip(texts, values, strict=True) if _is_text(value, text)]
    dates = [date for value in values if (date := date_in(value)) is not None]
    tests = [
        Sql(
            "number IN (SELECT value FROM json_each(?))", (json.dumps([n for n in numbers if n is not None]),)
        ),
        Sql("folded IN (SELECT value FROM json_each(?))", (json.dumps(short),)),
        *(date_test("=", date) for date in dates if date.zone is not None),
        *(_value_test("=", text) for text in texts if len(text) >= FOLDED_LENGTH),
    ]
    queries = [_having(names, test) for test in tests]
    queries.append(_on_dates(names, [date.text for date in dates if date.zone is None]))
    return _joined([_of_documents(query) for query in queries], " OR ", "0")


def _on_dates(names: Sequence[str], texts: Sequence[str]) -> Sql:
    """The documents with a date that one of many dates, none with a zone, covers; a look-up for each."""
    marks = ", ".join("?" * len(names))
    query = f"""
        SELECT f.document_id AS id FROM json_each(?) wanted CROSS JOIN fields f
        WHERE f.name IN ({marks}) AND f.folded >= wanted.value AND f.folded < wanted.value || ? AND {DATED}
    """
    return Sql(query, (json.dumps(texts), *names, AFTER))


def _is_text(value: FieldValue, text: str) -> bool:
    """Whether a value is compared as a text short enough to be indexed as a whole."""
    if len(text) >= FOLDED_LENGTH or date_in(value) is not None:
        return False
    return isinstance(value, (str, bool)) or number_in(value) is None


def _column_comparison(column: str, operator: Operator, value: FieldValue) -> Sql:
    text = folded(written(value))
    test = f"instr(folded({column}), ?) > 0" if operator == "~" else f"folded({column}) {operator} ?"
    return Sql(f"SELECT id FROM documents WHERE {column} IS NOT NULL AND {test}", (text,))


def _names(field: str, fields: Fields) -> list[str]:
    """The stored names that ``field`` means; none for a column of the document."""
    known = fields.field_names()
    names = spellings(field, known)
    if not names and folded(field) not in DOCUMENT_COLUMNS:
        raise UsageError(unknown_field(field, known))
    return names


def spellings(field: str, known: Sequence[str]) -> list[str]:
    """The stored names that ``field`` means: itself, or else those that differ in case; maybe none."""
    return [name for name in known if name == field] or [
        name for name in known if folded(name) == folded(field)
    ]


def unknown_field(field: str, known: Sequence[str]) -> str:
    """The message for a field that no document has."""
    if not known:
        return f"no document has a field {field!r}: this index has no fields; title and path can be compared"
    shown = ", ".join(known[:_NAMES_SHOWN]) + (", …" if len(known) > _NAMES_SHOWN else "")
    return f"no document has a field {field!r}; the fields are: {shown}"


def _having(names: Sequence[str], test: Sql) -> Sql:
    marks = ", ".join("?" * len(names))
    query = f"SELECT document_id AS id FROM fields WHERE name IN ({marks}) AND {test.text}"
    return Sql(query, (*names, *test.parameters))


def _of_documents(query: Sql) -> Sql:
    return Sql(f"(i.document_id IN ({query.text}))", query.parameters)


def _joined(parts: Sequence[Sql], operator: str, empty: str) -> Sql:
    """The parts in pairs of pairs, since SQLite limits how deep an expression is, not how long."""
    if not parts:
        return Sql(empty, ())
    if len(parts) == 1:
        return parts[0]
    left = _joined(parts[: len(parts) // 2], operator, empty)
    right = _joined(parts[len(parts) // 2 :], operator, empty)
    return Sql(f"({left.text}{operator}{right.text})", (*left.parameters, *right.parameters))
