"""Filters as values: what a ``--where`` or ``path:`` means, before any SQL.

A comparison with text ignores case; "=" on a field that holds a list ("red; green") is true when the whole
or one of its parts is equal; "!=" wants a document that has the field, and no value equal. ``Not`` is plain
negation: it also keeps documents that lack the field. Text is ordered by code point, which orders ISO dates
by time. ``title`` and ``path`` can be compared like fields, unless a field has that name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mmsearch.types import FieldValue, Modality


Operator: TypeAlias = Literal["=", "!=", "<", "<=", ">", ">=", "~"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """``field`` ``operator`` ``value``; "~" means that the text contains the value."""

    field: str
    operator: Operator
    value: FieldValue


@dataclass(frozen=True, slots=True)
class OneOf:
    """``field`` is equal to one of ``values``."""

    field: str
    values: tuple[FieldValue, ...]


@dataclass(frozen=True, slots=True)
class PathGlob:
    """The document's path matches ``pattern``.

    ``*`` and ``?`` stay within a name, ``**`` crosses folders, ``[abc]`` is a set. A pattern without "/" is
    matched at any depth; one that ends in a name without wildcards also takes everything beneath that folder.
    """

    pattern: str


@dataclass(frozen=True, slots=True)
class ModalityIs:
    """The item is of this modality."""

    modality: Modality


@dataclass(frozen=True, slots=True)
class And:
    """All of ``parts``; true when there are none."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of ``parts``; false when there are none."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not ``part``."""

    part: Condition


Condition: TypeAlias = Comparison | OneOf | PathGlob | ModalityIs | And | Or | Not


# Names that mean the item or the document itself, whatever fields there are.
SPECIAL = ("modality", "path")


def normal(condition: Condition) -> Condition:
    """``condition`` without And in And, Or in Or, or either of one part; it means the same.

    Raises ValueError for what has no written form: no parts, a number that is not finite.
    """
    match condition:
        case And(parts) | Or(parts):
            kind = type(condition)
            flat: list[Condition] = []
            for part in map(normal, parts):
                flat += part.parts if isinstance(part, kind) else (part,)
            if not flat:
                raise ValueError("a condition needs parts")
            return flat[0] if len(flat) == 1 else kind(tuple(flat))
        case Not(part):
            return Not(normal(part))
        case OneOf(_, values):
            if not values or not all(map(_is_writable, values)):
                raise ValueError(f"a set of finite values is expected, not {values}")
            if condition.field in SPECIAL:
                return normal(Or(tuple(Comparison(condition.field, "=", value) for value in values)))
        case Comparison("modality", operator, value):
            equal = next((ModalityIs(modality) for modality in MODALITIES if modality == value), None)
            if equal is None or operator not in ("=", "!="):
                raise ValueError(f"modality can't be compared with {value!r}")
            return equal if operator == "=" else Not(equal)
        case Comparison(field, _, value):
            if not _is_writable(value):
                raise ValueError(f"{field} can't be compared with {value!r}")
        case _:
            pass
    return condition


def conjuncts(condition: Condition | None) -> tuple[Condition, ...]:
    """The conditions that must all hold."""
    if condition is None:
        return ()
    return condition.parts if isinstance(condition, And) else (condition,)


def conjunction(conditions: Iterable[Condition | None]) -> Condition | None:
    """All of ``conditions``; None when there are none."""
    parts = tuple(condition for condition in conditions if condition is not None)
    return normal(And(parts)) if parts else None


def comparisons(condition: Condition | None) -> int:
    """How many comparisons and patterns ``condition`` is made of; each may read a whole column. A set is one."""
    match condition:
        case None:
            return 0
        case And(parts) | Or(parts):
            return sum(map(comparisons, parts))
        case Not(part):
            return comparisons(part)
        case _:
            return 1


def names_modality(condition: Condition | None) -> bool:
    """Whether ``condition`` may pass some items of a document and not others."""
    match condition:
        case And(parts) | Or(parts):
            return any(map(names_modality, parts))
        case Not(part):
            return names_modality(part)
        case _:
            return isinstance(condition, ModalityIs)


def _is_writable(value: FieldValue) -> bool:
    return not isinstance(value, float) or math.isfinite(value)
