"""A whole search as JSON: the arguments of ``Library.search`` by the same names, checked before anything is done."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def search_arguments(given: str | bytes | Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments for ``Library.search`` that a JSON object, or its text, gives.

    Where Python takes one thing or several, so does JSON; nothing but JSON's own values is taken. Raises UsageError
    for what is no JSON object, an unknown name, or a value of another kind.
    """
    fields = _parsed(given) if isinstance(given, (str, bytes)) else given
    if not isinstance(fields, dict):
        raise UsageError(
            f'a query in JSON is an object such as {{"text": "harbor", "k": 5}}, not {fields!r:.60}'
        )
    for name, value in fields.items():
        if name not in _KINDS:
            raise UsageError(f"a query in JSON has no {name!r}; there are {', '.join(_KINDS)}")
        if not _CHECKS[_KINDS[name]](value):
            raise UsageError(f"{name} in a query is {_KINDS[name]}, not {json.dumps(value)[:60]}")
    return dict(fields)


def _parsed(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the query is not JSON: {error}") from error


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _several(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: check(value) or (isinstance(value, list) and all(map(check, value)))


_TEXT, _TEXTS, _WHOLE, _WHOLES = (
    "a text",
    "a text or a list of texts",
    "a whole number",
    "a whole number or a list",
)
_LIST, _NUMBER, _FLAG = "a list of texts", "a number, or null for all", "true or false"
_WEIGHTS = "an object of numbers by channel, or null"

_CHECKS: dict[str, Callable[[Any], bool]] = {
    _TEXT: _is_text,
    _TEXTS: _several(_is_text),
    _LIST: lambda value: isinstance(value, list) and all(map(_is_text, value)),
    _WHOLE: _is_whole,
    _WHOLES: _several(_is_whole),
    _NUMBER: lambda value: value is None or _is_number(value),
    _FLAG: lambda value: isinstance(value, bool),
    _WEIGHTS: lambda value: (
        value is None or (isinstance(value, dict) and all(map(_is_number, value.values())))
    ),
}
_KINDS = {
    "text": _TEXT,
    "image": _TEXTS,
    "item": _WHOLES,
    "minus": _TEXTS,
    "exclude": _TEXTS,
    "modality": _TEXTS,
    "where": _TEXT,
    "path": _TEXTS,
    "k": _WHOLE,
    "offset": _WHOLE,
    "group": _TEXT,
    "duplicates": _TEXT,
    "sort": _TEXT,
    "facets": _LIST,
    "context": _WHOLE,
    "cutoff": _NUMBER,
    "fusion": _TEXT,
    "weights": _WEIGHTS,
    "rerank": _TEXT,
    "rerank_depth": _WHOLE,
    "explain": _FLAG,
}
