"""A whole search as JSON: the arguments of ``Library.search`` by the same names, checked before anything is done."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmsearch.errors import UsageError
from mmsearch.search.query.filters import parse_filter
from mmsearch.search.query.parse import parse
from mmsearch.search.query.value import Item, Part, Picture, Query, Text
from mmsearch.store.catalogue.conditions import ModalityIs, Or, PathGlob, conjunction
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mmsearch.search.query.value import Content, Kind
    from mmsearch.store.catalogue.conditions import Condition
    from mmsearch.types import Modality


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


def _one_or_more(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
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
    _TEXTS: _one_or_more(_is_text),
    _LIST: lambda value: isinstance(value, list) and all(map(_is_text, value)),
    _WHOLE: _is_whole,
    _WHOLES: _one_or_more(_is_whole),
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


def compose(
    text: str | Query | None = None,
    *,
    image: Any = None,
    minus: Any = (),
    exclude: Any = (),
    item: int | Sequence[int] = (),
    modality: Modality | Sequence[Modality] | None = None,
    where: str | Condition | None = None,
    path: str | Sequence[str] | None = None,
) -> Query:
    """One query from all that is given.

    ``text`` is in the query language, or a query to add to. ``image``: a picture or several (a path, a URL, "-",
    a PIL image, bytes, a unit vector). ``minus`` lowers and ``exclude`` removes what is like them: texts (taken
    as they are) or pictures. ``item``: ids to look for more of. ``modality``, ``where`` (the filter language) and
    ``path`` (globs) say which items are ranked; several modalities or paths are alternatives.

    Raises QueryError for what can't be read, UsageError for an empty text beside nothing else.
    """
    base = text if isinstance(text, Query) else Query() if text is None or not text.strip() else parse(text)
    parts = [
        *base.parts,
        *(Part(Picture(_source(picture))) for picture in _several(image)),
        *(Part(Item(number)) for number in _several(item)),
        *_unwanted(minus, "minus"),
        *_unwanted(exclude, "not"),
    ]
    condition = conjunction([base.condition, restriction(modality=modality, where=where, path=path)])
    query = Query(tuple(parts), condition, base.notes)
    if not query.parts and query.condition is None:
        raise UsageError("the query is empty: say what to look for")
    return query


def restriction(
    *,
    modality: Modality | Sequence[Modality] | None = None,
    where: str | Condition | None = None,
    path: str | Sequence[str] | None = None,
) -> Condition | None:
    """Which items the arguments of these names let pass; None when all do.

    Raises QueryError for a filter that can't be read, UsageError for an unknown modality.
    """
    asked = parse_filter(where) if isinstance(where, str) else where
    return conjunction([_modality(modality), _path(path), asked])


def _unwanted(things: Any, kind: Kind) -> list[Part]:
    return [Part(_content(thing), kind) for thing in _several(things)]


def _content(thing: Any) -> Content:
    """A text as it is; ``@`` before a path makes a picture of it, as in the query language."""
    if not isinstance(thing, str):
        return Picture(_source(thing))
    if thing.startswith("@") and len(thing) > 1:
        return Picture(thing[1:])
    if not thing.strip():
        raise UsageError("a part of the query is empty")
    return Text(thing)


def _source(picture: Any) -> Any:
    return str(picture) if isinstance(picture, Path) else picture


def _several(things: Any) -> list[Any]:
    """One thing or a sequence of things as a list; None is none."""
    if things is None:
        return []
    return list(things) if isinstance(things, (list, tuple)) else [things]


def _modality(modality: Modality | Sequence[Modality] | None) -> Condition | None:
    chosen = _several(modality)
    for one in chosen:
        if one not in MODALITIES:
            raise UsageError(f"no modality {one!r}; there are {', '.join(MODALITIES)}")
    return Or(tuple(ModalityIs(one) for one in chosen)) if chosen else None


def _path(path: str | Sequence[str] | None) -> Condition | None:
    patterns = _several(path)
    return Or(tuple(PathGlob(pattern) for pattern in patterns)) if patterns else None
