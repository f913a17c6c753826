"""Hits, and lists of them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Value = str | int | float | bool


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SnippetShown(_Shape):
    """A piece of a text."""

    text: str
    highlights: list[tuple[int, int]] = Field(
        description="(start, end) of what was looked for, in characters."
    )
    cut_before: bool
    cut_after: bool


class ReasonShown(_Shape):
    """One summand of a score: docs/scoring.md."""

    channel: str
    part: str
    item_id: int
    raw: float
    location: float
    scale: float
    scales: float
    weight: float
    contribution: float
    evidence: float
    level: float
    deviation: float
    deviations: float | None
    lost: float
    surprise: float


class NeighborShown(_Shape):
    """A passage beside another one, or a picture."""

    item_id: int
    locator: str
    text: str | None


class PartShown(_Shape):
    """An item that speaks for its document."""

    item_id: int
    modality: Literal["image", "text", "audio"]
    locator: str
    part: str | None
    seconds: float | None
    label: Literal["written", "said"] | None
    text: str | None = Field(description="Of a long one the beginning.")
    contribution: float
    share: float = Field(description="Of what all items told: 0 to 1.")
    channels: list[str]


class HitShown(_Shape):
    """One result."""

    rank: int
    score: float
    strength: int = Field(description="The score as a person reads it: 0 to 100.")
    expected_count: float = Field(description="Items as good that chance would find.")
    beyond_chance: bool = Field(description="Whether it stands below the line.")
    cosine: float | None
    item_id: int
    document_id: int
    corpus: str
    path: str
    file: str
    modality: Literal["image", "text", "audio"]
    locator: str
    part: str | None = Field(description="Where in its document it lies, in words: page 4.")
    seconds: float | None = Field(description="Where a recording or a film is to be opened.")
    fragment: str | None = Field(description="The same behind an address: #t=61.2.")
    label: Literal["written", "said"] | None = Field(description="Of a text that nobody typed.")
    title: str | None
    text: str | None
    snippet: SnippetShown | None
    fields: dict[str, Value]
    key: str | None = Field(description="SHA-256 of the item's content.")
    copies: int
    before: list[NeighborShown]
    after: list[NeighborShown]
    parts: list[PartShown] = Field(description="What told of it, the item that told most first.")
    explanation: list[ReasonShown] | None = None
    document_path: str
    kind: Literal["picture", "text", "sound", "film"]
    found: Literal["named", "looks", "says", "sounds"] | None = Field(description="What speaks most for it.")
    thumbnail: str | None
    width: int | None
    height: int | None
    original: str | None


class FacetShown(_Shape):
    """A value of a field."""

    value: Value
    documents: int


class BinShown(_Shape):
    """Documents from one day, month or year to another, both included."""

    from_: str = Field(alias="from")
    to: str
    documents: int


class HistogramShown(_Shape):
    """Documents by date."""

    field: str
    unit: Literal["day", "month", "year"]
    bins: list[BinShown]


class PlaceShown(_Shape):
    """Documents that are near one another."""

    latitude: float
    longitude: float
    documents: int
    item_id: int = Field(description="The best of them.")


class ResultsShown(_Shape):
    """Hits, best first."""

    version: Literal[1]
    query: str
    nothing_matches: bool
    notes: list[str]
    pieces: list[str]
    searched: int
    cutoff: float | None
    offset: int
    total: int
    total_is_exact: bool
    more: bool
    seconds: float
    facets: dict[str, list[FacetShown]]
    histogram: HistogramShown | None
    places: list[PlaceShown] | None = Field(description="At most 2,000: near ones are merged.")
    hits: list[HitShown]
    generation: str
    partial: bool = Field(False, description="Whether some shards of a cluster were not searched.")
    missing: list[str] = Field(default_factory=list, description="These were not.")
    cursor: str | None
