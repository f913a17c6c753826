"""Search: by words, items, pictures that were sent, or all of them; nothing to look for lists the collection."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from mmsearch.serve.models.requests import PageFields, SearchFields, SearchQuery
from mmsearch.serve.models.results import ResultsShown
from mmsearch.serve.routes.common import PROBLEMS, Json, Served
from mmsearch.serve.searching import searched

router = APIRouter(tags=["search"], responses=PROBLEMS)


@router.get("/search", response_model=ResultsShown, summary="Search")
async def search(service: Served, query: Annotated[SearchQuery, Query()]) -> Json:
    """The best hits for what the address asks for."""
    return Json(await searched(service, query.given()))


@router.post("/search", response_model=ResultsShown, summary="Search, asked for in JSON")
async def search_by_fields(service: Served, fields: SearchFields) -> Json:
    """The best hits for what the body asks for."""
    return Json(await searched(service, fields.given()))


@router.get("/items/{item_id}/similar", response_model=ResultsShown, summary="More like an item")
async def similar(service: Served, item_id: int, page: Annotated[PageFields, Query()]) -> Json:
    """What is most like an item, best first."""
    return Json(await searched(service, {**page.given(), "item": item_id}))
