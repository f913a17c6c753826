"""Tables that may be manifests, which nobody asked to read: told by their first records, in next to no time."""

from __future__ import annotations

import csv
from itertools import islice
from shlex import quote
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError
from mmsearch.ingest.manifest.records import PATH_KEYS, parse_json
from mmsearch.ingest.manifest.references import ManifestOptions, References
from mmsearch.ingest.manifest.tables import likely_delimiter, stated_delimiter
from mmsearch.media.faults import fault_of
from mmsearch.media.files import open_regular

if TYPE_CHECKING:
    from pathlib import Path

_BYTES_LOOKED_AT = 1 << 16
_RECORDS_LOOKED_AT = 10
_MARKS = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"", "utf-8-sig"))


def manifest_command(path: Path) -> str | None:
    """The command that reads the table at ``path`` as a manifest; None when its records name no file.

    It maps the column of the files when that has a name of its own.
    """
    try:
        column = _column_of_files(path)
    except Exception as error:
        fault_of(error)
        return None
    if column is None:
        return None
    mapped = "" if column.lower() in PATH_KEYS else f" --map {quote(f'path={column}')}"
    return f"mmsearch index {quote(str(path))}{mapped}"


def _column_of_files(path: Path) -> str | None:
    with open_regular(path) as file:
        data = file.read(_BYTES_LOOKED_AT)
    encoding = next(name for mark, name in _MARKS if data.startswith(mark))
    lines = data.decode(encoding, "replace").splitlines(keepends=True)
    files = References(str(path.parent), path.parent, ManifestOptions())
    for record in islice(
        _objects(lines) if lines and lines[0].startswith("{") else _rows(lines), _RECORDS_LOOKED_AT
    ):
        for name, value in record.items():
            if isinstance(value, str) and files.is_there(value.strip()):
                return name.strip()
    return None


def _objects(lines: list[str]) -> list[dict[str, object]]:
    found = []
    for line in lines[:_RECORDS_LOOKED_AT]:
        try:
            value = parse_json(line)
        except MediaError:  # the last one is cut
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def _rows(lines: list[str]) -> list[dict[str, object]]:
    first = lines[0] if lines else ""
    stated = stated_delimiter(first)
    rows = csv.reader(lines[1:] if stated else lines, delimiter=stated or likely_delimiter(first))
    header = next(rows, [])
    return [dict(zip(header, row, strict=False)) for row in islice(rows, _RECORDS_LOOKED_AT)]
