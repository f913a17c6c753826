"""The API's documentation."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from mmsearch.serve.documentation import STYLE, documentation

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> Response:
    """What can be asked, for people."""
    return Response(
        documentation(request.app.openapi(), "/docs/style.css"), media_type="text/html; charset=utf-8"
    )


@router.get("/docs/style.css")
async def style() -> Response:
    """How it looks."""
    return Response(STYLE, media_type="text/css")
