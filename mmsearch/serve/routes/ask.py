"""Answers to questions, and tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query

from mmsearch.search.ask.request import AskRequest
from mmsearch.search.tags.request import TagRequest
from mmsearch.serve.models.ask import AnswersShown, AskFields, AskQuery, TagFields, TagsShown
from mmsearch.serve.routes.common import PROBLEMS, Json, Served
from mmsearch.serve.service import Service, rendered
from mmsearch.wire.answers import answers_as_json
from mmsearch.wire.tags import tags_as_json

router = APIRouter(tags=["ask and tag"], responses=PROBLEMS)


@router.get("/ask", response_model=AnswersShown, summary="Answer a question")
async def ask(service: Served, query: Annotated[AskQuery, Query()]) -> Json:
    """The passages that answer a question, or that there is none."""
    return await _answer(service, query.given())


@router.post("/ask", response_model=AnswersShown, summary="Answer a question, asked in JSON")
async def ask_by_fields(service: Served, fields: AskFields) -> Json:
    """The passages that answer a question, or that there is none."""
    return await _answer(service, fields.given())


async def _answer(service: Service, given: Mapping[str, Any]) -> Json:
    request = AskRequest.from_arguments(given)

    def work() -> dict[str, Any]:
        return answers_as_json(service.library.ask(request))

    return Json(await service.answered(("ask", rendered(dict(given))), work))


@router.post("/tag", response_model=TagsShown, summary="Tag documents")
async def tag(service: Served, fields: TagFields) -> Json:
    """Give documents those of the labels that fit them; only ``dry_run`` where the service may not write."""
    if not fields.dry_run:
        service.require_write()
    given = fields.given()
    field, dry_run = given.pop("field", "tags"), given.pop("dry_run", False)
    request = TagRequest.from_arguments(given)

    def work() -> bytes:
        return rendered(tags_as_json(service.library.tag(request, field=field, dry_run=dry_run)))

    return Json(await service.searching.run(work))
