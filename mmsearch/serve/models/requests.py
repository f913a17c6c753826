"""What may be asked for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Modality = Literal["image", "text", "audio"]
Whole = Annotated[int, Field(strict=True)]
ItemId = Annotated[int, Field(strict=True, ge=0, lt=1 << 63)]
ItemNumber = Annotated[int, Field(ge=0, lt=1 << 63)]
PictureId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
SoundId = PictureId


class Asked(BaseModel):
    """Fields of a request; what is not known is refused."""

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """The fields that were given; null is as if it was not, but for a cutoff."""
        found = self.model_dump(exclude_unset=True)
        return {name: value for name, value in found.items() if value is not None or name == "cutoff"}


class SearchFields(Asked):
    """A search; all that is left out is as `Library.search` has it. Nothing to look for lists the collection."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"text": "a cup of coffee", "k": 5, "modality": "image", "facets": ["year"]}]
        }
    )

    text: str | None = Field(None, description="Words in the query language: docs/query-language.md.")
    item: ItemId | list[ItemId] | None = Field(None, description="More like these items.")
    minus: str | list[str] | None = Field(None, description="Less of this.")
    exclude: str | list[str] | None = Field(None, description="None of this.")
    pictures: list[PictureId] | None = Field(None, description="Pictures that were sent to /api/v1/pictures.")
    minus_pictures: list[PictureId] | None = Field(None, description="Less like these.")
    exclude_pictures: list[PictureId] | None = Field(None, description="Nothing like these.")
    sounds: list[SoundId] | None = Field(None, description="Sounds that were sent to /api/v1/sounds.")
    minus_sounds: list[SoundId] | None = Field(None, description="Less like these.")
    exclude_sounds: list[SoundId] | None = Field(None, description="Nothing like these.")
    modality: Modality | list[Modality] | None = Field(None, description="Only items of this kind.")
    where: str | None = Field(None, description="Only documents whose fields match, such as year >= 1990.")
    path: str | list[str] | None = Field(
        None, description="Only documents whose path matches one of these globs."
    )
    k: Whole | None = Field(None, ge=1, description="How many hits: 10.")
    offset: Whole | None = Field(None, ge=0, description="Pass over so many.")
    cursor: str | None = Field(None, description="Go on with the list that it came from, instead of offset.")
    group: Literal["document", "item"] | None = None
    duplicates: Literal["collapse", "show"] | None = None
    sort: str | None = Field(
        None, description="relevance, path, title, added or a field; -year is descending."
    )
    facets: list[str] | None = Field(None, description="Fields whose values are counted above the line.")
    histogram: str | None = Field(None, description="A field whose dates are counted above the line.")
    places: bool | None = Field(None, description="With where that was, by latitude and longitude.")
    context: Whole | None = Field(None, ge=0, le=20, description="Passages before and after that come along.")
    cutoff: float | None = Field(None, gt=0, description="Where the line stands; null for no line.")
    strict: bool | None = Field(None, description="Hide what stands below the line.")
    fusion: Literal["calibrated", "logodds", "rrf", "combsum", "combmnz"] | None = None
    weights: dict[str, float] | None = Field(None, description='Of channels: {"words": 0.5}.')
    explain: bool | None = Field(
        None, description="With the reasons of each hit; false where it is not given."
    )


class PageFields(Asked):
    """Which part of a list."""

    k: int | None = Field(None, ge=1)
    offset: int | None = Field(None, ge=0)


class SearchQuery(Asked):
    """A search in an address; names that may be given several times are lists."""

    q: str | None = Field(None, description="Words in the query language.", examples=["a cup of coffee"])
    item: list[ItemNumber] | None = None
    minus: list[str] | None = None
    exclude: list[str] | None = None
    pictures: list[PictureId] | None = None
    minus_pictures: list[PictureId] | None = None
    exclude_pictures: list[PictureId] | None = None
    sounds: list[SoundId] | None = None
    minus_sounds: list[SoundId] | None = None
    exclude_sounds: list[SoundId] | None = None
    modality: list[Modality] | None = None
    where: str | None = None
    path: list[str] | None = None
    k: int | None = Field(None, ge=1)
    offset: int | None = Field(None, ge=0)
    cursor: str | None = None
    group: Literal["document", "item"] | None = None
    duplicates: Literal["collapse", "show"] | None = None
    sort: str | None = None
    facets: list[str] | None = Field(
        None, description="Names of fields, or several with commas between them."
    )
    histogram: str | None = Field(None, description="A field whose dates are counted above the line.")
    places: bool | None = None
    context: int | None = Field(None, ge=0, le=20)
    cutoff: float | Literal["none"] | None = Field(None, description="A number above 0, or none for no line.")
    strict: bool | None = None
    fusion: Literal["calibrated", "logodds", "rrf", "combsum", "combmnz"] | None = None
    weights: str | None = Field(None, description="Of channels: words=0.5,text->image=2.")
    explain: bool | None = None

    def given(self) -> dict[str, Any]:
        """The fields as `SearchFields` has them."""
        found = super().given()
        if "q" in found:
            found["text"] = found.pop("q")
        if found.get("cutoff", 0) is None:
            del found["cutoff"]
        elif found.get("cutoff") == "none":
            found["cutoff"] = None
        if "facets" in found:
            found["facets"] = [
                name.strip() for one in found["facets"] for name in one.split(",") if name.strip()
            ]
        if "weights" in found:
            from mmsearch.search.ranking.weights import parse_weights

            found["weights"] = dict(parse_weights(found["weights"]))
        return found
