"""How the service and its index are."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mmsearch.serve.models.results import Value


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Health(_Shape):
    """Whether the service runs, or is ready."""

    status: Literal["running", "ready"]
    generation: str = Field(description="What is searched now: as in results.")


class VectorsShown(_Shape):
    """Vectors of an encoder."""

    encoder: str
    modality: Literal["image", "text", "audio"]
    rows: int
    dimensions: int
    precision: str


class ThumbnailsShown(_Shape):
    """Small pictures that are kept."""

    files: int
    bytes: int


class EnrichmentShown(_Shape):
    """What was found in pictures and the like by a model, and how much of it."""

    kind: str
    model: str
    version: str
    contents: int
    findings: int
    items: int


class FieldShown(_Shape):
    """A field."""

    kind: Literal["text", "integer", "number", "boolean", "mixed"]
    documents: int
    examples: list[Value]


class StatsShown(_Shape):
    """What the index holds."""

    version: Literal[1]
    title: str = Field(description="What to call the collection.")
    index: str
    documents: int
    items: dict[str, int]
    vectors: list[VectorsShown]
    tombstones: int
    unreadable: dict[str, int]
    bytes: int
    thumbnails: ThumbnailsShown
    enrichments: list[EnrichmentShown]
    generation: int
    corpora: list[str]
    weights: dict[str, Any] | None
    fields: dict[str, FieldShown]
    date_fields: list[str] = Field(description="Fields that hold dates: for a histogram.")
    place_fields: list[str] | None = Field(description="The fields that hold latitude and longitude.")
    facet_fields: list[str] = Field(description="Fields with few values that many documents have.")
    sort_fields: list[str]
    writable: bool
