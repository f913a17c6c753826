"""More like these, less like those; and what is kept of likes and dislikes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fastapi import APIRouter

from mmsearch.errors import UsageError
from mmsearch.library.profiles import kept, updated
from mmsearch.library.reading import Reading
from mmsearch.search.recommend.recommend import recommend as run_recommend
from mmsearch.search.recommend.request import RecommendRequest
from mmsearch.search.request import SearchRequest
from mmsearch.search.search import search as run_search
from mmsearch.serve.asked import check_facets, check_size
from mmsearch.serve.models.recommend import FeedbackFields, FeedbackKept, RecommendFields
from mmsearch.serve.models.results import ResultsShown
from mmsearch.serve.routes.common import PROBLEMS, Json, Served
from mmsearch.serve.service import rendered
from mmsearch.serve.shown import results_as_shown
from mmsearch.types import MODALITIES, FieldValue

router = APIRouter(tags=["recommend"], responses=PROBLEMS)


@router.post("/recommend", response_model=ResultsShown, summary="More like these, less like those")
async def recommend(service: Served, fields: RecommendFields) -> Json:
    """The documents most like some and least like others, which are left out.

    With ``profile`` what is given is kept under that name, which takes a service that may write, and counts with what
    was given before.
    """
    given = fields.given()
    offset, explain = given.pop("offset", 0), given.pop("explain", False)
    k, facets = given.pop("k", 10), given.pop("facets", [])
    check_size(k, offset, service.settings)
    check_facets(facets, service.settings)
    if given.get("profile") is not None and (given.get("like") or given.get("dislike")):
        service.require_write()
    request = RecommendRequest(**given, k=offset + k, only_indexed=True)

    def found(index: Reading) -> dict[str, Any]:
        known = None
        if request.profile is not None:
            known = updated(index, request.profile, request.like, request.dislike, only_indexed=True)
        every = run_recommend(request, index, profile=known)
        results = replace(
            every, hits=every.hits[offset:], offset=offset, facets=_counted(index, request, facets)
        )
        return {**results_as_shown(results, index.catalogue, text=None, explain=explain), "cursor": None}

    return Json(await service.searching.run(lambda: rendered(service.library.read(found))))


def _counted(
    index: Reading, request: RecommendRequest, facets: Sequence[str]
) -> Mapping[str, Sequence[tuple[FieldValue, int]]]:
    """The values of ``facets`` among all that passes the filters of ``request``: a recommendation has no line."""
    if not facets:
        return {}
    limits: dict[str, Any] = {"where": request.where, "path": request.path}
    limits["modality"] = request.modality or MODALITIES
    return run_search(SearchRequest(**limits, k=1, facets=facets), index).facets


@router.post("/feedback", response_model=FeedbackKept, summary="Keep what is liked and disliked")
async def feedback(service: Served, fields: FeedbackFields) -> Json:
    """Keep likes and dislikes under a name; what was disliked before and is liked now changes sides."""
    service.require_write()
    if not fields.like and not fields.dislike:
        raise UsageError("feedback on what? give like or dislike")

    def given(index: Reading) -> dict[str, Any]:
        profile = kept(index, fields.profile, fields.like, fields.dislike, only_indexed=True)
        return {
            "version": 1,
            "profile": profile.name,
            "likes": len(profile.likes),
            "dislikes": len(profile.dislikes),
        }

    return Json(await service.searching.run(lambda: rendered(service.library.read(given))))
