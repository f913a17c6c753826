"""JSON files that know whether they are whole: their first member is a checksum of all that comes after it.

    {"checksum": "1c291ca3",
     "format": 2, …}

The eight digits are the CRC-32 of the bytes from their closing quote to the end of the file. Any single flipped bit is
told, in the checksum and in its name too. A file without one is of an earlier mmsearch, or was written by hand, and is
believed.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING

from mmsearch.errors import IndexDirectoryError
from mmsearch.store.durable.files import plain_errors, replace_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_HEAD = b'{"checksum": "'
_DIGITS = 8


def sealed(record: Mapping[str, object]) -> bytes:
    """The file of a JSON object; ValueError for values that are not JSON's."""
    text = json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False)
    body = text.removeprefix("{").lstrip()
    rest = f'"{"" if body == "}" else ","}\n {body}\n'.encode()
    return b"%s%08x%s" % (_HEAD, zlib.crc32(rest), rest)


def unsealed(data: bytes) -> dict[str, object]:
    """The object that ``sealed`` wrote, or an older JSON file; ValueError for a damaged one."""
    end = len(_HEAD) + _DIGITS
    whole = data[len(_HEAD) : end] == b"%08x" % zlib.crc32(data[end:])
    if whole != data.startswith(_HEAD):
        raise ValueError("its checksum is another")
    try:
        record = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError("it is no JSON") from error
    if not isinstance(record, dict):
        raise ValueError("it is no JSON object")
    record.pop("checksum", None)
    return record


def write_sealed(file: Path, record: Mapping[str, object]) -> None:
    """Put the file of ``record`` in the place of ``file``, durably; IndexDirectoryError when that fails."""
    replace_bytes(file, sealed(record))


def read_sealed(file: Path) -> dict[str, object] | None:
    """The object in ``file``; None when there is no such file.

    Raises ValueError for a damaged one, IndexDirectoryError when it can't be read.
    """
    with plain_errors(file):
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            return None
    return unsealed(data)


def read_given(file: Path) -> dict[str, object] | None:
    """``read_sealed`` for what people gave, which nothing can make anew: a damaged one is an IndexDirectoryError."""
    with plain_errors(file):
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            return None
    return unsealed_given(file, data)


def unsealed_given(file: Path, data: bytes) -> dict[str, object]:
    """The object in ``data``, which was read from ``file``; IndexDirectoryError when it is damaged."""
    try:
        return unsealed(data)
    except ValueError as error:
        raise IndexDirectoryError(
            f"{file} is damaged ({error}); `mmsearch check --repair` puts it aside, then what it said has to be given "
            "again"
        ) from error
