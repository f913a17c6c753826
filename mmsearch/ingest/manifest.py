"""Manifests: a JSONL or CSV file whose records tie pictures, texts and fields into documents."""

from __future__ import annotations

import codecs
import csv
import hashlib
import os
import re
import unicodedata
from collections import Counter
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from mmsearch.errors import MediaError
from mmsearch.ingest.records import Record, cell_value, parse_json, read_record
from mmsearch.ingest.sources import Skipped, Source, file_stamp
from mmsearch.media.encoding import detect_encoding
from mmsearch.media.files import open_regular, os_reason, status_reason
from mmsearch.media.formats import PICTURE_SUFFIXES
from mmsearch.media.text import TEXT_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from mmsearch.ingest.ignored import Ignored
    from mmsearch.media.limits import Limits

MANIFEST_NAMES = ("records.jsonl", "manifest.jsonl", "metadata.jsonl", "manifest.csv", "metadata.csv")
"""A folder that holds one of these is a manifest folder: its records, and nothing else, are its documents."""

MANIFEST_SUFFIXES = frozenset({".jsonl", ".ndjson", ".csv", ".tsv"})
_JSON_SUFFIXES = frozenset({".jsonl", ".ndjson"})
_DELIMITERS = ",;\t|"
_CHUNK = 1 << 20
_UNUSUAL = re.compile(r"\.\.|[:]|//|^/|(^|/)\.(/|$)|/$")  # most paths need no closer look
_OUTSIDE = re.compile(r"/|[A-Za-z]:|(.*/)?\.\.(/|$)")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")

Line: TypeAlias = tuple[int, str, "Record | MediaError"]  # number from 1, hash of what it says, the record


def manifest_name(names: Collection[str]) -> str | None:
    """The manifest among the file names of one folder; the first of ``MANIFEST_NAMES`` wins."""
    return next((name for name in MANIFEST_NAMES if name in names), None)


def read_manifest(path: Path, folder: str, limits: Limits, ignored: Ignored) -> Iterator[Source | Skipped]:
    """The documents of a manifest, in its order; a record that can't become one is Skipped with its line.

    ``folder``: where the manifest lies in the corpus ("" or "a/b/"). Paths in it are relative to that folder
    and must not leave it. A document's path is that of its picture, else of its text file, else
    "records.jsonl#id"; further records of the same path get "#2", "#3".
    Raises MediaError at once when the file as a whole is no manifest: unreadable, binary, no known column.
    """
    lines = _json_lines(path, limits) if path.suffix.lower() in _JSON_SUFFIXES else _table(path)
    return _documents(lines, path, folder, limits, ignored)


def _documents(
    lines: Iterator[Line], path: Path, folder: str, limits: Limits, ignored: Ignored
) -> Iterator[Source | Skipped]:
    seen: Counter[str] = Counter()
    root = str(path.parent)
    for number, digest, record in lines:
        try:
            if isinstance(record, MediaError):
                raise record
            picture, text, stamp = _files(record, root, limits)
        except MediaError as error:
            yield Skipped(f"{folder}{path.name}:{number}", str(error))
            continue
        name = folder + (picture or text or f"{path.name}#{record.id or number}")
        if ignored(name):
            continue
        seen[name] += 1
        yield Source(
            path=name if seen[name] == 1 else f"{name}#{seen[name]}",
            stamp=f"{stamp}{digest}",
            picture=Path(f"{root}/{picture}") if picture else None,
            text=Path(f"{root}/{text}") if text else None,
            captions=record.captions,
            title=record.title,
            body=record.body,
            fields=record.fields,
        )


def _files(record: Record, root: str, limits: Limits) -> tuple[str | None, str | None, str]:
    """(picture, text file, their stamps) of a record, relative to ``root``; MediaError if it says nothing."""
    picture: str | None = None
    text: str | None = None
    stamp = ""
    for written in record.paths:
        relative, status = _find(written, root)
        suffix = f".{relative.rpartition('.')[2].lower()}"
        is_picture = suffix in PICTURE_SUFFIXES
        if not is_picture and suffix not in TEXT_SUFFIXES:
            raise MediaError(f"{written} is neither a picture nor a text file")
        if (picture if is_picture else text) is not None:
            raise MediaError(f"names two {'pictures' if is_picture else 'text files'}: use a record for each")
        limit = limits.max_bytes if is_picture else limits.max_text_bytes
        if reason := status_reason(f"{root}/{relative}", status, limit):
            raise MediaError(f"{written}: {reason}")
        stamp += file_stamp(status) + ";"
        if is_picture:
            picture = relative
        else:
            text = relative
    if not (record.paths or record.captions or record.body or record.title):
        raise MediaError("names no picture, text, caption or title")
    return picture, text, stamp


