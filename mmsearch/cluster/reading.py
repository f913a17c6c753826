"""A cluster as one search reads it: `mmsearch.library.reading.Reading`, with what lies in the shards asked of them."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmsearch.cluster.catalogue import ClusterCatalogue
from mmsearch.cluster.vectors import ClusterVectors, Scored
from mmsearch.library.generation import Generation
from mmsearch.library.reading import Reading

if TYPE_CHECKING:
    from mmsearch.ann.index import VectorIndex
    from mmsearch.cluster.documents import World
    from mmsearch.cluster.manifest import ClusterDirectory
    from mmsearch.cluster.routing import Route
    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.index.documents import Documents
    from mmsearch.search.index.remembered import QueryVectors
    from mmsearch.types import VectorKind


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True, kw_only=True)
class ClusterGeneration(Generation):
    """One generation of the manifest, the shards' generations with it; ``missing`` are the names of shards that could
    not be reached."""

    world: World
    missing: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The number of the manifest, and the CRC-32 of the files and of the shards' own names of their generations."""
        parts = [f"{number}:{name}" for number, name in sorted(self.world.generations.items())]
        own = zlib.crc32("/".join(parts).encode(), zlib.crc32(repr(sorted(self.files.items())).encode()))
        return f"{self.number}-{own:08x}"


class ClusterReading(Reading):
    """One generation of a cluster, for one search: what was asked for a query is not asked again."""

    def __init__(
        self,
        directory: ClusterDirectory,
        held: ClusterGeneration,
        route: Route,
        asked_vectors: QueryVectors,
        *,
        allow_private: bool,
    ) -> None:
        catalogue = ClusterCatalogue(held.world, route)
        super().__init__(directory, held, catalogue, asked_vectors, allow_private=allow_private)
        self._world, self.route, self._missing = held.world, route, held.missing
        self._scored: dict[str, Scored] = {}

    @property
    def documents(self) -> Documents:
        """The document of each item."""
        return self._world.documents

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of shards whose documents are not among what is searched."""
        return self._missing

    def vector_index(self, encoder: Encoder, modality: VectorKind) -> VectorIndex | None:
        """The vectors of ``encoder`` for items of ``modality``, or for whole documents; None when there are none."""
        ids = self._world.vectors.get((encoder.fingerprint, modality))
        if ids is None or not ids.size:
            return None
        if encoder.fingerprint not in self._scored:
            self._scored[encoder.fingerprint] = Scored(self._world, self.route, encoder.fingerprint)
        scored = self._scored[encoder.fingerprint]
        made = ClusterVectors(ids, modality, encoder.dimension, scored, self.route, encoder.fingerprint)
        made.exact = self._world.exact
        return made
