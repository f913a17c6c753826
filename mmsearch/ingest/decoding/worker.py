"""Sources into items with vectors: read, decode and encode a batch, in any number of threads."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.ingest.decoding.decoding import Decoding, Reading, decode
from mmsearch.ingest.decoding.hearing import Hearer
from mmsearch.ingest.decoding.isolation import IsolatedDecoder
from mmsearch.ingest.decoding.vectors import encode_texts
from mmsearch.ingest.sources import Skipped
from mmsearch.media.faults import fault_of
from mmsearch.media.isolation.child import DecoderDiedError, NoChildError
from mmsearch.store.catalogue.catalogue import Catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.ingest.decoding.decoding import Draft
    from mmsearch.ingest.sources import Source
    from mmsearch.media.limits import Limits
    from mmsearch.store.directory import IndexDirectory

# Sources that one worker takes at a time: enough to fill a tower's batch, few enough to commit often.
BATCH = 32
# An encoder that uses the whole device for one batch gains from a larger one.
BATCH_SERIAL = 256
# Drafts that are encoded and written together at most, or few more.
TEXTS = 512


def batch_size(encoder: Encoder) -> int:
    """How many sources ``encoder`` is given at a time."""
    return BATCH if encoder.parallel else BATCH_SERIAL


class Headway:
    """Since when (`time.monotonic`) a batch's decoder has been at one file; None between files."""

    def __init__(self) -> None:
        self.since: float | None = None

    def stalled(self, seconds: float) -> bool:
        """Whether it has been at one file for that long."""
        since = self.since
        return since is not None and time.monotonic() - since > seconds


@dataclass(slots=True)
class Portion:
    """What is handed on together: ``readings``, files passed over, and how many sources came to their end in it."""

    readings: list[Reading] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    done: int = 0

    def is_full(self, heavy: int) -> bool:
        """Whether it holds as much as a tower takes at a time: so many ``heavy`` drafts, or many texts."""
        drafts = [draft for reading in self.readings for draft in reading.drafts]
        return len(drafts) >= TEXTS or sum(draft.is_heavy for draft in drafts) >= heavy


