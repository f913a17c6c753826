"""Pictures that somebody sends to search by."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, UploadFile
from fastapi.responses import Response

from mmsearch.library.reading import Reading
from mmsearch.serve.models.items import PictureKept
from mmsearch.serve.routes.common import API, PROBLEMS, Json, Served
from mmsearch.serve.service import rendered
from mmsearch.serve.uploads import Upload, read_upload

router = APIRouter(tags=["pictures"], responses=PROBLEMS)


@router.post("/pictures", status_code=201, response_model=PictureKept, summary="Send a picture")
async def send_picture(service: Served, file: UploadFile) -> Json:
    """Keep a picture for a while, to search by it as ``pictures``; it is kept in memory only."""
    data = await file.read()

    def work() -> Upload:
        upload = read_upload(data, service.settings.upload)
        # decoded now, and once: what can't be is told who sent it, and the search finds the vectors remembered
        service.library.read(lambda index: _encoded(index, data))
        service.uploads.keep(upload)
        return upload

    kept = await service.searching.run(work)
    return Json(
        rendered(
            {
                "version": 1,
                "picture": kept.name,
                "width": kept.width,
                "height": kept.height,
                "thumbnail": f"{API}/pictures/{kept.name}",
            }
        ),
        201,
    )


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


def _encoded(index: Reading, data: bytes) -> None:
    for encoder in index.encoders:
        if "image" in encoder.modalities:
            index.picture_vector(encoder, data)
