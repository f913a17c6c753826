"""Documents, their pictures, and pictures that were sent."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from mmsearch.serve.models.results import NeighborShown, Value


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ItemShown(_Shape):
    """One item of a document."""

    item_id: int
    modality: Literal["image", "text", "audio"]
    locator: str
    part: str | None
    label: Literal["written", "said"] | None
    text: str | None


class DocumentShown(_Shape):
    """A document with its fields and items."""

    document_id: int
    path: str
    corpus: str
    title: str | None
    fields: dict[str, Value]
    items: list[ItemShown]


class CopyShown(_Shape):
    """A document with the same content."""

    path: str
    item_id: int


class ItemAnswer(_Shape):
    """An item with its document."""

    version: Literal[1]
    item_id: int
    document: DocumentShown
    kind: Literal["picture", "text", "sound", "film"]
    thumbnail: str | None
    width: int | None
    height: int | None
    original: str | None
    copies: list[CopyShown]
    before: list[NeighborShown]
    after: list[NeighborShown]


class PictureKept(_Shape):
    """A picture that was sent."""

    version: Literal[1]
    picture: str
    width: int
    height: int
    thumbnail: str


class SoundKept(_Shape):
    """A sound that was sent."""

    version: Literal[1]
    sound: str
    seconds: float | None
