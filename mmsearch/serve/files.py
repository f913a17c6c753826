"""Files of the corpus as they are handed out: what they are is told by their bytes, never by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from mmsearch.media.files import open_regular
from mmsearch.media.formats import HEAD_BYTES, is_plain_text, picture_format
from mmsearch.media.sound.containers import container, tag_length
from mmsearch.serve.security.headers import FILE_POLICY

if TYPE_CHECKING:
    from pathlib import Path

# What every browser shows as a picture, and none runs as anything else; what is neither shown nor played is kept.
SHOWN_AS_THEY_ARE = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
}
# What browsers play, by FFmpeg's names of containers (mmsearch.media.sound.containers).
PLAYED = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "aac": "audio/aac",
    "ogg": "application/ogg",
    "mov": "video/mp4",
    "matroska": "video/webm",
}
BYTES = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"


def media_type(file: Path) -> tuple[str, bool]:
    """The type under which ``file`` is handed out, and whether a browser may show it.

    Raises MediaError for what is no regular file, or can't be read.
    """
    with open_regular(file) as opened:
        head = opened.read(HEAD_BYTES)
    form = picture_format(head)
    if form in SHOWN_AS_THEY_ARE:
        return SHOWN_AS_THEY_ARE[form], True
    if form is None and (played := PLAYED.get(_container(head))) is not None:
        return played, True
    return (TEXT if form is None and is_plain_text(head) else BYTES), False


def _container(head: bytes) -> str:
    # what begins with a tag is MP3 almost always, and a player looks for itself
    return "mp3" if tag_length(head) else container(head) or ""


def file_headers(name: str, *, shown: bool) -> dict[str, str]:
    """Headers of a file called ``name``, which is shown or kept, and never run."""
    name = "".join(one if one.isprintable() else "_" for one in name)  # nothing that turns the writing around
    plain = "".join(one if one.isascii() and one not in '"\\;%' else "_" for one in name)
    how = "inline" if shown else "attachment"
    return {
        "Content-Disposition": f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": FILE_POLICY,
        "Cache-Control": "private, no-cache",
    }
