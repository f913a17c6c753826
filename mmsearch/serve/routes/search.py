"""Search: by words, items, pictures that were sent, or all of them; nothing to look for lists the collection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query

from mmsearch.library.reading import Reading
from mmsearch.search.search import search as run_search
from mmsearch.serve.asked import asked_of, cursor_at, refuse_stale
from mmsearch.serve.models.requests import PageFields, SearchFields, SearchQuery
from mmsearch.serve.models.results import ResultsShown
from mmsearch.serve.routes.common import PROBLEMS, Json, Served
from mmsearch.serve.service import Service
from mmsearch.serve.shown import results_as_shown

router = APIRouter(tags=["search"], responses=PROBLEMS)


@router.get("/search", response_model=ResultsShown, summary="Search")
async def search(service: Served, query: Annotated[SearchQuery, Query()]) -> Json:
    """The best hits for what the address asks for."""
    return await _answer(service, query.given())


@router.post("/search", response_model=ResultsShown, summary="Search, asked for in JSON")
async def search_by_fields(service: Served, fields: SearchFields) -> Json:
    """The best hits for what the body asks for."""
    return await _answer(service, fields.given())


@router.get("/items/{item_id}/similar", response_model=ResultsShown, summary="More like an item")
async def similar(service: Served, item_id: int, page: Annotated[PageFields, Query()]) -> Json:
    """What is most like an item, best first."""
    return await _answer(service, {**page.given(), "item": item_id})


async def _answer(service: Service, given: Mapping[str, Any]) -> Json:
    if "cursor" in given:
        refuse_stale(given["cursor"], service.state())
    asked = asked_of(given, service)
    most = service.settings.most_values
    explain = bool(given.get("explain", False))

    def found(index: Reading) -> dict[str, Any]:
        results = run_search(asked.request, index, learned=index.learned_weights)
        shown = results_as_shown(results, index.catalogue, text=asked.text, explain=explain, most_values=most)
        end = asked.request.offset + asked.request.k
        shown["cursor"] = cursor_at(results.generation, asked.name, end) if results.more else None
        return shown

    return Json(await service.answered(("search", asked.key), lambda: service.library.read(found)))
