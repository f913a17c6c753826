"""Motion photos: a short film behind a JPEG or within a HEIC, as phones take them.

Google's and others' say so in their XMP ("MotionPhoto", older ones "MicroVideo"), Samsung's at their end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmsearch.errors import MediaError
from mmsearch.media.files import open_regular

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = 64 << 10  # bytes in which the XMP of a JPEG stands
_MARKS = (b"MotionPhoto", b"MicroVideo")
_SAMSUNG = b"SEFT"  # the last bytes of what Samsung's phones append
_BRANDS = (b"isom", b"iso", b"mp4", b"avc1", b"qt  ", b"M4V", b"mmp4", b"3gp")
_LONGEST_BOX = 256


def has_film(head: bytes, tail: bytes) -> bool:
    """Whether a picture that begins with ``head`` and ends with ``tail`` says that there is a film in it."""
    picture = head.startswith(b"\xff\xd8\xff") or head[4:8] == b"ftyp"
    return picture and (any(mark in head[:_HEAD] for mark in _MARKS) or tail.endswith(_SAMSUNG))


def is_motion_photo(file: Path) -> bool:
    """The same of a ``file``; False for one that can't be read."""
    try:
        with open_regular(file) as opened:
            head = opened.read(_HEAD)
            opened.seek(max(0, opened.seek(0, 2) - len(_SAMSUNG)))
            return has_film(head, opened.read())
    except (MediaError, OSError):
        return False


def film_in(data: bytes) -> bytes | None:
    """The film in a motion photo, from where its first box begins; None for any other picture."""
    if not has_film(data[:_HEAD], data[-len(_SAMSUNG) :]):
        return None
    at = data.find(b"ftyp", 16)  # the first of a HEIC is its own
    while at >= 0:
        size = int.from_bytes(data[at - 4 : at], "big")
        if 8 <= size <= _LONGEST_BOX and data[at + 4 : at + 8].startswith(_BRANDS):
            return data[at - 4 :]
        at = data.find(b"ftyp", at + 4)
    return None