class Reader:
    """Sources into readings, in worker threads. Each thread has its own read connection.

    What the catalogue holds already is not encoded again. Pictures are decoded within ``limits``, at a reduced scale
    where their format allows it and ``scaled_decoding`` is on.
    """

    def __init__(
        self,
        directory: IndexDirectory,
        encoder: Encoder,
        encoder_id: int,
        limits: Limits,
        *,
        scaled_decoding: bool,
    ) -> None:
        self.directory, self.encoder, self.encoder_id = directory, encoder, encoder_id
        picture = encoder.picture if "image" in encoder.modalities else None
        self.decoding = Decoding(picture, limits, scaled_decoding, "audio" in encoder.modalities)
        self._local = threading.local()
        self._opened: list[Catalogue | IsolatedDecoder] = []

    def close(self) -> None:
        """Close the connections and child processes of all threads."""
        for one in self._opened:
            one.close()

    def read_batch(
        self,
        sources: Sequence[Source],
        headway: Headway | None = None,
        *,
        isolated: bool = False,
        tried: bool = False,
    ) -> Iterator[Portion]:
        """Read, decode and encode ``sources``; a bad one is skipped, the others go on.

        All in one portion, or in several where there is much in them. ``headway`` is told when a decoder is at work.
        ``isolated``: a child process decodes; one that ends over a source says so by the stamp of what is skipped.
        ``tried``: there, what is decoded is encoded as well, for a trial.
        """
        size = batch_size(self.encoder)
        portion = Portion()
        for source in sources:
            for read in self._read(source, headway, asked_for=isolated, tried=tried):
                if isinstance(read, Skipped):
                    portion.skipped.append(read)
                else:
                    portion.readings.append(read)
                if portion.is_full(size):
                    yield self._encoded(portion)
                    portion = Portion()
            portion.done += 1
        yield self._encoded(portion)

    def _read(
        self, source: Source, headway: Headway | None, *, asked_for: bool, tried: bool
    ) -> Iterator[Reading | Skipped]:
        """The instalments of one source; what ends them too early is told, and said by a last one."""
        headway = headway or Headway()
        items = 0
        try:
            isolated = asked_for or source.is_isolated
            readings = self._decode_isolated(source, tried=tried) if isolated else self._decode(source)
            if self.decoding.sounds:
                readings = Hearer(self.encoder).heard(readings)
            while True:
                headway.since = time.monotonic()
                reading = next(readings, None)
                headway.since = None
                if reading is None:
                    return
                items = reading.first + len(reading.drafts)
                if reading.drafts or reading.last:
                    yield reading
                for fault in reading.faults:
                    place = "" if fault.place.kind == "whole" else f" {fault.place}"
                    yield Skipped(f"{source.path}{place}", fault.reason)
        except GeneratorExit:
            raise
        except BaseException as error:
            headway.since = None
            if isinstance(error, NoChildError) and not asked_for:
                skipped = Skipped(source.path, str(error))
            else:
                died = isinstance(error, DecoderDiedError)
                skipped = Skipped(source.path, fault_of(error), stamp=source.stamp if died else None)
            if items:
                yield Reading(source, None, {}, [], items, last=True, complete=False)
            yield skipped

    def _decode(self, source: Source) -> Iterator[Reading]:
        return decode(source, self.decoding, self._row_of_picture)

    def _decode_isolated(self, source: Source, *, tried: bool = False) -> Iterator[Reading]:
        """The child knows nothing of the index: what is known is found out afterwards."""
        encoder = self.encoder.name if tried else None
        decoder: IsolatedDecoder | None = getattr(self._local, "decoder", None)
        if decoder is None or decoder.encoder != encoder:
            if decoder is not None:
                decoder.close()
            decoder = self._local.decoder = IsolatedDecoder(self.decoding, encoder)
            self._opened.append(decoder)
        for reading in decoder.decode(source):
            for draft in reading.drafts:
                if draft.pixels is not None and (row := self._row_of_picture(draft.key)) is not None:
                    draft.row, draft.pixels = row, None
            yield reading

    def _encoded(self, portion: Portion) -> Portion:
        encoded, failed = self._encode(portion.readings)
        return Portion(encoded, portion.skipped + failed, portion.done)

    def _encode(self, readings: list[Reading]) -> tuple[list[Reading], list[Skipped]]:
        """Give drafts their vectors. Should that fail, one source after the other, to find the one that fails."""
        try:
            self._encode_all(readings)
        except BaseException as error:
            reason = fault_of(error)
            if len(readings) == 1:
                return [], [Skipped(readings[0].source.path, reason)]
            alone = [self._encode([reading]) for reading in readings]
            encoded = [reading for some, _ in alone for reading in some]
            if not encoded:
                raise  # it is not the files
            return encoded, [entry for _, failed in alone for entry in failed]
        return readings, []

    def _encode_all(self, readings: Sequence[Reading]) -> None:
        self._encode_images([d for r in readings for d in r.drafts if d.pixels is not None])
        self._find_sounds([d for r in readings for d in r.drafts if d.modality == "audio"])
        texts = [d for r in readings for d in r.drafts if d.modality == "text"]
        if texts:
            encode_texts(texts, self.encoder, self.encoder_id, self._catalogue())

    def _row_of_picture(self, key: bytes) -> int | None:
        return self._catalogue().rows_of_keys(self.encoder_id, "image", [key]).get(key)

    def _encode_images(self, drafts: list[Draft]) -> None:
        size = batch_size(self.encoder)
        for start in range(0, len(drafts), size):
            chosen = drafts[start : start + size]
            pixels = np.stack([draft.pixels for draft in chosen if draft.pixels is not None])
            for draft, vector in zip(chosen, self.encoder.encode_images(pixels), strict=True):
                draft.vector, draft.pixels = vector, None

    def _find_sounds(self, drafts: Sequence[Draft]) -> None:
        """Segments that are known already have their rows."""
        rows = self._catalogue().rows_of_keys(self.encoder_id, "audio", [draft.key for draft in drafts])
        for draft in drafts:
            draft.row = rows.get(draft.key)
            if draft.row is not None:
                draft.vector = None

    def _catalogue(self) -> Catalogue:
        catalogue: Catalogue | None = getattr(self._local, "catalogue", None)
        if catalogue is None:
            catalogue = self._local.catalogue = Catalogue.open(self.directory.catalogue_path)
            self._opened.append(catalogue)
        return catalogue
