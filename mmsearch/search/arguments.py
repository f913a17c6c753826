"""What the requests of all verbs have in common: made of named arguments or of JSON, and written as JSON again.

A request is a frozen dataclass whose fields are the arguments of its verb, with their defaults, and which checks
them when it is made. What a field takes in JSON stands in its metadata; a field without is for programs alone.
"""

from __future__ import annotations

import json
import sys
from dataclasses import MISSING, dataclass, fields
from operator import index
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias

from mmsearch.errors import UnknownArgumentError, UsageError
from mmsearch.types import is_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from dataclasses import Field

_LARGEST = sys.float_info.max
Duplicates: TypeAlias = Literal["collapse", "show"]


@dataclass(frozen=True, slots=True)
class Kind:
    """What an argument is in JSON: ``name`` says it in words, ``takes`` decides."""

    name: str
    takes: Callable[[Any], bool]

    @property
    def metadata(self) -> Mapping[str, Kind]:
        """What a field of this kind carries."""
        return {"json": self}


class Request:
    """The arguments of one verb, checked. What inherits from this is a dataclass.

    ``verb`` is what the library calls it, ``noun`` what a message calls one such request, with an ``example``.
    """

    __slots__ = ()
    verb: ClassVar[str]
    noun: ClassVar[str] = "request"
    example: ClassVar[str] = '{"k": 5}'

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any]) -> Self:
        """The request that ``arguments`` make, by name.

        Raises UnknownArgumentError for a name that the verb doesn't take, UsageError for what makes no sense.
        """
        refuse_unknown(cls.verb, arguments, [one.name for one in _arguments(cls)])
        for value in arguments.values():
            refuse_halves(value)
        return cls(**arguments)

    @classmethod
    def from_json(cls, given: str | bytes | Mapping[str, Any]) -> Self:
        """The request that a JSON object, or its text, makes; raises what the other two do."""
        return cls.from_arguments(cls.read_json(given))

    @classmethod
    def read_json(cls, given: str | bytes | Mapping[str, Any]) -> dict[str, Any]:
        """The arguments that a JSON object, or its text, gives.

        Where Python takes one thing or several, so does JSON; nothing but JSON's own values is taken. Raises
        UsageError for what is no JSON object or a value of another kind, UnknownArgumentError for an unknown name.
        """
        found = _parsed(given, cls.noun) if isinstance(given, (str, bytes)) else given
        if not isinstance(found, dict):
            raise UsageError(
                f"a {cls.noun} in JSON is an object such as {cls.example}, not {json.dumps(found)[:60]}"
            )
        kinds: dict[str, Kind] = {
            one.name: one.metadata["json"] for one in _arguments(cls) if "json" in one.metadata
        }
        for name in found:
            if any(one.name == name for one in _arguments(cls)) and name not in kinds:
                raise UsageError(f"{name} can't be said in JSON: the program that reads it decides")
        refuse_unknown(cls.verb, found, list(kinds))
        for name, value in found.items():
            if not kinds[name].takes(value):
                raise UsageError(
                    f"{name} in a {cls.noun} is {kinds[name].name}, not {json.dumps(value)[:60]}"
                )
        return dict(found)

    def to_json(self) -> dict[str, Any]:
        """What differs from the defaults, as JSON's own values: ``from_json`` makes an equal request of it.

        Raises UsageError for what has no written form, such as a picture in memory.
        """
        found: dict[str, Any] = {}
        for one in _arguments(type(self)):
            value = getattr(self, one.name)
            default = one.default_factory() if one.default_factory is not MISSING else one.default
            if value is default or (type(value) is type(default) and value == default):
                continue
            written = self.written(one.name, value)
            if "json" not in one.metadata or not one.metadata["json"].takes(written):
                raise UsageError(f"{one.name} of this {self.noun} has no written form")
            found[one.name] = written
        return found

    def written(self, name: str, value: Any) -> Any:
        """The ``value`` of the argument ``name`` in JSON, or as it is where it has no written form."""
        if name == "where" and not isinstance(value, str):
            from mmsearch.search.query.notation import written

            return written(value)
        return list(value) if isinstance(value, tuple) else value


def refuse_unknown(verb: str, given: Mapping[str, Any], known: Sequence[str]) -> None:
    """Raise UnknownArgumentError for the first of the names ``given`` that is not ``known``."""
    for name in given:
        if name not in known:
            from difflib import get_close_matches

            nearest = get_close_matches(name, known, n=1)
            help = f"did you mean {nearest[0]!r}?" if nearest else f"it takes {', '.join(known)}"
            raise UnknownArgumentError(f"{verb} takes no {name!r}; {help}")


def refuse_halves(value: Any) -> None:
    """UsageError for a text, in a list or alone, with half a character, which nothing can encode or store."""
    if isinstance(value, str) and not is_whole(value):
        shown = value.encode("utf-8", "backslashreplace").decode()
        raise UsageError(f"{shown!r:.100} holds half a character: write whole ones")
    if isinstance(value, list | tuple | dict):
        for one in value:
            refuse_halves(one)


def checked_whole(name: str, value: Any) -> int:
    """``value`` as an int; UsageError for what is no whole number."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise UsageError(f"{name} is a whole number, not {value!r}")
    return index(value)


def checked_cutoff(cutoff: float | None) -> float | None:
    """``cutoff`` as it is; UsageError unless it is a number above 0, or None for all."""
    if cutoff is not None and (isinstance(cutoff, (bool, str)) or not cutoff > 0):
        raise UsageError(f"a cutoff is a number above 0, not {cutoff}")
    return cutoff


def checked_duplicates(duplicates: Duplicates) -> Duplicates:
    """``duplicates`` as it is; UsageError for what is neither "collapse" nor "show"."""
    if duplicates not in ("collapse", "show"):
        raise UsageError(f"duplicates are collapsed or shown: collapse or show, not {duplicates!r}")
    return duplicates


def _arguments(request: type[Any]) -> Sequence[Field[Any]]:
    return [one for one in fields(request) if one.init]


def _parsed(text: str | bytes, noun: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the {noun} is not JSON: {error}") from error


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _is_list(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _one_or_list(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: check(value) or _is_list(check)(value)


TEXT = Kind("a text", _is_text)
TEXTS = Kind("a text or a list of texts", _one_or_list(_is_text))
TEXT_LIST = Kind("a list of texts", _is_list(_is_text))
WHOLE = Kind("a whole number", _is_whole)
WHOLES = Kind("a whole number or a list", _one_or_list(_is_whole))
NUMBER = Kind("a number", _is_number)
LIMIT = Kind("a number, or null for all", lambda value: value is None or _is_number(value))
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
WEIGHTS = Kind(
    "an object of numbers by channel, or null",
    lambda value: value is None or (isinstance(value, dict) and all(map(_is_number, value.values()))),
)
