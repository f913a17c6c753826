"""Filters, as they are read: ``year >= 1990 and creator = "Ada"``, or ``year>=1990 creator:Ada`` among words.

The full form (``--where``) allows blanks around operators and keywords in lower case; the compact form, which
stands in a query beside words, allows neither. docs/query-language.md describes both.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from mmsearch.errors import QueryError
from mmsearch.search.query.notation import NAME, unquoted
from mmsearch.store.catalogue.conditions import (
    SPECIAL,
    And,
    Comparison,
    ModalityIs,
    Not,
    OneOf,
    Or,
    PathGlob,
    comparisons,
    normal,
)
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from mmsearch.store.catalogue.conditions import Condition, Operator
    from mmsearch.types import FieldValue

_NAME_HERE = re.compile(NAME)
_OPERATOR_HERE = re.compile(r"!=|<>|<=|>=|==|[:=<>~]")
_COMPACT = re.compile(rf"(?!https?://){NAME}(?:!=|<=|>=|[:=<>~])(?=\S)")  # an address is a picture
_OPENING = re.compile(r"NOT(?=[\s(])\s*|\(\s*")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'', re.DOTALL)
_SPELLINGS: dict[str, Operator] = {"<>": "!=", "==": "=", ":": "="}
# Parentheses may be nested so deep; Python's own recursion limit must never be what stops a reader.
_DEEPEST = 50
_LONGEST = 100_000  # characters: a set may have thousands of values
_MOST_COMPARISONS = 200


def parse_filter(text: str) -> Condition:
    """The condition that ``text`` (the full form) means.

    Raises QueryError with position and reason, also for what is too long. Whether the fields exist is for the
    catalogue to say.
    """
    if len(text) > _LONGEST:
        reason = f"a filter of {len(text):,} characters; at most {_LONGEST:,} are read"
        raise QueryError(reason, text, _LONGEST)
    reader = _Reader(text, 0, compact=False)
    condition = reader.either()
    reader.skip_blanks()
    if reader.at < len(text):
        raise reader.error("AND or OR is expected here")
    return normal(limited(condition, text))


def limited(condition: Condition, text: str) -> Condition:
    """``condition``, that ``text`` means; QueryError when it has more comparisons than are made."""
    if (count := comparisons(condition)) > _MOST_COMPARISONS:
        reason = f"{count} comparisons, more than {_MOST_COMPARISONS}: values of one field are a set, year:(1990, 1991)"
        raise QueryError(reason, text, 0)
    return condition


def starts_filter(text: str, at: int) -> bool:
    """Whether a filter in the compact form starts at ``at``: ``year>1990``, ``NOT year>1990``, ``(year>1990 …``."""
    while opening := _OPENING.match(text, at):
        at = opening.end()
    return _COMPACT.match(text, at) is not None


def read_filter(text: str, at: int, *, alone: bool = False) -> tuple[Condition, int]:
    """The filter in the compact form at ``at`` and where it ends; with what AND and OR join to it, or ``alone``.

    Raises QueryError. ``starts_filter(text, at)`` must be true.
    """
    reader = _Reader(text, at, compact=True)
    return (reader.single() if alone else reader.either()), reader.at


class _Reader:
    """A recursive descent over ``text`` from ``at``; precedence is NOT, AND, OR."""

    def __init__(self, text: str, at: int, *, compact: bool) -> None:
        self.text, self.at, self.compact = text, at, compact
        self._depth = 0

    def error(self, reason: str, at: int | None = None) -> QueryError:
        return QueryError(reason, self.text, self.at if at is None else at)

    def skip_blanks(self) -> None:
        self.at = _after_blanks(self.text, self.at)

    def either(self) -> Condition:
        parts = [self._all()]
        while self._keyword("OR"):
            parts.append(self._all())
        return Or(tuple(parts)) if len(parts) > 1 else parts[0]

    def _all(self) -> Condition:
        parts = [self.single()]
        while self._keyword("AND") or self._stands_beside():
            parts.append(self.single())
        return And(tuple(parts)) if len(parts) > 1 else parts[0]

    def _stands_beside(self) -> bool:
        """Within parentheses of the compact form, filters side by side must all hold, as they do outside."""
        if not (self.compact and self._depth):
            return False
        self.skip_blanks()
        return starts_filter(self.text, self.at)

    def single(self) -> Condition:
        self.skip_blanks()
        if self._keyword("NOT"):
            return Not(self._nested(self.single))
        if self._take("("):
            opened = self.at - 1
            condition = self._nested(self.either)
            self.skip_blanks()
            if not self._take(")"):
                if self.at < len(self.text):
                    raise self.error("AND, OR or ) is expected here")
                raise self.error("this ( is never closed", opened)
            return condition
        return self._comparison()

    def _nested(self, read: Callable[[], Condition]) -> Condition:
        if self._depth == _DEEPEST:
            raise self.error(f"more than {_DEEPEST} levels")
        self._depth += 1
        condition = read()
        self._depth -= 1
        return condition

    def _comparison(self) -> Condition:
        start = self.at
        found = _NAME_HERE.match(self.text, self.at)
        if found is None:
            raise self.error("a field such as year is expected here")
        field = found[0][1:-1].replace("``", "`") if found[0].startswith("`") else found[0]
        self.at = found.end()
        if not self.compact:
            self.skip_blanks()
            if (condition := self._worded(field, start)) is not None:
                return condition
        operator = _OPERATOR_HERE.match(self.text, self.at)
        if operator is None:
            raise self.error(f"one of : = != < <= > >= ~ is expected after {field}")
        self.at = operator.end()
        if not self.compact:
            self.skip_blanks()
        if operator[0] in (":", "=", "==", "!=", "<>") and self.text.startswith("(", self.at):
            equal = self._among(field, start)
            return Not(equal) if operator[0] in ("!=", "<>") else equal
        return self._simple(field, operator[0], start)

    def _worded(self, field: str, start: int) -> Condition | None:
        """``field [not] in (…)`` and ``field [not] between a and b``, if one of them stands here."""
        before = self.at
        negated = self._keyword("NOT")
        condition: Condition | None = None
        if self._keyword("IN"):
            self.skip_blanks()
            condition = self._among(field, start)
        elif self._keyword("BETWEEN"):
            low = self._value()
            if not self._keyword("AND"):
                raise self.error("and is expected here: between A and B")
            condition = And((Comparison(field, ">=", low), Comparison(field, "<=", self._value())))
        elif negated:
            self.at = before
        return Not(condition) if condition is not None and negated else condition

    def _simple(self, field: str, sign: str, start: int) -> Condition:
        operator: Operator = _SPELLINGS.get(sign, sign)  # type: ignore[arg-type]
        if field == "path" and sign == ":":
            return PathGlob(self._pattern())
        if operator == "=" and field not in SPECIAL:
            low = None if self.text.startswith("..", self.at) else self._value()
            if self.text.startswith("..", self.at):
                self.at += 2
                ends = self.at == len(self.text) or self.text[self.at].isspace() or self.text[self.at] == ")"
                if low is None and ends:
                    raise self.error("a value is expected before or after ..")
                bounds = [] if low is None else [Comparison(field, ">=", low)]
                bounds += [] if ends else [Comparison(field, "<=", self._value())]
                return And(tuple(bounds)) if len(bounds) > 1 else bounds[0]
            assert low is not None
            return Comparison(field, "=", low)
        if field != "modality":
            return Comparison(field, operator, self._value())
        if operator not in ("=", "!="):
            raise self.error("modality can only be equal or not: modality:image", start)
        equal = self._modality(self._value(), start)
        return equal if operator == "=" else Not(equal)

    def _among(self, field: str, start: int) -> Condition:
        values = self._set()
        if field == "modality":
            return Or(tuple(self._modality(value, start) for value in values))
        if field == "path":
            return Or(tuple(PathGlob(str(value)) for value in values))
        return OneOf(field, values)

    def _modality(self, value: FieldValue, start: int) -> ModalityIs:
        for modality in MODALITIES:
            if value == modality:
                return ModalityIs(modality)
        raise self.error(f"a modality is one of {', '.join(MODALITIES)}, not {value}", start)

    def _set(self) -> tuple[FieldValue, ...]:
        if not self._take("("):
            raise self.error("a set such as (red, blue) is expected here")
        opened = self.at - 1
        values: list[FieldValue] = []
        while True:
            self.skip_blanks()
            values.append(self._value())
            self.skip_blanks()
            if self._take(")"):
                return tuple(values)
            if not self._take(","):
                if self.at < len(self.text):
                    raise self.error("a comma or ) is expected here")
                raise self.error("this ( is never closed", opened)

    def _pattern(self) -> str:
        if self.text[self.at : self.at + 1] in ('"', "'"):
            return str(self._value())
        found = re.compile(r"[^\s(),\"'\\]+").match(self.text, self.at)
        if found is None:
            raise self.error("a pattern such as scans/** is expected here")
        self.at = found.end()
        return found[0]

    def _value(self) -> FieldValue:
        if not self.compact:
            self.skip_blanks()
        if self.text[self.at : self.at + 1] in ('"', "'"):
            found = _QUOTED.match(self.text, self.at)
            if found is None:
                raise self.error("this quotation mark is never closed")
            self.at = found.end()
            return unquoted(found[1] if found[1] is not None else found[2])
        found = re.compile(r"(?:(?!\.\.)[^\s(),\"'])+(?:'[^\s(),\"']+)*").match(self.text, self.at)
        if found is None:
            raise self.error("a value is expected here")
        self.at = found.end()
        return _typed(found[0])

    def _take(self, sign: str) -> bool:
        taken = self.text.startswith(sign, self.at)
        self.at += len(sign) * taken
        return taken

    def _keyword(self, word: str) -> bool:
        """Whether ``word`` stands here, after blanks; if so it is read. In upper case only in the compact form."""
        at = _after_blanks(self.text, self.at)
        end = at + len(word)
        here = self.text[at:end]
        if here != word and (self.compact or here.upper() != word):
            return False
        if end < len(self.text) and not (self.text[end].isspace() or self.text[end] == "("):
            return False
        if self.compact and word != "NOT" and not starts_filter(self.text, _after_blanks(self.text, end)):
            return False  # an AND or OR between words is a word
        self.at = end
        return True


def _after_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _typed(text: str) -> FieldValue:
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):
        number = float(text)
        if re.fullmatch(r"[+-]?\d{1,18}", text):
            return int(text)
        if math.isfinite(number):
            return number
    return text
