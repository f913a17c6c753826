"""Manifests: a JSONL or CSV file whose records tie pictures, texts and fields into documents."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from mmsearch.errors import MediaError
from mmsearch.ingest.manifest.records import Record, cell_value, parse_json, read_record
from mmsearch.ingest.manifest.references import ManifestOptions, References
from mmsearch.ingest.manifest.tables import CutShortError, Table, open_table, rows
from mmsearch.ingest.sources import ROLES, Skipped, Source
from mmsearch.media.faults import fault_of
from mmsearch.media.files import open_regular
from mmsearch.media.text.encoding import detect_encoding

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from mmsearch.ingest.manifest.columns import Columns

MANIFEST_NAMES = ("records.jsonl", "manifest.jsonl", "metadata.jsonl", "manifest.csv", "metadata.csv")
"""A folder that holds one of these is a manifest folder: its records, and nothing else, are its documents."""

MANIFEST_SUFFIXES = frozenset({".jsonl", ".ndjson", ".csv", ".tsv"})
_JSON_SUFFIXES = frozenset({".jsonl", ".ndjson"})
_CHUNK = 1 << 20
_NOTHING = b" \t\r\n\v\f\x1a\0"  # blanks, and ^Z and zeros at the end of a file of DOS
Line: TypeAlias = tuple[int, str, "Record | MediaError"]  # number from 1, hash of what it says, the record


def manifest_name(names: Collection[str]) -> str | None:
    """The manifest among the file names of one folder; the first of ``MANIFEST_NAMES`` wins."""
    return next((name for name in MANIFEST_NAMES if name in names), None)


def read_manifest(
    path: Path, folder: str, corpus: Path, how: ManifestOptions, named: set[str] | None = None
) -> Iterator[Source | Skipped]:
    """The documents of a manifest, in its order; a record that can't become one is Skipped with its line.

    ``folder``: where the manifest lies in the ``corpus`` ("" or "a/b/"). Paths in it are relative to that folder
    and must leave neither it by their own words nor the corpus by a link. A document's path is that of its picture,
    else of its text file, else "records.jsonl#id"; further records of the same path get "#2", "#3". The files that
    records name are added to ``named``, by their paths in the corpus.
    Raises MediaError at once when the file as a whole is no manifest: unreadable, binary, no known column.
    """
    in_json = path.suffix.lower() in _JSON_SUFFIXES
    lines = _json_lines(path, how) if in_json else _table_lines(_table(path, how), how)
    return _documents(lines, path, folder, References(str(path.parent), corpus, how), named)


def _documents(
    lines: Iterator[Line], path: Path, folder: str, files: References, named: set[str] | None
) -> Iterator[Source | Skipped]:
    seen: Counter[str] = Counter()
    root, ignored = str(path.parent), files.how.ignored
    number = 0
    while True:
        try:
            number, digest, record = next(lines, (number, "", None))
            if record is None:
                return
            if isinstance(record, MediaError):
                raise record
            mine, stamp = files.of(record)
        except CutShortError as error:
            yield Skipped(f"{folder}{path.name}:{number}", str(error), below=folder)
            return
        except MediaError as error:
            yield Skipped(f"{folder}{path.name}:{number}", str(error))
            continue
        except Exception as error:  # of the generator, which is at its end by that
            yield Skipped(f"{folder}{path.name}:{number + 1}", fault_of(error), below=folder)
            return
        first = next((mine[role] for role in ROLES if role in mine), f"{path.name}#{record.id or number}")
        name = folder + first
        if named is not None:
            named.update(folder + file for file in mine.values())
        if ignored(name):
            continue
        seen[name] += 1
        yield Source(
            path=name if seen[name] == 1 else f"{name}#{seen[name]}",
            stamp=f"{stamp}{digest}",
            **{role: Path(f"{root}/{file}") for role, file in mine.items()},  # type: ignore[arg-type]
            captions=record.captions,
            title=record.title,
            body=record.body,
            fields=record.fields,
        )


def _json_lines(path: Path, how: ManifestOptions) -> Iterator[Line]:
    with open_regular(path) as file:
        detect_encoding(file.read(_CHUNK) or b" ")  # refuses binary data as a whole, not line by line
    return _read_json_lines(path, how)


def _read_json_lines(path: Path, how: ManifestOptions) -> Iterator[Line]:
    longest = how.limits.max_text_bytes
    seen: set[str] = set()
    with open_regular(path) as file:
        number = 0
        while line := file.readline(longest + 1):
            number += 1
            if len(line) > longest:
                while line and not line.endswith(b"\n"):
                    line = file.readline(_CHUNK)
                yield number, "", MediaError(f"a line of more than {longest} bytes")
            elif line.strip(_NOTHING):
                yield number, _digest(line.strip(), how.columns), _json_record(line, how.columns, seen)
    if missing := how.columns.missing(seen):
        yield number, "", MediaError(f"no record has a {missing[0]!r} to map")


def _json_record(line: bytes, columns: Columns, seen: set[str]) -> Record | MediaError:
    try:
        value = parse_json(line.rstrip(_NOTHING).decode("utf-8-sig"))
    except UnicodeDecodeError:
        return MediaError("not valid UTF-8")
    except MediaError as error:
        return error
    if not isinstance(value, dict):
        return MediaError("not a JSON object")
    if columns.names:
        seen.update(value)
    return read_record(columns.renamed(value.items()))


def _table(path: Path, how: ManifestOptions) -> Table:
    table = open_table(path, how.limits.max_text_bytes)
    how.columns.check(table.header)
    record = read_record(how.columns.renamed((name, "x") for name in table.header))
    if not (record.paths or record.captions or record.body or record.title):
        raise MediaError("a table without a column named path, image, file, text, title or caption")
    return table


def _table_lines(table: Table, how: ManifestOptions) -> Iterator[Line]:
    for number, row in rows(table, how.limits.max_text_bytes):
        if isinstance(row, MediaError):
            yield number, "", row
        else:
            content = "\x1f".join([*table.header, *row]).encode("utf-8", "replace")
            yield number, _digest(content, how.columns), _row(table.header, row, how.columns)


def _row(header: tuple[str, ...], row: list[str], columns: Columns) -> Record | MediaError:
    if len(row) > len(header) and any(row[len(header) :]):
        return MediaError(f"{len(row)} cells under {len(header)} columns")
    named = columns.renamed(zip(header, row, strict=False))
    return read_record((name, _cell(name, str(cell))) for name, cell in named)


def _cell(name: str, cell: str) -> object:
    """A list of captions may be written as JSON within its cell."""
    if name.strip().lower() == "captions" and cell.lstrip().startswith("["):
        try:
            return parse_json(cell)
        except MediaError:
            return cell
    return cell_value(cell)


def _digest(content: bytes, columns: Columns) -> str:
    """Of a record, and of how its columns are named: another name makes another document."""
    mapped = f"\0{columns}".encode() if columns.names else b""
    return hashlib.blake2b(content + mapped, digest_size=8).hexdigest()
