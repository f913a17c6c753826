"""What routes have in common: the service, and how an answer is written."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import Response

from mmsearch.serve.models.problem import Problem
from mmsearch.serve.problems import PROBLEM
from mmsearch.serve.service import Service

API = "/api/v1"
# What any route may answer instead.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Why there is no answer, and what to do (RFC 9457).",
        "content": {PROBLEM: {"schema": Problem.model_json_schema()}},
    }
}


async def _service(request: Request) -> Service:  # async: what is not goes through a thread
    service: Service = request.app.state.service
    return service


Served = Annotated[Service, Depends(_service)]


class Json(Response):
    """An answer that is JSON already."""

    media_type = "application/json"

    def __init__(self, content: bytes, status_code: int = 200) -> None:
        super().__init__(content, status_code, {"Cache-Control": "no-store"})
