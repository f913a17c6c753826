"""Items: what is known of one, its file, its pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse, Response

from mmsearch.errors import MediaError, UsageError
from mmsearch.library.reading import Reading
from mmsearch.serve.files import file_headers, media_type
from mmsearch.serve.items import item_as_shown, stored_item
from mmsearch.serve.models.items import ItemAnswer
from mmsearch.serve.presence import while_there
from mmsearch.serve.problems import RefusedError
from mmsearch.serve.routes.common import PROBLEMS, Json, Served
from mmsearch.serve.security.headers import FILE_POLICY
from mmsearch.thumbnails import SmallPicture

router = APIRouter(tags=["items"], responses=PROBLEMS)
# The same content under the same address for good.
_FOR_GOOD = "private, max-age=31536000, immutable"
_ANY_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/octet-stream": {}, "image/*": {}, "text/plain": {}},
        "description": "The file.",
    }
}
_ANY_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/webp": {}}, "description": "A WebP."},
    304: {"description": "As it was."},
}
ItemId = Annotated[int, InPath(ge=0, lt=1 << 63)]


@router.get("/items/{item_id}", response_model=ItemAnswer, summary="An item with its document")
async def item(service: Served, item_id: ItemId) -> Json:
    """An item: its document's fields and items, copies, and the passages around it."""

    def found(index: Reading) -> dict[str, Any]:
        return item_as_shown(index.catalogue, item_id)

    return Json(await service.answered(("item", item_id), lambda: service.library.read(found)))


@router.get(
    "/items/{item_id}/original", response_class=Response, responses=_ANY_FILE, summary="The file of an item"
)
async def original(request: Request, service: Served, item_id: ItemId, view: bool = False) -> Response:
    """The file of an item, from within its corpus; with ``view`` a picture of it that every browser shows."""

    def found() -> tuple[Path, str, bool]:
        stored_item(service.library.catalogue, item_id)
        file = service.library.original(item_id)
        return file, *media_type(file)

    def seen() -> SmallPicture:
        stored_item(service.library.catalogue, item_id)
        return service.library.view(item_id)

    try:
        if view:
            small = await while_there(request, service.showing.run(seen))
            headers = {"Cache-Control": "private, no-cache", "Content-Security-Policy": FILE_POLICY}
            return Response(small.data, media_type=small.media_type, headers=headers)
        file, kind, shown = await service.showing.run(found)
    except MediaError as error:
        raise RefusedError(404, f"the file of item {item_id} can't be shown: {error}") from error
    return FileResponse(file, media_type=kind, headers=file_headers(file.name, shown=shown))


@router.get(
    "/thumbnails/{key}",
    response_class=Response,
    responses=_ANY_PICTURE,
    summary="A small picture, by its content",
)
async def thumbnail(
    request: Request,
    service: Served,
    key: Annotated[str, InPath(pattern="^[0-9a-f]{64}$")],
    size: Annotated[int, Query(ge=1, le=768)] = 320,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """A WebP of the picture with this content, about ``size`` pixels on its longer side."""
    tag = f'"{key[:32]}-{size}"'
    if if_none_match is not None and tag in if_none_match:
        return Response(status_code=304, headers={"ETag": tag, "Cache-Control": _FOR_GOOD})
    try:
        work = service.showing.run(lambda: service.library.thumbnail(bytes.fromhex(key), size))
        small = await while_there(request, work)
    except (MediaError, UsageError) as error:
        raise RefusedError(404, str(error)) from error
    kept = {"ETag": tag, "Cache-Control": _FOR_GOOD} if small.is_current else {"Cache-Control": "no-store"}
    return Response(small.data, media_type=small.media_type, headers=kept)
