"""An error as it is answered."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Problem(BaseModel):
    """Problem details (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:mmsearch:UsageError",
                    "title": "Bad Request",
                    "status": 400,
                    "detail": "k must be at least 1 and offset at least 0, not 0 and 0",
                }
            ]
        }
    )

    type: str = Field(description="urn:mmsearch: and the name of the error as Python has it.")
    title: str
    status: int
    detail: str = Field(description="One line that says what to do.")
    position: int | None = Field(
        None, description="Of a query that can't be read: where, in characters from 0."
    )
    reason: str | None = Field(None, description="Why it can't be read.")
    text: str | None = Field(None, description="What can't be read.")
