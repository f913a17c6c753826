"""One source into items, in this process or any other: read and decode, with nothing but the file at hand.

A source comes in instalments: a file of thousands of pages is read, encoded and written some pages at a time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError
from mmsearch.ingest.manifest.records import clean, stated_fields
from mmsearch.ingest.passages import split_passages
from mmsearch.media.files import digest
from mmsearch.media.limits import Limits
from mmsearch.media.readers.parts import Fault, Pause, PicturePart, SoundPart, TextPart
from mmsearch.media.readers.reader import read
from mmsearch.types import Locator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mmsearch.ingest.sources import Source
    from mmsearch.media.readers.parts import Part
    from mmsearch.types import FieldValue, Modality, PictureSpec, Pixels, Samples, Vector

# An instalment ends with the part that brings it to so many drafts, or so many of them with pixels, or with samples:
# ten seconds of sound are as large as four pictures.
DRAFTS, HEAVY_DRAFTS, SOUNDS = 256, 32, 8


@dataclass(frozen=True, slots=True)
class Decoding:
    """How sources are decoded: pictures as an encoder wants them, or (None) only what they say of themselves.

    ``scaled`` skips detail that this size can't show. ``sounds``: whether an encoder wants samples.
    """

    picture: PictureSpec | None
    limits: Limits = field(default_factory=Limits)
    scaled: bool = True
    sounds: bool = False


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
    samples: Samples | None = None
    rate: int | None = None

    @property
    def is_heavy(self) -> bool:
        """Whether it holds pixels or samples."""
        return self.pixels is not None or self.samples is not None


@dataclass(slots=True)
class Reading:
    """One source, or an instalment of it, with its items, ready to be written.

    One without items that is not the last says only that reading goes on: it is not written.

    ``first``: how many items the instalments before it had. ``last``: whether it is the last. ``title`` and ``fields``
    are in the first. ``key``: the SHA-256 of a ``document``, else None. ``faults``: parts that could not be read, with
    reasons. ``complete``: False of a last one when the file could be read only that far.
    """

    source: Source
    title: str | None
    fields: Mapping[str, FieldValue]
    drafts: list[Draft]
    first: int = 0
    last: bool = True
    faults: list[Fault] = field(default_factory=list)
    complete: bool = True
    key: bytes | None = None


def decode(source: Source, how: Decoding, row_of: Callable[[bytes], int | None]) -> Iterator[Reading]:
    """Read the files of ``source`` and split its texts: one reading, or several for what has many items.

    ``row_of`` says which row holds the vector of a picture with this key, if one does: it need not be decoded.
    Raises MediaError, and whatever a decoder raises for what no decoder expects; what came before is still good.
    """
    key = None
    if source.document is not None:
        key = digest(source.document)
    opened = [read(reader, file, how.limits) for reader, file in source.files]
    title = source.title or next((one.title for one in opened if one.title), None)
    title = clean(title) if title else None
    fields: dict[str, FieldValue] = {}
    for one in opened:
        fields |= {**one.fields, **stated_fields(one.properties)}
    faults: list[Fault] = []
    drafts = _drafts(source, title, [one.parts for one in opened], _Maker(how, row_of, fields, faults))
    first = 0
    following: object = None
    while True:
        held = [following] if isinstance(following, Draft) else []
        some = list(_instalment(chain(held, drafts)))
        following = next(drafts, _END)
        last = following is _END
        if not first and not some and last:
            raise MediaError(faults[0].reason if faults else "holds no text")
        given = {**source.supplements, **fields, **source.fields}
        yield Reading(source, title, given, some, first, last, faults[:], key=key)
        if last:
            return
        first += len(some)
        faults.clear()


_END = object()  # behind the last draft


def _instalment(drafts: Iterator[Draft | None]) -> Iterator[Draft]:
    heavy = sounds = 0
    for draft in islice(drafts, DRAFTS):
        if draft is None:
            return
        yield draft
        heavy += draft.is_heavy
        sounds += draft.samples is not None
        if heavy == HEAVY_DRAFTS or sounds == SOUNDS:
            return


@dataclass(slots=True)
class _Maker:
    """Makes drafts of parts; what it learns by the way, it adds to ``fields`` and ``faults``."""

    how: Decoding
    row_of: Callable[[bytes], int | None]
    fields: dict[str, FieldValue]
    faults: list[Fault]
    heard: bool = False

    def drafts(self, part: Part) -> Iterator[Draft | None]:
        """The items of one part; None for a pause."""
        match part:
            case TextPart(is_passage=True):
                if text := clean(part.text):
                    yield _text_draft(part.place, text)
            case TextPart():
                if part.title:
                    yield _text_draft(Locator("title").within(part.place), clean(part.title))
                for passage in split_passages(clean(part.text), limit=self.how.limits.max_passages):
                    place = Locator("characters", passage.start, passage.end).within(part.place)
                    yield _text_draft(place, passage.text)
            case PicturePart():
                yield from self._picture(part)
            case SoundPart():
                if self.how.sounds:
                    yield Draft("audio", part.place, part.key(), samples=part.samples, rate=part.rate)
                elif not self.heard:  # that there is sound is all that can be said
                    yield Draft("audio", Locator(), part.key())
                self.heard = True
            case Fault():
                self.faults.append(part)
            case Pause():
                yield None

    def _picture(self, part: PicturePart) -> Iterator[Draft]:
        draft = Draft("image", part.place, part.key())
        is_file = part.place.kind == "whole"
        try:
            fields = self._decode(part, draft)
        except MediaError as error:
            if is_file:
                raise
            self.faults.append(Fault(part.place, str(error)))
            return
        if is_file:
            stated = dict(self.fields)
            self.fields.clear()
            self.fields.update({**fields, **stated})
        yield draft
        for n, text in enumerate(part.captions):
            yield _text_draft(Locator("caption", n).within(part.place), clean(text))

    def _decode(self, part: PicturePart, draft: Draft) -> Mapping[str, FieldValue]:
        how = self.how
        if how.picture is not None:
            draft.row = self.row_of(draft.key)
            if draft.row is None:
                picture = part.picture(how.picture, how.limits, scaled=how.scaled)
                draft.pixels = picture.pixels
                return picture.fields
        return part.fields(how.limits)


def _drafts(
    source: Source, title: str | None, opened: Iterable[Iterator[Part]], maker: _Maker
) -> Iterator[Draft | None]:
    """All items in document order: a picture stands before what is said of it, all else behind; None for a pause."""
    listed = list(opened)
    if source.picture is not None:
        for part in listed.pop(0):
            yield from maker.drafts(part)
    if title:
        yield _text_draft(Locator("title"), title)
    for n, text in enumerate(source.captions):
        yield _text_draft(Locator("caption", n), text)
    for parts in listed:
        for part in parts:
            yield from maker.drafts(part)
    if source.body is not None:
        yield from maker.drafts(TextPart(source.body))


def _text_draft(locator: Locator, text: str) -> Draft:
    return Draft("text", locator, hashlib.sha256(text.encode()).digest(), text)
