"""Is an index whole, and what to do when it isn't.

Repairing drops what can't be trusted, so that the next ``index`` run makes it anew, and keeps all else.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.errors import IndexDirectoryError, IndexFormatError
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.database import Database
from mmsearch.store.catalogue.words import index as wordindex
from mmsearch.store.directory import CATALOGUE, MANIFEST, IndexDirectory
from mmsearch.store.header import Manifest
from mmsearch.store.vectors import UNIT_TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mmsearch.store.catalogue.values import EncoderRecord
    from mmsearch.store.precision import RowForm
    from mmsearch.types import Ids, Modality

_ROWS_AT_ONCE = 8_192


@dataclass(frozen=True, slots=True)
class Problem:
    """``what`` is wrong with ``file`` (relative to the index); ``repairable``: ``repair`` mends it."""

    file: str
    what: str
    repairable: bool


def check(path: Path) -> list[Problem]:
    """Everything that is wrong with the index at ``path``; nothing is changed.

    Raises IndexDirectoryError when there is no index, IndexFormatError for a newer one.
    """
    directory = _directory(path)
    problems = _check_manifest(directory)
    try:
        with Database(directory.catalogue_path, write=False) as database:
            problems += _check_database(database)
            problems += _check_words(directory.catalogue_path)
        if not any(problem.file == CATALOGUE for problem in problems):
            with Catalogue.open(directory.catalogue_path) as catalogue:
                for record in catalogue.encoders():
                    for modality in record.modalities:
                        problems += _check_shards(directory, catalogue, record, modality)
                problems += _compare(directory, catalogue)
    except IndexFormatError:
        raise
    except IndexDirectoryError as error:
        problems.append(Problem(CATALOGUE, _reason(error), True))
    return problems


def repair(path: Path) -> list[Problem]:
    """Mend the index at ``path`` and say what was wrong with it.

    A damaged catalogue is copied row by row, and kept beside as ``catalogue.damaged.sqlite``. Raises as
    ``check`` does, and IndexLockedError when another process writes.
    """
    from mmsearch.store.catalogue.salvage import finish_salvage, salvage

    directory = _directory(path)
    with directory.write_lock():
        finish_salvage(directory.catalogue_path)
        problems = check(path)
        if any(problem.file == CATALOGUE for problem in problems):
            salvage(directory.catalogue_path)
        with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
            for record in catalogue.encoders():
                for modality in record.modalities:
                    for _, _, rows in [*_bad_rows(directory, catalogue, record, modality)]:
                        catalogue.drop_vectors(record.encoder_id, modality, rows)
            directory.write_manifest(Manifest.of(catalogue))
            directory.sweep(record.folder for record in catalogue.encoders())
    return problems


def _directory(path: Path) -> IndexDirectory:
    """The directory, even when its manifest is missing or damaged."""
    try:
        return IndexDirectory.open(path)
    except IndexFormatError:
        raise
    except IndexDirectoryError:
        if not path.is_dir():
            raise
        return IndexDirectory(path)


def _check_manifest(directory: IndexDirectory) -> list[Problem]:
    try:
        directory.manifest()
    except IndexFormatError:
        raise
    except IndexDirectoryError as error:
        return [Problem(MANIFEST, _reason(error), True)]
    return []


def _compare(directory: IndexDirectory, catalogue: Catalogue) -> list[Problem]:
    """A manifest may be behind the catalogue (a killed run), never ahead of it."""
    try:
        written = directory.manifest()
    except IndexDirectoryError:
        return []
    now = Manifest.of(catalogue)
    if written.generation < now.generation or written.encoders == now.encoders:
        return []
    return [Problem(MANIFEST, "it disagrees with the catalogue", True)]


def _check_database(database: Database) -> list[Problem]:
    problems = []
    found = [row[0] for row in database.rows("PRAGMA integrity_check(10)")]
    if found != ["ok"]:
        problems.append(Problem(CATALOGUE, f"it is damaged: {'; '.join(found)}", True))
    for table, count in _orphans(database).items():
        problems.append(Problem(CATALOGUE, f"{count} rows of {table} belong to nothing", True))
    return problems


def _orphans(database: Database) -> dict[str, int]:
    counts: dict[str, int] = {}
    for table, *_ in database.rows("PRAGMA foreign_key_check"):
        counts[table] = counts.get(table, 0) + 1
    return counts


def _check_words(path: Path) -> list[Problem]:
    """FTS5 checks itself by a write that changes nothing; on a read-only medium it is left out."""
    if not os.access(path.parent, os.W_OK):
        return []
    with Database(path, write=True) as database:
        try:
            damaged = wordindex.damage(database)
        except sqlite3.OperationalError:  # another process is writing: its next check will tell
            return []
    return [
        Problem(CATALOGUE, f"the word index {table} disagrees with the documents", True) for table in damaged
    ]


def _check_shards(
    directory: IndexDirectory, catalogue: Catalogue, record: EncoderRecord, modality: Modality
) -> list[Problem]:
    return [
        Problem(str(file.relative_to(directory.path)), f"{what} ({rows.size} vectors)", True)
        for file, what, rows in _bad_rows(directory, catalogue, record, modality)
    ]


def _bad_rows(
    directory: IndexDirectory, catalogue: Catalogue, record: EncoderRecord, modality: Modality
) -> Iterator[tuple[Path, str, Ids]]:
    """For each shard: its file, what is wrong, and the rows in use that can't be trusted."""
    used = catalogue.used_rows(record.encoder_id, modality)
    shards = directory.shards(record, modality, rows=0)
    try:
        form = shards.form
    except IndexDirectoryError:
        if used.size:
            yield shards.center_file, "it is missing or damaged", used
        return
    for shard in np.unique(used // shards.shard_rows).tolist():
        first = shard * shards.shard_rows
        here = used[(used >= first) & (used < first + shards.shard_rows)]
        file = shards.file(shard)
        held = file.stat().st_size // form.row_bytes(form.dimension) if file.is_file() else 0
        lost = here[here >= first + held]
        if lost.size:
            yield file, "it is too short" if file.is_file() else "it is missing", lost
        wrong = _wrong_vectors(file, form, held, here[here < first + held] - first) + first
        if wrong.size:
            yield file, "vectors are not of unit length", wrong


def _wrong_vectors(file: Path, form: RowForm, held: int, places: Ids) -> Ids:
    if not places.size:
        return places
    block = np.memmap(file, dtype=form.dtype, mode="r", shape=(held,))
    wrong = []
    for start in range(0, places.size, _ROWS_AT_ONCE):
        some = places[start : start + _ROWS_AT_ONCE]
        lengths = np.linalg.norm(form.decode(block[some]), axis=1)
        wrong.append(some[~(np.abs(lengths - 1) <= UNIT_TOLERANCE)])  # also where it is not a number
    return np.concatenate(wrong)


def _reason(error: IndexDirectoryError) -> str:
    return str(error).partition(";")[0]
