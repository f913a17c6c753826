"""The service as an ASGI application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from mmsearch.errors import MmsearchError, UsageError
from mmsearch.serve.direct import Direct
from mmsearch.serve.problems import RefusedError, answer_to
from mmsearch.serve.routes import ask, docs, export, items, page, recommend, search, sent, session, state
from mmsearch.serve.routes.common import API
from mmsearch.serve.security.gate import Gate
from mmsearch.version import __version__

if TYPE_CHECKING:
    from mmsearch.serve.service import Service

ABOUT = (
    "Search a collection of pictures and texts by meaning. What stands below the line, chance would find as good. "
    "Errors are problem details (RFC 9457)."
)


def make_app(service: Service) -> FastAPI:
    """The application that answers for ``service``, and closes it when it is shut down."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await service.searching.run(service.warm_up)
        yield
        service.close()

    app = FastAPI(
        title="mmsearch",
        version=__version__,
        description=ABOUT,
        lifespan=lifespan,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,  # their scripts come from elsewhere
        redoc_url=None,
    )
    app.state.service = service
    for verb in (search, items, sent, recommend, ask, export, session, state):
        app.include_router(verb.router, prefix=API)
    app.include_router(state.figures)
    app.include_router(docs.router)
    app.include_router(page.router)
    app.add_exception_handler(MmsearchError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _no_route)
    app.add_middleware(Direct, service=service)
    app.add_middleware(Gate, service=service)  # outermost
    return app


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, MmsearchError)
    return answer_to(error)


async def _invalid(_: Request, error: Exception) -> Response:
    """The first thing that is wrong with a request, in a line."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part not in ("query", "path", "body"))
    return answer_to(UsageError(f"{place or 'the request'}: {first['msg']}"))


async def _no_route(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answer_to(
        RefusedError(error.status_code, f"{error.detail}: {API}/openapi.json lists what there is")
    )
