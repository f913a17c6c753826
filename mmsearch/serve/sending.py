"""What is done with a picture or a sound that is sent, whatever way it came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmsearch.serve.service import rendered
from mmsearch.serve.shown import API
from mmsearch.serve.uploads import read_picture, read_sound

if TYPE_CHECKING:
    from collections.abc import Callable

    from mmsearch.library.reading import Reading
    from mmsearch.serve.service import Service
    from mmsearch.serve.uploads import Upload


async def keep_picture(service: Service, data: bytes) -> bytes:
    """Keep the picture in ``data``; the answer to who sent it. Raises MediaError for what can't be decoded."""
    kept = await _kept(service, lambda: read_picture(data, service.settings.upload))
    return rendered(
        {
            "version": 1,
            "picture": kept.name,
            "width": kept.width,
            "height": kept.height,
            "thumbnail": f"{API}/pictures/{kept.name}",
        }
    )


async def keep_sound(service: Service, data: bytes) -> bytes:
    """Keep the sound in ``data``, as `keep_picture`."""
    kept = await _kept(service, lambda: read_sound(data))
    return rendered({"version": 1, "sound": kept.name, "seconds": kept.seconds})


async def _kept(service: Service, read: Callable[[], Upload]) -> Upload:
    def work() -> Upload:
        upload = read()
        # decoded now, and once: what can't be is told who sent it, and the search finds the vectors remembered
        service.library.read(lambda index: _encode(index, upload))
        service.uploads.keep(upload)
        return upload

    return await service.searching.run(work)


def _encode(index: Reading, upload: Upload) -> None:
    for encoder in index.encoders:
        if upload.kind not in encoder.modalities:
            continue
        if upload.kind == "image":
            index.picture_vector(encoder, upload.data)
        else:
            index.sound_vector(encoder, upload.data)
