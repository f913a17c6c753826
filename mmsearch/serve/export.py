"""A selection of documents to take along: as a table, as JSON, or their files in a zip."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import PurePosixPath
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO

from mmsearch.errors import MediaError
from mmsearch.media.files import open_regular
from mmsearch.serve.items import stored_item
from mmsearch.serve.problems import RefusedError
from mmsearch.store.original import file_within
from mmsearch.wire.documents import documents_as_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.values import StoredItem

COLUMNS = ("item_id", "path", "title", "modality", "locator", "text", "file")
# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CHUNK = 1 << 20
_IN_MEMORY = 16 << 20
_UNREADABLE = "NOT-THERE.txt"


def exported_items(catalogue: Catalogue, item_ids: Sequence[int]) -> list[StoredItem]:
    """The items of these numbers, each document once; RefusedError (404) when one is not there."""
    found: dict[int, StoredItem] = {}
    for item_id in item_ids:
        item = stored_item(catalogue, item_id)
        found.setdefault(item.document_id, item)
    return list(found.values())


def as_table(items: Sequence[StoredItem]) -> bytes:
    """A CSV with a header, a row for each of ``items``, and a column for each field; UTF-8 with its mark."""
    fields = sorted({name for item in items for name in item.fields})
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*COLUMNS, *map(_cell, fields)])
    for item in items:
        own: list[Any] = [
            item.item_id, item.path, item.title, item.modality, item.locator, item.text,
            f"{item.corpus_root.rstrip('/')}/{item.path}",
        ]  # fmt: skip
        writer.writerow([*map(_cell, own), *(_cell(item.fields.get(name)) for name in fields)])
    return out.getvalue().encode("utf-8-sig", "replace")


def as_json(catalogue: Catalogue, items: Sequence[StoredItem]) -> dict[str, Any]:
    """The documents of ``items``, as ``mmsearch show --json`` has them."""
    return documents_as_json([catalogue.document_items(item.document_id) for item in items])


def as_zip(items: Sequence[StoredItem], most_bytes: int) -> BinaryIO:
    """The files of ``items`` under their paths, as they are, in a temporary file at its beginning.

    What can't be read is named in NOT-THERE.txt. RefusedError (413) for more than ``most_bytes`` of them.
    """
    file = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # who sends it closes it
    try:
        _zip_into(file, items, most_bytes)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file  # type: ignore[return-value]


def _zip_into(file: Any, items: Sequence[StoredItem], most_bytes: int) -> None:
    left = most_bytes
    names: set[str] = set()
    missing: list[str] = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive:
        for item in items:
            try:
                with open_regular(file_within(item)) as opened:
                    name = _free_name(item.path, names)
                    with archive.open(zipfile.ZipInfo(name), "w", force_zip64=True) as out:
                        while chunk := opened.read(_CHUNK):
                            left -= len(chunk)
                            if left < 0:
                                raise RefusedError(
                                    413, f"more than {most_bytes:,} bytes of files: select fewer"
                                )
                            out.write(chunk)
            except MediaError as error:
                missing.append(f"{item.path}: {error}\n")
        if missing:
            archive.writestr(zipfile.ZipInfo(_free_name(_UNREADABLE, names)), "".join(missing))


def _free_name(path: str, names: set[str]) -> str:
    """A name in the archive that no other has, and that leads nowhere else when it is unpacked."""
    parts = [part for part in PurePosixPath(path.replace("\\", "/")).parts if part not in ("/", "..", ".")]
    safe = [
        "".join(one if one.isprintable() and one not in ':*?"<>|' else "_" for one in part) for part in parts
    ]
    name = "/".join(safe) or "file"
    number = 1
    free = name
    while free.casefold() in names:
        number += 1
        stem, dot, suffix = name.rpartition(".")
        free = f"{stem}-{number}{dot}{suffix}" if dot and stem else f"{name}-{number}"
    names.add(free.casefold())
    return free


def _cell(value: object) -> object:
    """``value`` for a spreadsheet: a text that it would take for a formula begins with an apostrophe."""
    if value is None or isinstance(value, (int, float)):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
