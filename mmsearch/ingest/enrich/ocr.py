"""The writing in pictures and on pages without a text layer, as paragraphs with boxes."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mmsearch.errors import MediaError, MissingExtraError
from mmsearch.ingest.enrich.enricher import Found, Look, Subject
from mmsearch.ingest.manifest.records import clean
from mmsearch.media.faults import fault_of
from mmsearch.media.limits import Limits
from mmsearch.media.writing import LONGEST_SIDE, MODEL, WritingReader, paragraphs
from mmsearch.store.catalogue.enrichment import Enrichment
from mmsearch.types import Locator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mmsearch.media.writing import Paragraph
    from mmsearch.store.catalogue.values import StoredItem


@dataclass(frozen=True)
class Ocr:
    """Reads picture files, pictures within documents, pages of PDF that have no text of their own, and the scenes of
    films. ``reader`` is the engine; making one loads no model."""

    reader: WritingReader = field(default_factory=WritingReader)
    limits: Limits = field(default_factory=Limits)

    @cached_property
    def enrichment(self) -> Enrichment:
        """As `Enricher`."""
        return Enrichment("ocr", MODEL, self.reader.version)

    @property
    def is_whole(self) -> bool:
        """As `Enricher`: what this version has not looked at, an earlier one may have."""
        return False

    def subjects(self, items: Sequence[StoredItem], document_key: bytes | None) -> Iterator[Subject]:
        """As `Enricher`."""
        from pathlib import Path

        written = {
            str(item.locator.outermost) for item in items if item.locator.innermost.kind == "characters"
        }
        for item in items:
            place = item.locator
            lies_in = document_key is not None
            is_page = lies_in and place.inner is None and place.kind == "page" and str(place) not in written
            is_scene = lies_in and place.inner is None and place.kind == "frame"
            is_within = lies_in and place.innermost.kind in ("picture", "attachment")
            if item.modality == "image" and (place.kind == "whole" or is_page or is_scene or is_within):
                yield Subject(item.key, Path(item.corpus_root) / item.path, item.path, place, (item,))

    def look(self, subjects: Sequence[Subject]) -> Iterator[Look]:
        """As `Enricher`."""
        for subject in subjects:
            try:
                yield Look(subject, tuple(map(_found, self._paragraphs(subject))))
            except MissingExtraError:
                raise
            except BaseException as error:
                yield Look(subject, fault=fault_of(error))

    def _paragraphs(self, subject: Subject) -> list[Paragraph]:
        from mmsearch.media.isolation.lookup import isolated_picture_at
        from mmsearch.media.picture import thumbnail_pixels

        picture, key = isolated_picture_at(subject.file, subject.place, self.limits, LONGEST_SIDE)
        if key != subject.key:
            raise MediaError("has changed since it was indexed: `mmsearch index` comes first")
        return paragraphs(self.reader.lines(thumbnail_pixels(picture, LONGEST_SIDE, self.limits)))


def _found(paragraph: Paragraph) -> Found:
    lines: list[Any] = [
        {
            "text": clean(line.text),
            "box": [round(side, 4) for side in line.box],
            "score": round(line.score, 3),
        }
        for line in paragraph.lines
    ]
    return Found(clean(paragraph.text), Locator("box", box=paragraph.box), {"lines": lines})
