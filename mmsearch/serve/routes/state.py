"""How the service and its index are: for people, for what watches it, for Prometheus."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST

from mmsearch.serve.models.state import Health, StatsShown
from mmsearch.serve.overview import overview_as_shown
from mmsearch.serve.problems import RefusedError
from mmsearch.serve.routes.common import PROBLEMS, Json, Served
from mmsearch.serve.service import rendered

router = APIRouter(tags=["state"], responses=PROBLEMS)
figures = APIRouter(include_in_schema=False)


@router.get("/stats", response_model=StatsShown, summary="What the index holds")
async def stats(service: Served) -> Json:
    """Documents, items, fields and vectors, and what a page can do with them."""

    def work() -> dict[str, Any]:
        return overview_as_shown(service.library, writable=service.settings.allow_write)

    return Json(await service.answered("stats", work))


@router.get("/health", response_model=Health, summary="Whether it runs")
async def health(service: Served) -> Json:
    """Answers as long as the service does, and tells when the index has changed."""
    return Json(rendered({"status": "running", "generation": service.state()}))


@router.get("/ready", response_model=Health, summary="Whether it answers searches")
async def ready(service: Served) -> Json:
    """503 until the encoder is loaded, and as soon as the service is being stopped."""
    if not service.is_ready:
        raise RefusedError(503, "not ready: the encoder is being loaded, or the service stopped")
    return Json(rendered({"status": "ready", "generation": service.state()}))


@figures.get("/metrics")
async def metrics(service: Served) -> Response:
    """Figures for Prometheus."""
    return Response(service.metrics.written(), headers={"Content-Type": CONTENT_TYPE_LATEST})
