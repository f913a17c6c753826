"""Likes and dislikes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from mmsearch.serve.models.requests import Asked, ItemId, Modality, Whole

Example = ItemId | Annotated[str, Field(min_length=1, max_length=1_000)]
Examples = Annotated[list[Example], Field(max_length=100, description='Paths in the index, or "#ITEM-ID".')]


class RecommendFields(Asked):
    """What to recommend by, and among what."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"like": ["#12"], "dislike": ["#7"], "k": 20}]})

    like: Examples | None = None
    dislike: Examples | None = None
    k: Whole | None = Field(None, ge=1)
    offset: Whole | None = Field(None, ge=0)
    profile: str | None = Field(None, max_length=64)
    modality: Modality | list[Modality] | None = None
    where: str | None = Field(None, max_length=10_000)
    path: str | list[str] | None = None
    diverse: float | None = Field(None, ge=0, le=1)
    method: Literal["average", "best", "per-document"] | None = None
    duplicates: Literal["collapse", "show"] | None = None
    facets: list[Annotated[str, Field(max_length=200)]] | None = Field(
        None, description="Fields whose values are counted among all that could be recommended."
    )
    explain: bool | None = None


class FeedbackFields(Asked):
    """What is liked and disliked."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"profile": "anna", "like": ["#12"]}]})

    profile: str = Field(max_length=64)
    like: Examples = Field(default_factory=list)
    dislike: Examples = Field(default_factory=list)


class FeedbackKept(BaseModel):
    """How much a profile holds now."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1]
    profile: str
    likes: int
    dislikes: int
