"""Questions and answers, labels and tags."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from mmsearch.serve.models.requests import Asked, Modality, Whole
from mmsearch.serve.models.results import NeighborShown, Value


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AskFields(Asked):
    """A question."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"question": "How long does the guarantee last?"}]}
    )

    question: str = Field(max_length=10_000)
    k: Whole | None = Field(None, ge=1, le=100)
    context: Whole | None = Field(None, ge=0, le=20)
    where: str | None = Field(None, max_length=10_000)
    path: str | list[str] | None = None
    cutoff: float | None = Field(None, gt=0, description="Null: the best, whatever they are.")


class AskQuery(Asked):
    """A question in an address."""

    question: str = Field(max_length=10_000)
    k: int | None = Field(None, ge=1, le=100)
    context: int | None = Field(None, ge=0, le=20)
    where: str | None = None
    path: list[str] | None = None
    cutoff: float | None = Field(None, gt=0)


class PictureOfAnswer(_Shape):
    """A picture of the document that answers."""

    item_id: int
    file: str
    locator: str


class AnswerShown(_Shape):
    """A passage that answers; ``text[start:end]`` is the sentence that does."""

    rank: int
    sentence: str
    citation: str
    corpus: str
    path: str
    file: str
    title: str | None
    locator: str
    part: str | None
    sentence_locator: str
    text: str
    start: int
    end: int
    before: list[NeighborShown]
    after: list[NeighborShown]
    pictures: list[PictureOfAnswer]
    fields: dict[str, Value]
    item_id: int
    document_id: int
    score: float
    strength: int
    expected_count: float
    cosine: float | None


class AnswersShown(_Shape):
    """Answers, best first."""

    version: Literal[1]
    question: str
    no_answer: bool
    notes: list[str]
    searched: int
    generation: str
    partial: bool = False
    missing: list[str] = Field(default_factory=list)
    cutoff: float | None
    seconds: float
    answers: list[AnswerShown]
    best_guesses: list[AnswerShown]


class TagFields(Asked):
    """Labels to choose from, and among what."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"labels": ["cat", "dog"], "modality": "image", "dry_run": True}]}
    )

    labels: list[Annotated[str, Field(max_length=200)]] = Field(min_length=1, max_length=200)
    where: str | None = Field(None, max_length=10_000)
    path: str | list[str] | None = None
    modality: Modality | None = None
    cutoff: float | None = Field(None, gt=0)
    single: bool | None = None
    field: str = Field("tags", min_length=1, max_length=100)
    dry_run: bool = False


class TagShown(_Shape):
    """A label on a document."""

    label: str
    expected_count: float
    score: float
    cosine: float
    item_id: int


class TaggedShown(_Shape):
    """A document with its tags."""

    path: str | None
    document_id: int
    tags: list[TagShown]


class FailedShown(_Shape):
    """What could not be written."""

    path: str
    reason: str


class TagsShown(_Shape):
    """What a tagging found."""

    version: Literal[1]
    field: str
    dry_run: bool
    documents: int
    tagged: int
    changed: int
    labels: dict[str, int]
    notes: list[str]
    sidecars_written: int
    sidecars_failed: list[FailedShown]
    tags: list[TaggedShown]
