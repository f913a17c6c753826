"""Is an index whole, and what to do when it isn't.

Repairing drops what can't be trusted, so that the next ``index`` run makes it anew, and keeps all else.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmsearch.errors import IndexDirectoryError, IndexFormatError
from mmsearch.store.appending import open_for_appending
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.database import Database
from mmsearch.store.catalogue.words import index as wordindex
from mmsearch.store.damage import bad_rows, damaged_files
from mmsearch.store.directory import (
    ANN,
    BACKGROUNDS,
    CATALOGUE,
    MANIFEST,
    IndexDirectory,
)
from mmsearch.store.durable.files import plain_errors
from mmsearch.store.durable.witness import CHECKSUMS, GENERATION, Witness
from mmsearch.store.header import Manifest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mmsearch.store.catalogue.values import EncoderRecord
    from mmsearch.store.damage import Judge
    from mmsearch.types import Modality

ASIDE = ".damaged"  # added to the name of a file that a repair puts aside


_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())  # warnings are for those who ask for logs


@dataclass(frozen=True, slots=True)
class Problem:
    """``what`` is wrong with ``file`` (relative to the index); ``repairable``: ``repair`` mends it."""

    file: str
    what: str
    repairable: bool


def check(path: Path, judges: Mapping[str, Judge] | None = None) -> list[Problem]:
    """Everything that is wrong with the index at ``path``; nothing is changed.

    ``judges``: what the layers above would not believe of a file (`mmsearch.store.damage.damaged_files`).
    Raises IndexDirectoryError when there is no index, IndexFormatError for a newer one.
    """
    directory = _directory(path)
    problems = _check_manifest(directory)
    problems += [Problem(file, what, True) for file, what in damaged_files(directory, judges)]
    try:
        with Database(directory.catalogue_path, write=False) as database:
            problems += _check_witness(database)
            problems += _check_database(database)
            problems += _check_words(directory.catalogue_path)
        if not any(problem.file == CATALOGUE for problem in problems):
            with Catalogue(Database(directory.catalogue_path, write=False)) as catalogue:
                problems += _check_vectors(directory, catalogue)
                problems += _compare(directory, catalogue)
    except IndexFormatError:
        raise
    except IndexDirectoryError as error:
        problems.append(Problem(CATALOGUE, _reason(error), True))
    except (
        sqlite3.DatabaseError
    ) as error:  # a schema in which a bit has flipped: SQLite takes it for another one
        problems.append(Problem(CATALOGUE, f"it is damaged: {error}", True))
    return problems


def repair(path: Path, judges: Mapping[str, Judge] | None = None) -> list[Problem]:
    """Mend the index at ``path`` and say what was wrong with it.

    A damaged catalogue is copied row by row, and kept beside as ``catalogue.damaged.sqlite``. Raises as
    ``check`` does, and IndexLockedError when another process writes.
    """
    from mmsearch.store.catalogue.salvage import finish_salvage, salvage

    directory = _directory(path)
    with directory.write_lock():
        finish_salvage(directory.catalogue_path)
        problems = check(path, judges)
        if any(problem.file == CATALOGUE for problem in problems):
            salvage(directory.catalogue_path)
        if any(problem.file in (CATALOGUE, GENERATION, CHECKSUMS) for problem in problems):
            Witness(directory.catalogue_path).accept()
        with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
            for record in catalogue.encoders():
                for modality in record.modalities:
                    _drop_bad_rows(directory, catalogue, record, modality)
            for file, _ in damaged_files(directory, judges):
                _put_away(directory, file)
            directory.write_manifest(Manifest.of(catalogue))
            directory.sweep(record.folder for record in catalogue.encoders())
    for problem in problems:
        _log.warning("repaired", extra={"fields": {"file": problem.file, "problem": problem.what}})
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
        directory = IndexDirectory(path)
        directory.refuse_unfinished()
        return directory


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


def _check_witness(database: Database) -> list[Problem]:
    """Whether the catalogue is all there, and, when the last writer could close it, as it was written."""
    witness = Witness(database.path)
    problems = []
    try:
        witness.refuse_older(database.generation())
    except IndexDirectoryError as error:
        problems.append(Problem(GENERATION, _reason(error), True))
    try:
        witness.last()
    except (ValueError, OSError) as error:
        problems.append(Problem(GENERATION, f"it is damaged ({error})", True))
    try:
        for first, end in witness.damaged():
            what = f"bytes {first} to {end - 1} are not as they were written: damaged, or changed by another program"
            problems.append(Problem(CATALOGUE, what, True))
    except ValueError as error:
        problems.append(Problem(CHECKSUMS, f"it is damaged ({error})", True))
    return problems


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
    with Database(path, write=True, witness=Witness(path)) as database:
        try:
            damaged = wordindex.damage(database)
        except sqlite3.OperationalError:  # another process is writing: its next check will tell
            return []
    return [
        Problem(CATALOGUE, f"the word index {table} disagrees with the documents", True) for table in damaged
    ]


def _check_vectors(directory: IndexDirectory, catalogue: Catalogue) -> list[Problem]:
    """Again when a compaction has taken the folder away meanwhile."""
    while True:
        records = catalogue.encoders()
        found = [
            Problem(str(file.relative_to(directory.path)), f"{what} ({rows.size} vectors)", True)
            for record in records
            for modality in record.modalities
            for file, what, rows in bad_rows(directory, catalogue, record, modality)
        ]
        if not found or [one.folder for one in catalogue.encoders()] == [one.folder for one in records]:
            return found


def _drop_bad_rows(
    directory: IndexDirectory, catalogue: Catalogue, record: EncoderRecord, modality: Modality
) -> None:
    """Forget the rows that can't be trusted, and the checksums of their blocks, which are made anew of what is left."""
    bad = [rows for _, _, rows in bad_rows(directory, catalogue, record, modality)]
    if not bad:
        return
    known = catalogue.checksums(record.encoder_id, modality)
    size = directory.shards(record, modality, rows=0).block_rows
    touched = {int(block) for rows in bad for block in rows // size}
    with catalogue.transaction():
        for rows in bad:
            catalogue.drop_vectors(record.encoder_id, modality, rows)
        left = [checksum for block, checksum in known.items() if block not in touched]
        catalogue.replace_checksums(record.encoder_id, modality, left)
    open_for_appending(directory, catalogue, record, modality).close()
    for file in directory.ann_path(record, modality).parent.glob(f"{modality}.*"):
        file.unlink()  # codes of rows that others will take the places of


def _put_away(directory: IndexDirectory, name: str) -> None:
    """Delete what can be made anew, and keep beside what people gave."""
    file = directory.path / name
    with plain_errors(file):
        if name == BACKGROUNDS:
            file.unlink(missing_ok=True)
        elif name.startswith(f"{ANN}/"):  # with all that belongs to it
            for part in file.parent.glob(f"{file.name.partition('.')[0]}.*"):
                part.unlink(missing_ok=True)
        else:
            file.replace(file.with_name(file.name + ASIDE))


def _reason(error: IndexDirectoryError) -> str:
    return str(error).partition(";")[0]
