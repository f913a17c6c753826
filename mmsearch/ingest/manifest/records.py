"""What a manifest record or a sidecar says of a document: captions, title, text, fields."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mmsearch.types import FieldValue

PATH_KEYS = ("path", "image", "file", "file_name", "filename")
_CAPTION_KEY = re.compile(r"captions?|caption[ _-]?\d+")
_LARGEST_INTEGER = 2**63 - 1  # what the catalogue can hold
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # NUL, and halves of characters that JSON lets through


@dataclass(frozen=True, slots=True)
class Record:
    """``paths`` of files as they are written, and what is said of them.

    ``supplements``: fields that hold where neither ``fields`` nor the files themselves have one of that name.
    """

    paths: tuple[str, ...] = ()
    id: str | None = None
    captions: tuple[str, ...] = ()
    title: str | None = None
    body: str | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    supplements: Mapping[str, FieldValue] = field(default_factory=dict)


def parse_json(text: str) -> object:
    """A JSON value; MediaError with the reason and the place for anything that is none, NaN included."""
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}" if error.lineno > 1 else f"column {error.colno}"
        raise MediaError(f"not valid JSON: {error.msg[0].lower()}{error.msg[1:]} at {place}") from error
    except RecursionError as error:
        raise MediaError("not valid JSON: nested too deeply") from error
    except ValueError as error:  # Python's own limit
        raise MediaError("not valid JSON: a number of thousands of digits") from error


def _refuse_constant(name: str) -> None:
    raise MediaError(f"not valid JSON: {name} is not a number of JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def read_record(values: Mapping[str, object] | Iterable[tuple[str, object]]) -> Record:
    """Sort the keys of one JSON object or CSV row, whose columns may share a name.

    ``path``, ``image``, ``file`` (``file_name``, ``filename``) name a picture or a text file; ``caption``,
    ``captions``, ``caption_1`` … a text or a list of texts; ``title``, ``text`` (passages), ``id``. Any other
    single value becomes a field of that name, a list of single values its members joined with "; ". Empty
    values and nested objects are left out.
    """
    paths: list[str] = []
    captions: list[str] = []
    single: dict[str, str] = {}
    fields: dict[str, FieldValue] = {}
    for name, value in values.items() if isinstance(values, Mapping) else values:
        key = name.strip().lower()
        if key in PATH_KEYS:
            paths += [text for text in _texts(value) if text not in paths]
        elif _CAPTION_KEY.fullmatch(key):
            captions += [text for text in _texts(value) if text not in captions]
        elif key in ("title", "text"):
            single[key] = "\n\n".join(_texts(value)) or single.get(key, "")
        elif key and (scalar := field_value(value)) is not None:
            fields[clean(name.strip())] = scalar
            if key == "id":
                single[key] = str(scalar)
    return Record(
        paths=tuple(paths),
        id=single.get("id"),
        captions=tuple(captions),
        title=single.get("title") or None,
        body=single.get("text") or None,
        fields=fields,
    )


def _texts(value: object) -> Iterator[str]:
    """The texts of a string, a number, or a list of such, stripped, without empty ones."""
    for part in value if isinstance(value, list) else (value,):
        if isinstance(part, int | float) and not isinstance(part, bool):
            yield str(part)
        elif isinstance(part, str) and (text := clean(part.strip())):
            yield text


def field_value(value: object) -> FieldValue | None:
    """A JSON value as a field: numbers stay numbers; None for what is empty or nested."""
    if isinstance(value, str):
        return clean(value.strip()) or None
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST_INTEGER else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)  # 1e999 is infinite
    if isinstance(value, list):
        return "; ".join(str(part) for part in map(field_value, value) if part is not None) or None
    return None


def cell_value(cell: str) -> str | int | float:
    """A CSV cell: a number only if it is written as that number is, so that 007 and 1.50 stay text."""
    text = cell.strip()
    if not re.fullmatch(r"-?\d[\d.e+-]*", text, re.ASCII):
        return text
    try:
        number = int(text)
    except ValueError:
        try:
            real = float(text)
        except ValueError:
            return text
        return real if math.isfinite(real) and repr(real) == text else text
    return number if str(number) == text and abs(number) <= _LARGEST_INTEGER else text


def stated_fields(properties: Mapping[str, object]) -> dict[str, FieldValue]:
    """What a text states of itself (front matter) as fields: texts that are written as numbers are numbers."""
    fields: dict[str, FieldValue] = {}
    for name, given in properties.items():
        value = cell_value(given) if isinstance(given, str) else field_value(given)
        if value is not None:
            fields[clean(name)] = clean(value) if isinstance(value, str) else value
    return fields


def clean(text: str) -> str:
    """``text`` with what no UTF-8 file can hold replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text)
