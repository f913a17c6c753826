"""The page: static files, which a browser asks for again only when they have changed."""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from mmsearch.serve.problems import RefusedError

STATIC = Path(__file__).parents[1] / "static"
# What the page may be made of.
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def page(request: Request) -> Response:
    """The page."""
    return _sent(request, "index.html")


@router.get("/static/{name}")
async def static(request: Request, name: str) -> Response:
    """One of the page's files."""
    return _sent(request, name)


@router.get("/favicon.ico")
async def icon(request: Request) -> Response:
    """What a browser asks for by itself."""
    return Response(status_code=204)


def _sent(request: Request, name: str) -> Response:
    found = _files().get(name)
    if found is None:
        raise RefusedError(404, f"there is no page {name!r:.100}")
    content, packed, kind, tag = found
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(packed, media_type=kind, headers={**headers, "Content-Encoding": "gzip"})
    return Response(content, media_type=kind, headers=headers)


def _files() -> dict[str, tuple[bytes, bytes, str, str]]:
    """Name -> (content, the same packed, type, tag) of all files of the page; read anew when one has changed."""
    folder = STATIC.iterdir() if STATIC.is_dir() else ()
    files = sorted(file for file in folder if file.suffix in _TYPES and file.is_file())
    return _read(tuple((file, file.stat().st_mtime_ns) for file in files))


@lru_cache(maxsize=1)
def _read(files: tuple[tuple[Path, int], ...]) -> dict[str, tuple[bytes, bytes, str, str]]:
    found = {}
    for file, _ in files:
        content = file.read_bytes()
        tag = f'W/"{hashlib.sha256(content).hexdigest()[:16]}"'
        found[file.name] = (content, gzip.compress(content, mtime=0), _TYPES[file.suffix], tag)
    return found