def _find(written: str, root: str) -> tuple[str, os.stat_result]:
    """(path under ``root``, its status) of a file as a record names it.

    Backslashes are read as slashes, and accents in either form of Unicode: tables come from other systems.
    MediaError when it is an address, leads out of ``root``, or does not exist.
    """
    path = written.replace("\\", "/")
    if _UNUSUAL.search(path):
        if _ADDRESS.match(path):
            raise MediaError(f"{written} is an address: only files of the corpus are read")
        if _OUTSIDE.match(path):
            raise MediaError(f"{written} leads out of the corpus")
        path = "/".join(part for part in path.split("/") if part not in ("", "."))
    forms = (path,) if path.isascii() else (path, *(unicodedata.normalize(f, path) for f in ("NFC", "NFD")))
    reason = "does not exist"
    for form in forms:
        try:
            return form, os.stat(f"{root}/{form}")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            reason = f"can't be read: {os_reason(error)}"
    raise MediaError(f"{written} {reason}")


def _json_lines(path: Path, limits: Limits) -> Iterator[Line]:
    with open_regular(path) as file:
        detect_encoding(file.read(_CHUNK) or b" ")  # refuses binary data as a whole, not line by line
    return _read_json_lines(path, limits.max_text_bytes)


def _read_json_lines(path: Path, longest: int) -> Iterator[Line]:
    with open_regular(path) as file:
        number = 0
        while line := file.readline(longest + 1):
            number += 1
            if len(line) > longest:
                while line and not line.endswith(b"\n"):
                    line = file.readline(_CHUNK)
                yield number, "", MediaError(f"a line of more than {longest} bytes")
            elif not line.isspace():
                yield number, _digest(line.strip()), _json_record(line)


def _json_record(line: bytes) -> Record | MediaError:
    try:
        value = parse_json(line.decode("utf-8-sig").rstrip())
    except UnicodeDecodeError:
        return MediaError("not valid UTF-8")
    except MediaError as error:
        return error
    return read_record(value) if isinstance(value, dict) else MediaError("not a JSON object")


def _table(path: Path) -> Iterator[Line]:
    encoding = _table_encoding(path)
    with open_regular(path) as file, TextIOWrapper(file, encoding, newline="") as lines:
        header = lines.readline(_CHUNK)
    delimiter = max(_DELIMITERS, key=header.count)  # the first of them when none occurs
    names = next(csv.reader([header], delimiter=delimiter), [])
    record = read_record(dict.fromkeys(names, "x"))
    if not (record.paths or record.captions or record.body or record.title):
        raise MediaError("a table without a column named path, image, file, text, title or caption")
    return _read_table(path, encoding, delimiter)


def _table_encoding(path: Path) -> str:
    """The encoding of a whole table, which is UTF-8 or told by its first part that isn't ASCII."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open_regular(path) as file:
        first = chunk = file.read(_CHUNK)
        try:
            while chunk:
                decoder.decode(chunk)
                before, chunk = chunk, file.read(_CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return detect_encoding(first if not first.isascii() else before + chunk)
    encoding = detect_encoding(first or b" ")  # the mark, UTF-16, or binary data that happens to be UTF-8
    return "utf-8-sig" if encoding == "utf-8" else encoding


def _read_table(path: Path, encoding: str, delimiter: str) -> Iterator[Line]:
    with open_regular(path) as file, TextIOWrapper(file, encoding, "replace", newline="") as lines:
        rows = csv.reader(lines, delimiter=delimiter)
        header = next(rows, [])
        while True:
            number = rows.line_num + 1
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield number, "", MediaError(f"not a row of CSV: {error}")
                continue
            if any(row):
                yield (
                    number,
                    _digest("\x1f".join([*header, *row]).encode("utf-8", "replace")),
                    _row(header, row),
                )


def _row(header: list[str], row: list[str]) -> Record | MediaError:
    if len(row) > len(header) and any(row[len(header) :]):
        return MediaError(f"{len(row)} cells under {len(header)} columns")
    return read_record({name: _cell(name, cell) for name, cell in zip(header, row, strict=False)})


def _cell(name: str, cell: str) -> object:
    """A list of captions may be written as JSON within its cell."""
    if name.strip().lower() == "captions" and cell.lstrip().startswith("["):
        try:
            return parse_json(cell)
        except MediaError:
            return cell
    return cell_value(cell)


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=8).hexdigest()
