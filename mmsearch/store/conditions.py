"""Filters as values: what a ``--where`` or ``path:`` means, before any SQL.

A comparison with text ignores case; "=" on a field that holds a list ("red; green") is true when the whole
or one of its parts is equal; "!=" wants a document that has the field, and no value equal. ``Not`` is plain
negation: it also keeps documents that lack the field. Text is ordered by code point, which orders ISO dates
by time. ``title`` and ``path`` can be compared like fields, unless a field has that name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
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
