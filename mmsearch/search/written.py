"""Conditions as text: their normal form, and the compact form in which they stand beside words."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from mmsearch.store.conditions import And, Comparison, ModalityIs, Not, OneOf, Or, PathGlob
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mmsearch.store.conditions import Condition
    from mmsearch.types import FieldValue

# Names that mean the item or the document itself, whatever fields there are.
SPECIAL = ("modality", "path")
# A field's name as it stands in a filter: a word, or anything between backquotes.
NAME = r"(?:[^\W\d](?:[\w.-]*\w)?|`(?:[^`]|``)+`)"
_BARE_NAME = re.compile(r"[^\W\d](?:[\w.-]*\w)?")
_BARE_VALUE = re.compile(r"[^\W\d](?:[\w/-]|\.(?!\.))*")  # a text that needs no quotation marks


def written(condition: Condition) -> str:
    """``condition`` in the compact form, in parentheses where it would not hold together otherwise."""
    match condition:
        case And(parts) | Or(parts):
            if not parts:
                raise ValueError("a condition without parts has no written form")
            word = " AND " if isinstance(condition, And) else " OR "
            return f"({word.join(map(written, parts))})"
        case Not(part):
            return f"NOT {written(part)}"
        case ModalityIs(modality):
            return f"modality:{modality}"
        case PathGlob(pattern):
            simple = re.fullmatch(r"[^\s(),\"'\\]+", pattern)
            return f"path:{pattern if simple else quoted(pattern)}"
        case OneOf(field, values):
            return f"{_written_name(field)}:({', '.join(map(_written_value, values))})"
        case Comparison(field, operator, value):
            return f"{_written_name(field)}{operator}{_written_value(value)}"


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


def names_modality(condition: Condition | None) -> bool:
    """Whether ``condition`` may pass some items of a document and not others."""
    match condition:
        case And(parts) | Or(parts):
            return any(map(names_modality, parts))
        case Not(part):
            return names_modality(part)
        case _:
            return isinstance(condition, ModalityIs)


def quoted(text: str) -> str:
    """``text`` in quotation marks, with backslashes before quotation marks and backslashes."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def unquoted(text: str) -> str:
    """What stands between quotation marks, without the backslashes before quotation marks and backslashes."""
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _is_writable(value: FieldValue) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _written_value(value: FieldValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value) if abs(value) < 10**18 else repr(float(value))
    bare = _BARE_VALUE.fullmatch(value) and value not in ("true", "false")
    return value if bare else quoted(value)


def _written_name(name: str) -> str:
    return name if _BARE_NAME.fullmatch(name) else f"`{name.replace('`', '``')}`"
