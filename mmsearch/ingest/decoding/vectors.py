"""Vectors on their way into the store: appended and synced before the catalogue points to them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.encoders.reading import reads
from mmsearch.errors import UsageError
from mmsearch.store.appending import open_for_appending
from mmsearch.store.precision import DEFAULT_PRECISION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.ingest.decoding.decoding import Draft
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.reader import CatalogueReader
    from mmsearch.store.directory import IndexDirectory
    from mmsearch.store.durable.checksums import Checksum
    from mmsearch.store.precision import Precision
    from mmsearch.store.vectors import VectorShards
    from mmsearch.types import Modality


class VectorWriter:
    """Appends the vectors of one encoder; under the index's lock. ``encoded`` and ``reused`` count them.

    Raises UsageError for another ``precision`` than the encoder's vectors have.
    """

    def __init__(
        self,
        directory: IndexDirectory,
        catalogue: Catalogue,
        encoder: Encoder,
        precision: Precision | None = None,
    ) -> None:
        modalities = tuple(sorted(encoder.modalities))
        self.encoder_id = catalogue.add_encoder(
            encoder.name,
            encoder.fingerprint,
            encoder.dimension,
            modalities,
            precision or DEFAULT_PRECISION,
            encoder.sound_fingerprint,
        )
        record = next(r for r in catalogue.encoders() if r.encoder_id == self.encoder_id)
        if precision not in (None, record.precision):
            raise UsageError(
                f"this index holds {record.precision} vectors of {record.name}, which is settled when they are made: "
                "index into another folder with --index"
            )
        self._shards: dict[Modality, VectorShards] = {
            modality: open_for_appending(directory, catalogue, record, modality) for modality in modalities
        }
        self._unrecorded: dict[Modality, int] = {}  # the first row whose checksum the catalogue does not have
        self.encoded: Counter[Modality] = Counter()
        self.reused = 0

    def append(self, drafts: Sequence[Draft]) -> dict[Modality, Sequence[Checksum]]:
        """Give ``drafts`` that have a vector a row instead; the checksums that the catalogue is to be told."""
        for modality, shards in self._shards.items():
            own = [draft for draft in drafts if draft.modality == modality]
            fresh = {d.key: d.vector for d in own if d.vector is not None}  # copies share a row
            self.reused += sum(draft.row is not None for draft in own)
            if not fresh:
                continue
            first = shards.append(np.stack(list(fresh.values())))
            shards.sync()
            self._unrecorded.setdefault(modality, first)
            rows = dict(zip(fresh, range(first, first + len(fresh)), strict=True))
            for draft in own:
                if draft.vector is not None:
                    draft.row, draft.vector = rows[draft.key], None
            self.encoded[modality] += len(fresh)
        return {
            modality: self._shards[modality].checksums(first) for modality, first in self._unrecorded.items()
        }

    def recorded(self) -> None:
        """The catalogue has the checksums."""
        self._unrecorded.clear()


def encode_texts(
    drafts: Iterable[Draft], encoder: Encoder, encoder_id: int, catalogue: CatalogueReader
) -> None:
    """Give drafts of texts the rows that the catalogue knows, or vectors; none of what ``encoder`` can't read."""
    drafts = list(drafts)
    if not drafts or "text" not in encoder.modalities:
        return
    rows = catalogue.rows_of_keys(encoder_id, "text", list({draft.key for draft in drafts}))
    fresh = {
        draft.key: draft for draft in drafts if draft.key not in rows and reads(encoder, draft.text or "")
    }
    vectors = encoder.encode_texts([draft.text or "" for draft in fresh.values()])
    found = dict(zip(fresh, vectors, strict=True))
    for draft in drafts:
        draft.row = rows.get(draft.key)
        if draft.row is None:
            draft.vector = found.get(draft.key)
