"""A selection to take along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Literal

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse
from pydantic import ConfigDict, Field

from mmsearch.serve.export import as_json, as_table, as_zip, exported_items
from mmsearch.serve.models.requests import Asked, ItemId
from mmsearch.serve.routes.common import PROBLEMS, Served
from mmsearch.serve.security.headers import FILE_POLICY
from mmsearch.serve.service import rendered

router = APIRouter(tags=["export"], responses=PROBLEMS)
_CHUNK = 1 << 18
_SENT: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/csv": {}, "application/json": {}, "application/zip": {}},
        "description": "The list, or the files.",
    }
}


class ExportFields(Asked):
    """What to take along, and how."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [12, 7], "format": "csv"}]})

    items: list[ItemId] = Field(min_length=1, max_length=1_000)
    format: Literal["csv", "json", "zip"] = "csv"


@router.post("/export", response_class=Response, responses=_SENT, summary="Take a selection along")
async def export(service: Served, fields: ExportFields) -> Response:
    """The documents of the items as CSV or JSON, or their files as a zip."""
    catalogue = service.library.catalogue
    headers = {
        "Content-Disposition": f'attachment; filename="mmsearch.{fields.format}"',
        "Content-Security-Policy": FILE_POLICY,
        "Cache-Control": "no-store",
    }

    def table() -> bytes:
        items = exported_items(catalogue, fields.items)
        return as_table(items) if fields.format == "csv" else rendered(as_json(catalogue, items))

    def archive() -> BinaryIO:
        return as_zip(exported_items(catalogue, fields.items), service.settings.export_bytes)

    if fields.format != "zip":
        kind = "text/csv; charset=utf-8" if fields.format == "csv" else "application/json"
        return Response(await service.showing.run(table), media_type=kind, headers=headers)
    file = await service.showing.run(archive)
    return StreamingResponse(_read(file), media_type="application/zip", headers=headers)


def _read(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK):
            yield chunk
