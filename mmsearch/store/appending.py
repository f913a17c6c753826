"""Shards that a run may append to: in step with the catalogue, whatever was killed before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmsearch.errors import IndexDirectoryError
from mmsearch.store.durable.checksums import CENTER, Checksum

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.values import EncoderRecord
    from mmsearch.store.directory import IndexDirectory
    from mmsearch.store.vectors import VectorShards
    from mmsearch.types import Modality


def open_for_appending(
    directory: IndexDirectory, catalogue: Catalogue, record: EncoderRecord, modality: Modality
) -> VectorShards:
    """The shards of (encoder, modality), ready for a run that appends: under the lock.

    The catalogue's checksums are first brought to the rows that it points to (those of an older index are made), then
    what a killed run wrote beyond is cut off. Raises IndexDirectoryError when the last rows are damaged, and for a
    shard that is missing or too short.
    """
    rows = catalogue.highest_row(record.encoder_id, modality) + 1
    shards = directory.shards(record, modality, rows=rows)
    known = catalogue.checksums(record.encoder_id, modality)
    settled = _settled(shards, known)
    if settled != known:
        catalogue.replace_checksums(record.encoder_id, modality, settled.values())
    shards.truncate(rows)
    return shards


def _settled(shards: VectorShards, known: Mapping[int, Checksum]) -> dict[int, Checksum]:
    """A checksum for each block of ``shards``, the last one for as many rows as there are."""
    settled = {}
    for block in range(-(-shards.rows // shards.block_rows)):
        rows = min(shards.block_rows, shards.rows - block * shards.block_rows)
        checksum = known.get(block)
        last = rows < shards.block_rows or checksum is None or checksum.rows != rows
        if checksum is not None and last and shards.crc(block, checksum.rows) != checksum.crc:
            first = block * shards.block_rows
            raise IndexDirectoryError(
                f"{shards.file(first // shards.shard_rows)} is damaged (rows {first} to {first + checksum.rows - 1}); "
                "`mmsearch check --repair` drops them, and `mmsearch index` encodes them anew"
            )
        if checksum is None or checksum.rows != rows:
            crc = shards.crc(block, rows)
            assert crc is not None, "opening the shards has looked at their lengths"
            checksum = Checksum(block, rows, crc)
        settled[block] = checksum
    center = shards.center_checksum
    return settled if center is None or not shards.rows else {CENTER: center, **settled}
