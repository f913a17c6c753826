"""One source into items, in this process or any other: read and decode, with nothing but the file at hand."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError
from mmsearch.ingest.manifest.records import stated_fields
from mmsearch.ingest.passages import Passage, split_passages
from mmsearch.media.files import read_file
from mmsearch.media.limits import Limits
from mmsearch.media.picture import inspect_picture, load_picture
from mmsearch.media.text.text import read_text
from mmsearch.types import Locator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mmsearch.ingest.sources import Source
    from mmsearch.types import FieldValue, Modality, PictureSpec, Pixels, Vector


@dataclass(frozen=True, slots=True)
class Decoding:
    """How sources are decoded: pictures as an encoder wants them, or (None) only what they say of themselves.

    ``scaled`` skips detail that this size can't show.
    """

    picture: PictureSpec | None
    limits: Limits = field(default_factory=Limits)
    scaled: bool = True


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


def decode(source: Source, how: Decoding, row_of: Callable[[bytes], int | None]) -> Reading:
    """Read the files of ``source`` and split its texts.

    ``row_of`` says which row holds the vector of a picture with this key, if one does: it need not be decoded.
    Raises MediaError, and whatever a decoder raises for what no decoder expects.
    """
    drafts: list[Draft] = []
    fields: dict[str, FieldValue] = {}
    title, limits = source.title, how.limits
    passages: list[Passage] = []
    if source.picture is not None:
        draft, found = _decode_picture(source.picture, how, row_of)
        drafts.append(draft)
        fields |= found
    if source.text is not None:
        text_file = read_text(source.text, limits)
        title = title or text_file.title
        fields |= stated_fields(text_file.properties)
        passages += split_passages(text_file.text, limit=limits.max_passages)
    if source.body is not None:
        passages += split_passages(source.body, limit=limits.max_passages)
    if title:
        drafts.append(_text_draft(Locator("title"), title))
    drafts += [_text_draft(Locator("caption", n), text) for n, text in enumerate(source.captions)]
    drafts += [_text_draft(Locator("characters", p.start, p.end), p.text) for p in passages]
    if not drafts:
        raise MediaError("holds no text")
    return Reading(source, title, {**source.supplements, **fields, **source.fields}, drafts)


def _decode_picture(
    path: Path, how: Decoding, row_of: Callable[[bytes], int | None]
) -> tuple[Draft, Mapping[str, FieldValue]]:
    data = read_file(path, how.limits.max_bytes)
    draft = Draft("image", Locator(), hashlib.sha256(data).digest())
    if how.picture is None:
        return draft, inspect_picture(data, how.limits)
    draft.row = row_of(draft.key)
    if draft.row is not None:
        return draft, inspect_picture(data, how.limits)
    picture = load_picture(data, how.picture, how.limits, scaled_decoding=how.scaled)
    draft.pixels = picture.pixels
    return draft, picture.fields


def _text_draft(locator: Locator, text: str) -> Draft:
    return Draft("text", locator, hashlib.sha256(text.encode()).digest(), text)
