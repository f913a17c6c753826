"""A picture as a caller gives it: a path, a URL, bytes, or a picture in memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmsearch.errors import UsageError
from mmsearch.media.fetch import read_source
from mmsearch.media.picture import fit_picture, is_pil_image, load_picture

if TYPE_CHECKING:
    from mmsearch.types import PictureSpec, Pixels


def given_pixels(source: Any, spec: PictureSpec) -> Pixels:
    """The pixels of a path, a URL, "-" (standard input), bytes or a PIL image, as ``spec`` wants them.

    Raises UsageError when there is no such file, MediaError when it can't be decoded, TypeError for anything else.
    """
    if isinstance(source, str) and "://" not in source and source != "-":
        source = Path(source).expanduser()
    if isinstance(source, Path):
        if not source.is_file():
            raise UsageError(f"there is no picture {source}: give the path of a file, a URL, or - for stdin")
        return load_picture(source, spec).pixels
    if isinstance(source, bytes):
        return load_picture(source, spec).pixels
    if isinstance(source, str):
        return load_picture(read_source(source), spec).pixels
    if is_pil_image(source):
        return fit_picture(source, spec)
    raise TypeError(f"a picture is a path, a URL, bytes or a PIL image, not {type(source).__name__}")
