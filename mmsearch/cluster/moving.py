"""Documents brought from one index directory to another with their vectors: nothing is encoded again.

Each batch is stored where it goes before it is taken away from where it was. After a kill some documents lie in both,
until the next move; the manifest that readers follow still names the shards as they were.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.cluster.placing import shard_for
from mmsearch.store.appending import open_for_appending
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.store.catalogue.values import NewDocument, NewItem
from mmsearch.store.directory import IndexDirectory, Manifest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from mmsearch.store.catalogue.values import EncoderRecord, StoredItem
    from mmsearch.store.durable.checksums import Checksum
    from mmsearch.types import Modality

# Documents that are stored in one transaction.
BATCH = 500


def spread(source: Path, targets: Mapping[str, Path], *, keep: bool) -> int:
    """Bring each document of the index at ``source`` to that of the ``targets``, by name, in which it belongs.

    Those that belong where they are stay. ``keep``: leave ``source`` as it is. How many were brought. Takes the locks
    of both indexes. Raises IndexLockedError when another process writes, and what opening the indexes raises.
    """
    names = list(targets)
    own = next((name for name, path in targets.items() if path == source), None)
    directory = IndexDirectory.open(source)
    moved = 0
    with directory.write_lock(), Catalogue.open(directory.catalogue_path, write=True) as catalogue:
        leaving: dict[str, list[int]] = defaultdict(list)
        for number, root, path in catalogue.document_paths():
            name = names[shard_for(root, path, names)]
            if name != own:
                leaving[name].append(number)
        for name, numbers in leaving.items():
            target = IndexDirectory.create(targets[name])
            with target.write_lock():
                for start in range(0, len(numbers), BATCH):
                    some = numbers[start : start + BATCH]
                    copied = _copy(directory, catalogue, target, some)
                    if not keep:
                        catalogue.remove(copied)
                    moved += len(copied)
        directory.write_manifest(Manifest.of(catalogue))
    return moved


def with_encoders(source: Path, target: Path) -> None:
    """Make the index at ``target`` know the encoders of ``source``, so that an empty shard can be searched too."""
    with Catalogue.open(IndexDirectory.open(source).catalogue_path) as catalogue:
        records = catalogue.encoders()
    made = IndexDirectory.create(target)
    with made.write_lock(), Catalogue.open(made.catalogue_path, write=True) as catalogue:
        for record in records:
            _add_encoder(catalogue, record)
        made.write_manifest(Manifest.of(catalogue))


def _copy(
    source: IndexDirectory, catalogue: Catalogue, target: IndexDirectory, numbers: Sequence[int]
) -> list[int]:
    """Store documents of ``catalogue`` in ``target``, which is locked, as they are; those that have items.

    What enrichments have found in them is found again by these.
    """
    given = set(catalogue.given_fields())
    stored = catalogue.own_items(numbers)
    stamps, keys = catalogue.stamps(numbers), catalogue.document_keys()
    fields: dict[str, dict[tuple[str, str], str | None]] = defaultdict(dict)
    with Catalogue.open(target.catalogue_path, write=True) as into:
        corpora = {
            root: into.add_corpus(root) for root in sorted({some[0].corpus_root for some in stored.values()})
        }
        for record in catalogue.encoders():
            rows, checksums = _copy_vectors(source, catalogue, target, into, record, stored.values())
            documents = []
            for number, items in stored.items():
                first = items[0]
                for name in given & first.fields.keys():
                    fields[name][first.corpus_root, first.path] = str(first.fields[name])
                own = {name: value for name, value in first.fields.items() if name not in given}
                made = tuple(
                    NewItem(one.modality, one.locator, one.key, one.text, rows.get((one.modality, one.key)))
                    for one in items
                )
                corpus, stamp = corpora[first.corpus_root], stamps[number]
                documents.append(
                    NewDocument(corpus, first.path, stamp, first.title, own, made, keys.get(number))
                )
            into.put(documents, _add_encoder(into, record), checksums)
        ids = {(root, path): number for number, root, path in into.document_paths()} if fields else {}
        for name, values in fields.items():
            into.set_field(name, {ids[place]: value for place, value in values.items()})
        target.write_manifest(Manifest.of(into))
    return list(stored)


def _copy_vectors(
    source: IndexDirectory,
    catalogue: Catalogue,
    target: IndexDirectory,
    into: Catalogue,
    record: EncoderRecord,
    documents: Collection[Sequence[StoredItem]],
) -> tuple[dict[tuple[Modality, bytes], int], dict[Modality, Sequence[Checksum]]]:
    """Append the vectors of the items that ``target`` has none of; the rows of all, by modality and key."""
    own_id = _add_encoder(into, record)
    own = next(one for one in into.encoders() if one.encoder_id == own_id)
    rows: dict[tuple[Modality, bytes], int] = {}
    checksums: dict[Modality, Sequence[Checksum]] = {}
    for modality in record.modalities:
        keys = list(
            dict.fromkeys(item.key for items in documents for item in items if item.modality == modality)
        )
        there = into.rows_of_keys(own_id, modality, keys)
        known = catalogue.rows_of_keys(record.encoder_id, modality, [key for key in keys if key not in there])
        if known:
            read = source.shards(
                record, modality, rows=catalogue.highest_row(record.encoder_id, modality) + 1
            )
            shards = open_for_appending(target, into, own, modality)
            wanted = np.array(list(known.values()), dtype=np.int64)
            first = (
                shards.append(read.read(wanted))
                if record.precision == "binary"
                else shards.copy(read, wanted)
            )
            shards.sync()
            checksums[modality] = shards.checksums(first)
            there |= dict(zip(known, range(first, first + len(known)), strict=True))
        rows |= {(modality, key): row for key, row in there.items()}
    return rows, checksums


def _add_encoder(catalogue: Catalogue, record: EncoderRecord) -> int:
    return catalogue.add_encoder(
        record.name, record.fingerprint, record.dimension, record.modalities, record.precision
    )
