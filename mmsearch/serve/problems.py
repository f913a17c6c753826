"""Errors as they are answered: problem details (RFC 9457), made from the one error tree."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from mmsearch.errors import MmsearchError, QueryError

PROBLEM = "application/problem+json"
# Before the name of the error's class: what a client tells errors apart by.
TYPE = "urn:mmsearch:"
RETRY_SECONDS = 1
_RETRIED = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class RefusedError(MmsearchError):
    """A request that the service doesn't answer, with the HTTP status that says why."""

    def __init__(self, status: int, message: str) -> None:
        self.http_status = status
        super().__init__(message)


def problem_of(error: MmsearchError) -> dict[str, Any]:
    """``error`` as a problem: for a query that can't be parsed also where, in which text, and why."""
    status = error.http_status
    found: dict[str, Any] = {
        "type": f"{TYPE}{type(error).__name__}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": str(error),
    }
    if isinstance(error, QueryError):
        found |= {"position": error.position, "reason": error.reason, "text": error.text[:2_000]}
    return found


def answer_to(error: MmsearchError) -> Response:
    """The answer that says ``error``."""
    headers = {"Cache-Control": "no-store"}
    if error.http_status in _RETRIED:
        headers["Retry-After"] = str(RETRY_SECONDS)
    if error.http_status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="mmsearch"'
    content = json.dumps(problem_of(error), ensure_ascii=False)
    return Response(content.encode("utf-8", "replace"), error.http_status, headers, PROBLEM)
