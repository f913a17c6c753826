"""The values that go into the catalogue and come out of it, and lists as one bound parameter; frozen, no I/O."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from mmsearch.store.precision import DEFAULT_PRECISION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.store.precision import Precision
    from mmsearch.types import FieldValue, Ids, Locator, Modality

KEY_BYTES = 32

FieldKind = Literal["text", "integer", "number", "boolean", "mixed"]


@dataclass(frozen=True, slots=True)
class NewItem:
    """An item to be stored.

    ``key`` is the SHA-256 (32 bytes) of its content: the file's bytes for a picture, the UTF-8 text for a
    passage or caption. ``row`` is its row in the shard of (encoder, modality); None when the encoder has no
    tower for the modality.
    """

    modality: Modality
    locator: Locator
    key: bytes
    text: str | None
    row: int | None

    def __post_init__(self) -> None:
        if len(self.key) != KEY_BYTES:
            raise ValueError(f"a key has {KEY_BYTES} bytes, not {len(self.key)}")
        if self.row is not None and self.row < 0:
            raise ValueError(f"row {self.row} is negative")


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document to be stored or brought up to date; its identity is (``corpus_id``, ``path``).

    ``path`` is relative to the corpus root, separated by "/"; ``stamp`` is opaque and changes when anything
    that the document is made of changes; ``items`` are in document order. ``key``: the SHA-256 (32 bytes) of the file
    that it was read from as a whole, such as a PDF; None where its items say what it is.
    """

    corpus_id: int
    path: str
    stamp: str
    title: str | None
    fields: Mapping[str, FieldValue]
    items: tuple[NewItem, ...]
    key: bytes | None = None


@dataclass(frozen=True, slots=True)
class Instalment:
    """A document, or a part of one: those of its items after the ``first`` ones; the ``last`` part settles its stamp.

    Title, fields and key are those of the first part.
    """

    document: NewDocument
    first: int = 0
    last: bool = True


class KnownDocument(NamedTuple):
    """What the catalogue knows of a document before its files are read.

    ``complete``: every item of the encoder's modalities has a vector of that encoder. (A named tuple because
    a run over an unchanged corpus makes one for each file.)
    """

    document_id: int
    stamp: str
    complete: bool


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item with what a hit shows of its document. ``corpus_root`` / ``path`` is the file."""

    item_id: int
    document_id: int
    corpus_root: str
    path: str
    modality: Modality
    locator: Locator
    text: str | None
    title: str | None
    fields: Mapping[str, FieldValue]
    key: bytes


@dataclass(frozen=True, slots=True)
class Corpus:
    """A folder, file or manifest that was indexed; ``root`` is absolute."""

    corpus_id: int
    root: str


@dataclass(frozen=True, slots=True)
class EncoderRecord:
    """An encoder whose vectors the index holds.

    ``folder`` is the name of its folder under ``vectors/`` and ``ann/``; compaction changes it together with
    the row numbers. ``precision``: the form of its vectors there, for good. ``centers``: the checksums of the centers
    that bits are taken around, by modality. ``sound``: the fingerprint of the tower that its vectors of sounds are
    from; empty where none was.
    """

    encoder_id: int
    name: str
    fingerprint: str
    dimension: int
    modalities: tuple[Modality, ...]
    folder: str
    precision: Precision = DEFAULT_PRECISION
    sound: str = ""
    centers: Mapping[Modality, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A metadata field: what its values are, how many documents have it, and a few of its values."""

    kind: FieldKind
    documents: int
    examples: tuple[FieldValue, ...]


@dataclass(frozen=True, slots=True)
class Statistics:
    """What the catalogue holds.

    ``vectors`` counts rows by (encoder name, modality), tombstones included; ``tombstones`` are the vectors
    that no item points to any more; ``unreadable`` counts the texts, by encoder, that it can't read and has no vectors
    of; ``catalogue_bytes`` is the size of the database files.
    """

    documents: int
    items: Mapping[Modality, int]
    vectors: Mapping[tuple[str, Modality], int]
    tombstones: int
    unreadable: Mapping[str, int]
    fields: int
    catalogue_bytes: int
    generation: int
    corpora: tuple[Corpus, ...] = field(default=())


def json_ids(ids: Ids | Sequence[int]) -> str:
    """Ids for ``IN (SELECT value FROM json_each(?))``."""
    return str(ids.tolist() if hasattr(ids, "tolist") else [int(one) for one in ids])


def json_texts(texts: Sequence[str]) -> str:
    """Texts for ``json_each``; as ``json_ids``."""
    return json.dumps(texts, ensure_ascii=False)
