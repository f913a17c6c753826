"""Sources into items with vectors: read, decode and encode a batch, in any number of threads."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.errors import MediaError
from mmsearch.ingest.passages import Passage, split_passages
from mmsearch.ingest.sources import Skipped, Source
from mmsearch.media.files import os_reason, read_file
from mmsearch.media.picture import inspect_picture, load_picture
from mmsearch.media.text import read_text
from mmsearch.store.catalogue.catalogue import Catalogue
from mmsearch.types import Locator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.media.limits import Limits
    from mmsearch.store.directory import IndexDirectory
    from mmsearch.types import FieldValue, Modality, Pixels, Vector

# Sources that one worker takes at a time: enough to fill a tower's batch, few enough to commit often.
BATCH = 32
# An encoder that uses the whole device for one batch gains from a larger one.
BATCH_SERIAL = 256


@dataclass(slots=True)
class Draft:
    """One item on its way: its vector is in the catalogue (``row``), computed (``vector``), or there is none."""

    modality: Modality
    locator: Locator
    key: bytes
    text: str | None = None
    row: int | None = None
    vector: Vector | None = None
    pixels: Pixels | None = None


@dataclass(slots=True)
class Reading:
    """One source with its items, ready to be written."""

    source: Source
    title: str | None
    fields: Mapping[str, FieldValue]
    drafts: list[Draft]


def batch_size(encoder: Encoder) -> int:
    """How many sources ``encoder`` is given at a time."""
    return BATCH if encoder.parallel else BATCH_SERIAL


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
        self.limits, self.scaled_decoding = limits, scaled_decoding
        self._local = threading.local()
        self._opened: list[Catalogue] = []

    def close(self) -> None:
        """Close the connections of all threads."""
        for catalogue in self._opened:
            catalogue.close()

    def read_batch(self, sources: Sequence[Source]) -> tuple[list[Reading], list[Skipped]]:
        """Read, decode and encode ``sources``; a bad one is skipped, the others go on."""
        readings: list[Reading] = []
        skipped: list[Skipped] = []
        for source in sources:
            try:
                readings.append(self._read(source))
            except MediaError as error:
                skipped.append(Skipped(source.path, str(error)))
            except OSError as error:
                skipped.append(Skipped(source.path, os_reason(error)))
        self._encode_images([d for r in readings for d in r.drafts if d.pixels is not None])
        self._encode_texts([d for r in readings for d in r.drafts if d.modality == "text"])
        return readings, skipped

    def _read(self, source: Source) -> Reading:
        drafts: list[Draft] = []
        fields: dict[str, FieldValue] = {}
        title, limits = source.title, self.limits
        passages: list[Passage] = []
        if source.picture is not None:
            draft, found = self._read_picture(source.picture)
            drafts.append(draft)
            fields |= found
        if source.text is not None:
            text_file = read_text(source.text, limits)
            title = title or text_file.title
            passages += split_passages(text_file.text, limit=limits.max_passages)
        if source.body is not None:
            passages += split_passages(source.body, limit=limits.max_passages)
        if title:
            drafts.append(_text_draft(Locator("title"), title))
        drafts += [_text_draft(Locator("caption", n), text) for n, text in enumerate(source.captions)]
        drafts += [_text_draft(Locator("characters", p.start, p.end), p.text) for p in passages]
        if not drafts:
            raise MediaError("holds no text")
        return Reading(source, title, fields | dict(source.fields), drafts)

    def _read_picture(self, path: Path) -> tuple[Draft, Mapping[str, FieldValue]]:
        limits = self.limits
        data = read_file(path, limits.max_bytes)
        draft = Draft("image", Locator(), hashlib.sha256(data).digest())
        if "image" not in self.encoder.modalities:
            return draft, inspect_picture(data, limits)
        draft.row = self._catalogue().rows_of_keys(self.encoder_id, "image", [draft.key]).get(draft.key)
        if draft.row is not None:
            return draft, inspect_picture(data, limits)
        picture = load_picture(data, self.encoder.picture, limits, scaled_decoding=self.scaled_decoding)
        draft.pixels = picture.pixels
        return draft, picture.fields

    def _encode_images(self, drafts: list[Draft]) -> None:
        size = batch_size(self.encoder)
        for start in range(0, len(drafts), size):
            chosen = drafts[start : start + size]
            pixels = np.stack([draft.pixels for draft in chosen if draft.pixels is not None])
            for draft, vector in zip(chosen, self.encoder.encode_images(pixels), strict=True):
                draft.vector, draft.pixels = vector, None

    def _encode_texts(self, drafts: list[Draft]) -> None:
        if not drafts or "text" not in self.encoder.modalities:
            return
        keys = list({draft.key for draft in drafts})
        rows = self._catalogue().rows_of_keys(self.encoder_id, "text", keys)
        fresh = {draft.key: draft for draft in drafts if draft.key not in rows}
        vectors = self.encoder.encode_texts([draft.text or "" for draft in fresh.values()])
        found = dict(zip(fresh, vectors, strict=True))
        for draft in drafts:
            draft.row = rows.get(draft.key)
            if draft.row is None:
                draft.vector = found[draft.key]

    def _catalogue(self) -> Catalogue:
        catalogue: Catalogue | None = getattr(self._local, "catalogue", None)
        if catalogue is None:
            catalogue = self._local.catalogue = Catalogue.open(self.directory.catalogue_path)
            self._opened.append(catalogue)
        return catalogue


def _text_draft(locator: Locator, text: str) -> Draft:
    return Draft("text", locator, hashlib.sha256(text.encode()).digest(), text)
