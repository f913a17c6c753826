"""Conditions as text: their normal form, and the compact form in which they stand beside words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mmsearch.store.catalogue.conditions import And, Comparison, ModalityIs, Not, OneOf, Or, PathGlob

if TYPE_CHECKING:
    from mmsearch.store.catalogue.conditions import Condition
    from mmsearch.types import FieldValue

# A field's name as it stands in a filter: a word, or anything between backquotes.
NAME = r"(?:[^\W\d](?:[\w.-]*\w)?|`(?:[^`]|``)+`)"
_BARE_NAME = re.compile(r"[^\W\d](?:[\w.-]*\w)?")
_BARE_VALUE = re.compile(r"[^\W\d](?:[\w/-]|\.(?!\.))*")  # a text that needs no quotation marks

# A word that means nothing else, sentence marks behind it included.
_PLAIN_WORD = re.compile(r"(?!(?:AND|OR|NOT)\b)[^\W_]+(?:['’-][^\W_]+)*[,.;!?。，！？]*")


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


def quoted(text: str) -> str:
    """``text`` in quotation marks, with backslashes before quotation marks and backslashes."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def plain(text: str) -> str:
    """``text`` with a backslash before each word that the query language would take for more than a word."""
    return " ".join(
        word if _PLAIN_WORD.fullmatch(word) else "\\" + word.replace("\\", "\\\\") for word in text.split()
    )


def unquoted(text: str) -> str:
    """What stands between quotation marks, without the backslashes before quotation marks and backslashes."""
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _written_value(value: FieldValue) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value) if abs(value) < 10**18 else repr(float(value))
    bare = _BARE_VALUE.fullmatch(value) and value not in ("true", "false")
    return value if bare else quoted(value)


def _written_name(name: str) -> str:
    return name if _BARE_NAME.fullmatch(name) else f"`{name.replace('`', '``')}`"
