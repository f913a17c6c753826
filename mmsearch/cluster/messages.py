"""What goes to a shard and comes back from one, as values that may cross machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from mmsearch.store.catalogue.conditions import Condition
    from mmsearch.store.catalogue.values import EncoderRecord
    from mmsearch.store.catalogue.words.postings import Entries
    from mmsearch.types import Ids, VectorKind


class StaleError(Exception):
    """A shard is at another generation than it was asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """What is known of a shard of one ``generation`` before anything is looked for in it.

    ``items`` (n,) by id with their ``documents`` and modalities (``kinds``, places in `MODALITIES`), ``places`` (n,) in
    order within the shard, and the ``keys`` (n, 32) of their contents; ``parts`` as of `Catalogue.part_items`;
    ``owners``, all documents, and ``paths``, root and path of each as one, in order. ``entries`` of the word index;
    ``vectors``: the items that have one, by encoder and kind, ascending. ``exact``: whether all vector indexes are.
    """

    generation: str
    items: Ids
    documents: Ids
    kinds: Ids
    places: Ids
    keys: NDArray[np.uint8]
    parts: tuple[Ids, Ids]
    owners: Ids
    paths: tuple[bytes, ...]
    entries: Entries
    vectors: Mapping[tuple[str, VectorKind], Ids]
    exact: bool
    encoders: tuple[EncoderRecord, ...]
    fields: tuple[str, ...]
    roots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldNames:
    """The fields of all shards together, for filters that name one of them."""

    names: tuple[str, ...]

    def field_names(self) -> list[str]:
        """All names, sorted."""
        return list(self.names)


@dataclass(frozen=True, slots=True)
class Among:
    """Which items of a shard may be found: those that pass ``condition``, of fields ``names``, or else those whose bits
    are set, in order of their ids."""

    condition: Condition | None = None
    names: FieldNames = FieldNames(())
    bits: bytes = b""
