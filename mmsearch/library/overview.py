"""What an index holds, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mmsearch.search.ranking.weights import LearnedWeights
    from mmsearch.store.catalogue.enrichment import Enriched
    from mmsearch.store.catalogue.values import EncoderRecord, FieldInfo, Statistics
    from mmsearch.store.kept.thumbnails import Held


@dataclass(frozen=True, slots=True)
class Overview:
    """Counts, ``fields`` and ``encoders`` by name, ``size`` on disk in bytes with its ``thumbnails``, and the
    weights that were ``learned``; ``enrichments`` and how much they have done; ``servers`` that hold the vectors."""

    index: Path
    statistics: Statistics
    fields: Mapping[str, FieldInfo]
    encoders: Mapping[str, EncoderRecord]
    size: int
    thumbnails: Held
    learned: LearnedWeights | None
    enrichments: Sequence[Enriched] = ()
    servers: Sequence[str] = ()
