"""Pictures and sounds that somebody sends to search by."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, UploadFile
from fastapi.responses import Response

from mmsearch.serve.models.items import PictureKept, SoundKept
from mmsearch.serve.routes.common import PROBLEMS, Json, Served
from mmsearch.serve.sending import keep_picture, keep_sound

router = APIRouter(tags=["pictures and sounds"], responses=PROBLEMS)


@router.post("/pictures", status_code=201, response_model=PictureKept, summary="Send a picture")
async def send_picture(service: Served, file: UploadFile) -> Json:
    """Keep a picture for a while, to search by it as ``pictures``; it is kept in memory only."""
    return Json(await keep_picture(service, await file.read()), 201)


@router.post("/sounds", status_code=201, response_model=SoundKept, summary="Send a sound")
async def send_sound(service: Served, file: UploadFile) -> Json:
    """Keep a sound for a while, to search by it as ``sounds``; its first ten minutes are heard."""
    return Json(await keep_sound(service, await file.read()), 201)


@router.get(
    "/pictures/{picture}",
    response_class=Response,
    responses={200: {"content": {"image/webp": {}}, "description": "A WebP."}},
    summary="A picture that was sent, small",
)
async def sent_picture(service: Served, picture: Annotated[str, Path(pattern="^[0-9a-f]{32}$")]) -> Response:
    """A small picture of one that is kept."""
    upload = service.uploads.find(picture)
    small = await service.answers.get(
        ("sent", picture), lambda: service.showing.start(lambda: upload.small(service.settings.upload))
    )
    return Response(small, headers={"Cache-Control": "private, max-age=3600"}, media_type="image/webp")
