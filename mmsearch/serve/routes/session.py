"""The page's session: a token that is right becomes a cookie that scripts can't read."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from mmsearch.serve.problems import RefusedError
from mmsearch.serve.routes.common import PROBLEMS, Served
from mmsearch.serve.security.tokens import COOKIE, cookie_value, is_right

router = APIRouter(tags=["session"], responses=PROBLEMS)
_DAYS = 30


class Shown(BaseModel):
    """The token that the service was started with."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(max_length=1_000)


@router.post("/session", status_code=204, summary="Begin a session")
async def begin(service: Served, request: Request, shown: Shown) -> Response:
    """Set a cookie that stands for the token in this browser."""
    token = service.settings.token
    if token is not None and not is_right(shown.token, token):
        raise RefusedError(401, "this is not the token that the service was started with")
    answer = Response(status_code=204)
    if token is not None:
        answer.set_cookie(
            COOKIE,
            cookie_value(token),
            max_age=_DAYS * 86_400,
            path="/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
    return answer


@router.delete("/session", status_code=204, summary="End the session")
async def end() -> Response:
    """Take the cookie back."""
    answer = Response(status_code=204)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return answer
