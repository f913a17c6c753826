"""A consistent copy of an index while another process may write to it.

SQLite copies the catalogue as of one moment; then of the vectors the rows that this copy knows, which no writer changes
any more. Full shards become hard links where the file system has them (a writer that must change one copies it first).
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mmsearch.errors import IndexDirectoryError, UsageError
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.database import Database, plain_errors
from mmsearch.store.damage import damaged_beside
from mmsearch.store.directory import POSTGRES, PROFILES, SEALED, IndexDirectory
from mmsearch.store.durable.files import PARTIAL, sync
from mmsearch.store.durable.files import plain_errors as plain_file_errors
from mmsearch.store.durable.witness import Witness
from mmsearch.store.header import Manifest

if TYPE_CHECKING:
    from mmsearch.store.catalogue.values import EncoderRecord

# A compaction that ends meanwhile takes the vectors away that the copied catalogue points to: then once more.
ATTEMPTS = 5
_COPIED_AT_ONCE = 16 << 20


_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Snapshot:
    """The ``generation`` that was copied, and how many bytes were ``copied`` and ``linked``."""

    generation: int = 0
    copied: int = 0
    linked: int = 0


def snapshot(directory: IndexDirectory, to: Path) -> Snapshot:
    """Copy the index in ``directory`` to the new folder ``to``; it appears there when it is whole.

    Needs no lock. Raises UsageError when something is at ``to``, IndexDirectoryError when the disk is full or the
    index is damaged.
    """
    if to.exists():
        raise UsageError(f"{to} is there already; name a folder that is not")
    partial = to.with_name(to.name + PARTIAL)
    for attempt in range(1, ATTEMPTS + 1):
        shutil.rmtree(partial, ignore_errors=True)
        try:
            partial.mkdir(parents=True)
            made = _copied(directory, IndexDirectory(partial))
            for folder, _, _ in os.walk(partial):
                sync(Path(folder))
            partial.rename(to)
            sync(to.parent)
            fields = {"index": str(directory.path), "to": str(to), "generation": made.generation}
            _log.info("snapshot made", extra={"fields": fields})
            return made
        except FileNotFoundError as error:
            if attempt == ATTEMPTS:
                raise IndexDirectoryError(
                    f"{error.filename} is missing; `mmsearch check --index {directory.path}` looks for what else is"
                ) from error
        except OSError:
            with plain_file_errors(to):
                raise
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    raise AssertionError("the last attempt returns or raises")


def _copied(source: IndexDirectory, target: IndexDirectory) -> Snapshot:
    made = Snapshot()
    witness = Witness(target.catalogue_path)
    witness.begins()
    _copy_catalogue(source.catalogue_path, target.catalogue_path)
    with Catalogue.open(target.catalogue_path) as catalogue:
        made.generation = catalogue.generation()
        for record in catalogue.encoders():
            _copy_vectors(source, target, catalogue, record, made)
        target.write_manifest(Manifest.of(catalogue))
    witness.committed(made.generation)
    for ending in ("-wal", "-shm"):  # what reading the copy has left
        target.catalogue_path.with_name(target.catalogue_path.name + ending).unlink(missing_ok=True)
    witness.closed()
    profiles = sorted((source.path / PROFILES).glob("*.json"))
    # but not which servers hold the vectors: two indexes would write to the same tables
    for file in (*(source.path / name for name in SEALED if name != POSTGRES), *profiles):
        _copy_if_there(file, target.path / file.relative_to(source.path), made)
    made.copied += target.catalogue_path.stat().st_size
    return made


def _copy_catalogue(source: Path, target: Path) -> None:
    with Database(source, write=False) as database, plain_errors(target):
        copy = sqlite3.connect(target)
        try:
            database.connection.backup(copy)
            copy.execute("PRAGMA journal_mode = WAL")
        finally:
            copy.close()
    sync(target)


def _copy_vectors(
    source: IndexDirectory,
    target: IndexDirectory,
    catalogue: Catalogue,
    record: EncoderRecord,
    made: Snapshot,
) -> None:
    """The rows that ``catalogue`` knows, and what can be made of them, if it is whole."""
    for modality in record.modalities:
        rows = catalogue.highest_row(record.encoder_id, modality) + 1
        shards = source.shards(record, modality, rows=0)
        row_bytes = shards.form.row_bytes(record.dimension) if rows else 0
        if rows and shards.center_file.exists():
            _copy_if_there(shards.center_file, _place(source, target, shards.center_file), made)
        for shard in range(-(-rows // shards.shard_rows)):
            held = min(shards.shard_rows, rows - shard * shards.shard_rows)
            file = shards.file(shard)
            if held == shards.shard_rows:
                _link(file, _place(source, target, file), made)
            else:
                _copy(file, _place(source, target, file), held * row_bytes, made)
    made_of_them = source.pooled_path(record)
    for file in sorted(made_of_them.glob("*")) if made_of_them.is_dir() else ():
        _copy_if_there(file, _place(source, target, file), made)
    for damaged in damaged_beside(target.pooled_path(record)):  # it was just being replaced
        for part in damaged.parent.glob(f"{damaged.name.partition('.')[0]}.*"):
            part.unlink()


def _place(source: IndexDirectory, target: IndexDirectory, file: Path) -> Path:
    return target.path / file.relative_to(source.path)


def _link(file: Path, to: Path, made: Snapshot) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, to)
        made.linked += to.stat().st_size
    except FileNotFoundError:
        raise
    except OSError:  # another disk, or a file system without links
        _copy(file, to, file.stat().st_size, made)


def _copy(file: Path, to: Path, size: int, made: Snapshot) -> None:
    """The first ``size`` bytes, durably."""
    to.parent.mkdir(parents=True, exist_ok=True)
    left = size
    with file.open("rb") as old, plain_file_errors(to), to.open("wb") as new:
        while left and (data := old.read(min(left, _COPIED_AT_ONCE))):
            new.write(data)
            left -= len(data)
        new.flush()
        os.fsync(new.fileno())
    if left:
        raise IndexDirectoryError(f"{file} is too short; `mmsearch check --repair` drops what it held")
    made.copied += size


def _copy_if_there(file: Path, to: Path, made: Snapshot) -> None:
    """A file that is replaced as a whole: the old one or the new one."""
    try:
        _copy(file, to, file.stat().st_size, made)
    except FileNotFoundError:
        return
