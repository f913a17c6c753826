"""The parts of a query in one encoder's space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.encoders.reading import reads
from mmsearch.errors import UsageError
from mmsearch.search.calibration.cohort import NOTHING_KNOWN, Words, cohort_of
from mmsearch.search.query.value import Item, Picture, Sound, Text, written_content

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.query.value import Content, Part, Query
    from mmsearch.types import Modality, Vector


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """One part of a query in one encoder's space: its unit ``vector`` and how it was written.

    ``is_read``: whether the encoder knows what it is made of; a text that it can't read is asked of the words alone.
    ``words``: what the bank of the encoder says of a plus part in words; nothing of others.
    """

    part: Part
    label: str
    modality: Modality
    vector: Vector
    is_read: bool = True
    words: Words = NOTHING_KNOWN


def probes(query: Query, index: SearchIndex, encoder: Encoder) -> tuple[Probe, ...]:
    """The parts of ``query`` that ``encoder`` can encode, in order; texts go through the tower together.

    Raises UsageError for an item that is not in the index or has no vector, for a sound that no encoder of the index
    hears, and what reading a picture or a sound raises.
    """
    texts = [part.content.meaning for part in query.parts if isinstance(part.content, Text)]
    encoded = iter(index.text_vectors(encoder, texts)) if texts and "text" in encoder.modalities else iter(())
    cohort = None
    if texts:
        cohort = index.kept(("cohort", encoder.fingerprint), lambda: cohort_of(encoder))
    found: list[Probe] = []
    for part in query.parts:
        label = str(part) if part.kind != "plus" else written_content(part.content)
        if isinstance(part.content, Text):
            if "text" in encoder.modalities:
                vector, is_read = next(encoded), reads(encoder, part.content.meaning)
                words = NOTHING_KNOWN
                if cohort is not None and part.kind == "plus":
                    words = cohort.of(vector, part.content.meaning)
                found.append(Probe(part, label, "text", vector, is_read, words))
        elif isinstance(part.content, Picture):
            if "image" in encoder.modalities:
                found.append(Probe(part, label, "image", picture_vector(index, encoder, part.content.source)))
        elif isinstance(part.content, Sound):
            if "audio" in encoder.modalities:
                found.append(Probe(part, label, "audio", sound_vector(index, encoder, part.content.source)))
        else:
            modality, vector = _item(index, encoder, part.content)
            found.append(Probe(part, label, modality, vector))
    return tuple(found)


def given_items(contents: Sequence[Content]) -> tuple[int, ...]:
    """The items of the index that a query names."""
    return tuple(content.item_id for content in contents if isinstance(content, Item))


def picture_vector(index: SearchIndex, encoder: Encoder, source: Any) -> Vector:
    """The unit vector (dimension,) of a picture, or of what is one already at any length.

    Raises UsageError for a vector of another shape, and what reading a picture raises.
    """
    return _unit(encoder, source) if isinstance(source, np.ndarray) else index.picture_vector(encoder, source)


def sound_vector(index: SearchIndex, encoder: Encoder, source: Any) -> Vector:
    """The unit vector (dimension,) of a sound, or of what is one already at any length.

    Raises UsageError and MediaError for what can't be read.
    """
    if isinstance(source, np.ndarray) and source.shape == (encoder.dimension,):
        return _unit(encoder, source)
    return index.sound_vector(encoder, source)


def _unit(encoder: Encoder, source: Any) -> Vector:
    length = float(np.linalg.norm(source))
    if source.shape != (encoder.dimension,) or not length > 0:
        raise UsageError(f"a vector for {encoder.name} has shape ({encoder.dimension},), not {source.shape}")
    return np.asarray(source / length, dtype=np.float32)


def _item(index: SearchIndex, encoder: Encoder, item: Item) -> tuple[Modality, Vector]:
    stored = index.catalogue.items([item.item_id])
    if not stored:
        raise UsageError(f"there is no item #{item.item_id} in this index")
    vectors = index.vector_index(encoder, stored[0].modality)
    if vectors is not None:
        ids = np.array([item.item_id], dtype=np.int64)
        if np.isin(ids, vectors.ids).all():
            return stored[0].modality, vectors.vectors(ids)[0]
    raise UsageError(f"item #{item.item_id} has no vector of {encoder.name}")
