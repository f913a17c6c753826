"""Compaction: shards and catalogue without tombstones.

New shards are written into a new folder; one transaction then gives the catalogue the new rows and the new
folder's name; the old folder goes last. Killed at any moment, the index is the old one or the new one.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mmsearch.errors import IndexDirectoryError
from mmsearch.store.durable.checksums import CENTER
from mmsearch.store.header import Manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.values import EncoderRecord
    from mmsearch.store.directory import IndexDirectory
    from mmsearch.store.durable.checksums import Checksum
    from mmsearch.store.vectors import VectorShards
    from mmsearch.types import Ids, Modality

_ROWS_AT_ONCE = 8_192


_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Compaction:
    """How many ``tombstones`` are gone, and the bytes of the directory before and after."""

    tombstones: int
    bytes_before: int
    bytes_after: int


def compact(directory: IndexDirectory) -> Compaction:
    """Rewrite what has tombstones or other gaps, shrink the catalogue, and delete leftovers.

    The caller holds the lock. It needs room for a second copy of the vectors and of the catalogue; when the
    disk is full (IndexDirectoryError), the index is left whole.
    """
    from mmsearch.store.catalogue.catalogue import Catalogue

    before = directory.size()
    with Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        directory.sweep(record.folder for record in catalogue.encoders())
        tombstones = catalogue.statistics().tombstones
        for record in catalogue.encoders():
            _rewrite(directory, catalogue, record)
        directory.write_manifest(Manifest.of(catalogue))
        directory.sweep(record.folder for record in catalogue.encoders())
        _forget_thumbnails(directory, catalogue)
        catalogue.vacuum()
    done = Compaction(tombstones, before, directory.size())
    _log.info(
        "compacted",
        extra={
            "fields": {"index": str(directory.path), "tombstones": done.tombstones, "bytes": done.bytes_after}
        },
    )
    return done


def _forget_thumbnails(directory: IndexDirectory, catalogue: Catalogue) -> None:
    """Small pictures of what is not in the index any more."""
    from mmsearch.store.kept.thumbnails import forget, keys_held

    kept = keys_held(directory.thumbnails)
    forget(directory.thumbnails, kept - catalogue.pictures_held(sorted(kept)))


def _rewrite(directory: IndexDirectory, catalogue: Catalogue, record: EncoderRecord) -> None:
    """One encoder's shards in the order of their items, if they are not without gaps already."""
    live = {m: catalogue.live_contents(record.encoder_id, m) for m in record.modalities}
    held = {m: catalogue.highest_row(record.encoder_id, m) + 1 for m in record.modalities}
    if all(contents.size == held[modality] for modality, (contents, _) in live.items()):
        return
    folder = _next_folder(record.folder)
    checksums: dict[Modality, Sequence[Checksum]] = {}
    for modality, (_, rows) in live.items():
        old = directory.shards(record, modality, rows=held[modality])
        new = directory.shards(replace(record, folder=folder), modality, rows=0)
        with old, new:
            _compare(old, catalogue.checksums(record.encoder_id, modality).values())
            for start in range(0, rows.size, _ROWS_AT_ONCE):
                _copy(old, new, rows[start : start + _ROWS_AT_ONCE])
            new.sync()
            checksums[modality] = new.checksums(0)
    listed: dict[Modality, Ids] = {modality: contents for modality, (contents, _) in live.items()}
    catalogue.purge(record.encoder_id, folder, listed, checksums)


def _compare(shards: VectorShards, checksums: Iterable[Checksum]) -> None:
    """Damaged rows must not get a new checksum."""
    for block, rows, crc in checksums:
        if block != CENTER and block * shards.block_rows < shards.rows and shards.crc(block, rows) != crc:
            raise IndexDirectoryError(_damaged(shards))


def _copy(old: VectorShards, new: VectorShards, rows: Ids) -> None:
    try:
        new.copy(old, rows)
    except ValueError as error:
        raise IndexDirectoryError(_damaged(old)) from error


def _damaged(shards: VectorShards) -> str:
    return f"{shards.directory} holds damaged vectors; `mmsearch check --repair` drops them"


def _next_folder(folder: str) -> str:
    """``pocket-1a2b``, ``pocket-1a2b.2``, ``pocket-1a2b.3``, …"""
    stem, number = re.fullmatch(r"(.*?)(?:\.(\d+))?", folder).groups()  # type: ignore[union-attr]
    return f"{stem}.{int(number or 1) + 1}"
