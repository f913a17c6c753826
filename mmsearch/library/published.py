"""The vectors of an index on PostgreSQL servers: brought there, searched there, compared with those here.

The shards stay what the index has: what is there is a copy, by which candidates are found. A table holds the first so
many rows, and the name of their state; rows that came later, and all rows after a compaction, are searched from here
until they are published.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.errors import DatabaseError, IndexDirectoryError, StoreWarning, UsageError
from mmsearch.store.check import Problem
from mmsearch.store.directory import POSTGRES
from mmsearch.store.durable.checksums import state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mmsearch.ann.index import VectorIndex
    from mmsearch.ann.placement import Placement, StoredRows
    from mmsearch.postgres.attachment import Attachment
    from mmsearch.postgres.table import Table
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.values import EncoderRecord
    from mmsearch.store.directory import IndexDirectory
    from mmsearch.types import Modality

# Rows that are compared at a time.
COMPARED_ROWS = 4096


def published_to(directory: IndexDirectory) -> Attachment | None:
    """The servers that hold the vectors of an index; None where they are searched here."""
    record = directory.read_postgres()
    if not record:
        return None
    from mmsearch.postgres.attachment import Attachment

    return Attachment.from_record(record)


def attach(
    directory: IndexDirectory, catalogue: Catalogue, servers: Sequence[str], *, approximate: bool = False
) -> int:
    """Bring the vectors to ``servers`` and search them there from now on; how many rows were sent. Under the lock.

    Raises UsageError for an index whose vectors are no halves, or that has servers; DatabaseError when one of them
    can't be asked: then nothing has changed.
    """
    from mmsearch.postgres.attachment import Attachment

    if published_to(directory) is not None:
        raise UsageError("the vectors are on a server already: `mmsearch postgres detach` first")
    others = sorted({record.precision for record in catalogue.encoders()} - {"float16"})
    if others:
        raise UsageError(
            f"PostgreSQL holds halves, this index has {others[0]} vectors: index without --vectors"
        )
    attachment = Attachment.to(servers, approximate=approximate)
    return _publish(directory, catalogue, attachment)


def publish(directory: IndexDirectory, catalogue: Catalogue, *, anew: bool = False) -> int:
    """Bring to the servers what they have not; with ``anew`` everything. How many rows were sent. Under the lock.

    Raises UsageError where there are no servers, DatabaseError when one can't be asked.
    """
    attachment = published_to(directory)
    if attachment is None:
        raise UsageError(
            "the vectors of this index are on no server: `mmsearch postgres attach` puts them there"
        )
    return _publish(directory, catalogue, attachment, anew=anew)


def detach(directory: IndexDirectory, *, keep: bool = False) -> int:
    """Search the vectors here again; delete the tables unless they are to ``keep``. How many went. Under the lock.

    Raises UsageError where there are no servers, DatabaseError when one can't be asked: then nothing has changed.
    """
    attachment = published_to(directory)
    if attachment is None:
        raise UsageError("the vectors of this index are on no server")
    gone = 0
    if not keep:
        from mmsearch.postgres.server import server
        from mmsearch.postgres.table import drop

        gone = drop([server(address) for address in attachment.servers], f"{attachment.name}/")
    directory.write_postgres(None)
    return gone


def open_published(
    directory: IndexDirectory,
    servers: Mapping[str, object],
    record: EncoderRecord,
    modality: Modality,
    placement: Placement,
    state: Callable[[int], str],
) -> VectorIndex | None:
    """The index that searches on the ``servers``; None where they hold no rows of this state.

    None too, with a StoreWarning, when one can't be asked and the vectors are here; without them, DatabaseError.
    """
    from mmsearch.ann.placement import StoredRows
    from mmsearch.postgres.attachment import Attachment
    from mmsearch.postgres.index import PostgresIndex
    from mmsearch.store.precision import HalfForm

    attachment = Attachment.from_record(servers)
    if attachment is None or record.precision != "float16":
        return None
    last = int(placement.rows.max())
    try:
        table = _table(attachment, record, modality)
    except DatabaseError as error:
        try:
            directory.shards(record, modality, rows=last + 1).close()
        except IndexDirectoryError:
            raise error from None
        warnings.warn(f"{error}; the vectors that are here are searched", StoreWarning, stacklevel=2)
        return None
    if table is None or table.state != state(table.rows):
        return None
    newer = None
    if last >= table.rows:
        shards = directory.shards(record, modality, rows=last + 1)
        fresh = np.concatenate([rows[max(0, table.rows - first) :] for first, rows in shards.blocks()])
        newer = StoredRows((fresh,), HalfForm(record.dimension))
    return PostgresIndex(placement, table, newer)


def unlike(directory: IndexDirectory) -> Iterator[Problem]:
    """What is other on the servers than here, as problems of the file that names them."""
    from mmsearch.store.catalogue.catalogue import Catalogue

    attachment = published_to(directory)
    if attachment is None:
        return
    with Catalogue.open(directory.catalogue_path) as catalogue:
        for record in catalogue.encoders():
            for modality in record.modalities:
                try:
                    told = _compared(directory, catalogue, attachment, record, modality)
                except DatabaseError as error:
                    told = str(error)
                if told:
                    yield Problem(POSTGRES, f"{record.name}, {modality}: {told}", False)


def _compared(
    directory: IndexDirectory,
    catalogue: Catalogue,
    attachment: Attachment,
    record: EncoderRecord,
    modality: Modality,
) -> str | None:
    stored = _stored(directory, catalogue, record, modality)
    if stored is None:
        return None
    table = _table(attachment, record, modality)
    state = state_of(catalogue.checksums(record.encoder_id, modality))
    if table is None or table.rows < stored.rows or table.state != state(table.rows):
        return "the servers have not all of its vectors: `mmsearch postgres push`"
    for start in range(0, table.rows, COMPARED_ROWS):
        rows = np.arange(start, min(start + COMPARED_ROWS, table.rows))
        here = np.concatenate([block for _, block in _between(stored, rows)])
        if here.tobytes() != table.vectors(rows).tobytes():
            return f"vectors of rows {rows[0]} to {rows[-1]} are other on the servers: `mmsearch postgres push --anew`"
    return None


def _between(
    stored: StoredRows, rows: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> Iterator[tuple[int, np.ndarray]]:
    offset = 0
    for array in stored.arrays:
        first, last = max(0, int(rows[0]) - offset), min(len(array), int(rows[-1]) + 1 - offset)
        if first < last:
            yield offset + first, np.asarray(array[first:last])
        offset += len(array)


def _publish(
    directory: IndexDirectory, catalogue: Catalogue, attachment: Attachment, *, anew: bool = False
) -> int:
    from mmsearch.postgres.server import server
    from mmsearch.postgres.table import publish as bring

    sent = 0
    for record in catalogue.encoders():
        for modality in record.modalities:
            stored = _stored(directory, catalogue, record, modality)
            if stored is not None:
                sent += bring(
                    [server(address) for address in attachment.servers],
                    _name(attachment, record, modality),
                    stored,
                    state_of(catalogue.checksums(record.encoder_id, modality)),
                    approximate=attachment.approximate,
                    index=str(directory.path.resolve()),
                    anew=anew,
                )
    directory.write_postgres(attachment.again().to_record())
    return sent


def _stored(
    directory: IndexDirectory, catalogue: Catalogue, record: EncoderRecord, modality: Modality
) -> StoredRows | None:
    from mmsearch.ann.placement import StoredRows

    rows = catalogue.highest_row(record.encoder_id, modality) + 1
    if not rows:
        return None
    shards = directory.shards(record, modality, rows=rows)
    return StoredRows.of(shards.blocks(), shards.form)


def _table(attachment: Attachment, record: EncoderRecord, modality: Modality) -> Table | None:
    from mmsearch.postgres.server import server
    from mmsearch.postgres.table import Table

    servers = [server(address) for address in attachment.servers]
    return Table.open(servers, _name(attachment, record, modality), record.dimension)


def _name(attachment: Attachment, record: EncoderRecord, modality: Modality) -> str:
    return f"{attachment.name}/{record.fingerprint[:16]}/{modality}"
