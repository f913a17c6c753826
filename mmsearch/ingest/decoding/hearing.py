"""The sounds of a source into items: windows are encoded, and what sounds alike becomes one item."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from mmsearch.errors import EncoderError
from mmsearch.ingest.decoding.decoding import Draft
from mmsearch.ingest.decoding.segments import Segment, Segmenter
from mmsearch.media.sound.stretches import windows
from mmsearch.types import Locator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.ingest.decoding.decoding import Reading

_GAP = 0.01  # seconds; a stretch that begins later does not go on from the one before


class Hearer:
    """Puts segments into the place of the stretches of one source, instalment by instalment."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder
        self._segmenter = Segmenter()
        self._end: float | None = None  # of the last stretch
        self._items = 0

    def heard(self, readings: Iterable[Reading]) -> Iterator[Reading]:
        """``readings`` of a source with an item for each segment; others are handed on as they are."""
        for reading in readings:
            drafts = [one for draft in reading.drafts for one in self._segments(draft)]
            if reading.last:
                drafts += self._settled(self._segmenter.end())
            first = self._items
            self._items += len(drafts)
            yield replace(reading, drafts=drafts, first=first)

    def _segments(self, draft: Draft) -> Iterator[Draft]:
        if draft.samples is None:
            yield draft
            return
        spec, start = self.encoder.sound, draft.locator.start or 0.0
        if draft.rate != spec.rate:
            raise EncoderError(f"{self.encoder.name} wants {spec.rate} samples a second, not {draft.rate}")
        if self._end is None or start > self._end + _GAP:
            yield from self._settled(self._segmenter.end())
        end = self._end = start + draft.samples.size / spec.rate
        cuts = windows(draft.samples, spec)
        step = spec.hop / spec.rate
        heard = []
        for number, vector in enumerate(self.encoder.encode_sounds(cuts)):
            own = draft.samples[number * spec.hop : (number + 1) * spec.hop]
            until = end if number == len(cuts) - 1 else start + (number + 1) * step
            digest = hashlib.sha256(own.tobytes()).digest()
            heard.append(Segment(start + number * step, until, vector, 1, digest))
        draft.samples = None
        yield from self._settled(self._segmenter.add(heard))

    def _settled(self, segments: Iterable[Segment]) -> Iterator[Draft]:
        for one in segments:
            place = Locator("seconds", round(one.start, 2), round(one.end, 2))
            key = hashlib.sha256(f"{self.encoder.sound.rate}:".encode() + one.digests).digest()
            yield Draft("audio", place, key, vector=one.vector)
