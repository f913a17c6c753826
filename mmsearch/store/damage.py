"""What of an index is not as it was written: rows of vectors, and files beside the catalogue."""

from __future__ import annotations

import json
import math
import zlib
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mmsearch.errors import IndexDirectoryError
from mmsearch.store.directory import ANN, BACKGROUNDS, PROFILES, SEALED
from mmsearch.store.durable.checksums import CENTER, file_checksums, read_part
from mmsearch.store.durable.sealed import read_sealed
from mmsearch.store.vectors import UNIT_TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.values import EncoderRecord
    from mmsearch.store.directory import IndexDirectory
    from mmsearch.store.durable.checksums import Checksum
    from mmsearch.store.precision import RowForm
    from mmsearch.store.vectors import VectorShards
    from mmsearch.types import Ids, Modality

    Judge: TypeAlias = Callable[[Mapping[str, object]], None]


def bad_rows(
    directory: IndexDirectory, catalogue: Catalogue, record: EncoderRecord, modality: Modality
) -> Iterator[tuple[Path, str, Ids]]:
    """A file, what is wrong with it or with a block of its rows, and the rows in use that can't be trusted."""
    with catalogue.snapshot():
        used = catalogue.used_rows(record.encoder_id, modality)
        checksums = catalogue.checksums(record.encoder_id, modality)
    shards = directory.shards(record, modality, rows=0)
    if used.size and not _has_form(shards, checksums.get(CENTER)):
        yield shards.center_file, "it is missing or damaged", used
        return
    for shard in np.unique(used // shards.shard_rows).tolist():
        first = shard * shards.shard_rows
        here = used[(used >= first) & (used < first + shards.shard_rows)]
        file = shards.file(shard)
        row_bytes = shards.form.row_bytes(record.dimension)
        held = first + (file.stat().st_size // row_bytes if file.is_file() else 0)
        lost = here[here >= held]
        if lost.size:
            yield file, "it is too short" if file.is_file() else "it is missing", lost
        there = here[here < held]
        for block in np.unique(there // shards.block_rows).tolist():
            rows = there[there // shards.block_rows == block]
            start = block * shards.block_rows
            try:
                data = read_part(file, (start - first) * row_bytes, shards.block_rows * row_bytes)
            except IndexDirectoryError as error:
                yield (
                    file,
                    f"rows {start} to {start + shards.block_rows - 1}: {str(error).partition(';')[0]}",
                    rows,
                )
                continue
            checksum = None if (lost // shards.block_rows == block).any() else checksums.get(block)
            if checksum is not None and zlib.crc32(data[: checksum.rows * row_bytes]) != checksum.crc:
                end = start + checksum.rows
                yield (
                    file,
                    f"rows {start} to {end - 1} are damaged: their checksum is another",
                    rows[rows < end],
                )
                rows = rows[rows >= end]
            if rows.size and (wrong := _wrong_vectors(shards.form, data, rows - start) + start).size:
                yield file, "vectors are not of unit length", wrong


def _has_form(shards: VectorShards, center: Checksum | None) -> bool:
    """Whether the rows can be read: bits need their center."""
    if center is not None and shards.center_checksum != center:
        return False
    try:
        _ = shards.form
    except IndexDirectoryError:
        return False
    return True


def _wrong_vectors(form: RowForm, data: bytes, places: Ids) -> Ids:
    row_bytes = form.row_bytes(form.dimension)
    block = np.frombuffer(data[: len(data) // row_bytes * row_bytes], dtype=form.dtype)
    lengths = np.linalg.norm(form.decode(block[places]), axis=1)
    return np.asarray(places[~(np.abs(lengths - 1) <= UNIT_TOLERANCE)])  # also where it is not a number


def damaged_files(
    directory: IndexDirectory, judges: Mapping[str, Judge] | None = None
) -> Iterator[tuple[str, str]]:
    """Files other than manifest, catalogue and vectors that are not as they were written, and why.

    ``judges`` raise ValueError for what a file, or one of a folder, says that nobody can have written.
    """
    profiles = (directory.path / PROFILES).glob("*.json")
    for file in (*(directory.path / name for name in SEALED), *sorted(profiles)):
        try:
            record = read_sealed(file) or {}
            if file.name == BACKGROUNDS and not all(map(_is_background, record.values())):
                raise ValueError("it holds other things than backgrounds")
            judge = (judges or {}).get(file.parent.name if file.parent.name == PROFILES else file.name)
            if judge is not None and record:
                judge(record)
        except (ValueError, IndexDirectoryError) as error:
            yield str(file.relative_to(directory.path)), f"it is damaged ({error})"
    for folder in sorted((directory.path / ANN).glob("*/")):
        for file in damaged_beside(folder):
            yield str(file.relative_to(directory.path)), "it is damaged (its checksum is another)"


def damaged_beside(folder: Path) -> Iterator[Path]:
    """Files of ``folder`` whose checksums are not those that a JSON file there lists under their names."""
    for listed in sorted(folder.glob("*.json")):
        try:
            sums = read_sealed(listed) or {}
        except ValueError:
            yield listed
            continue
        for name, known in sums.items():
            if isinstance(known, list) and (
                not (folder / name).is_file() or known != file_checksums(folder / name)
            ):
                yield folder / name


def _is_background(written: object) -> bool:
    """Whether it is numbers and lists of numbers; what they mean, the search layer knows."""
    try:
        values = json.loads(written)  # type: ignore[arg-type]
        numbers = [
            one for value in values.values() for one in (value if isinstance(value, list) else [value])
        ]
        return all(isinstance(one, (int, float)) and math.isfinite(one) for one in numbers)
    except (TypeError, ValueError, AttributeError, OverflowError, RecursionError):
        return False
