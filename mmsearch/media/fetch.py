"""A query picture named on the command line or in the API: a path, an http(s) address, or "-" for stdin."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from mmsearch.errors import MediaError, UsageError
from mmsearch.media.files import read_file, size_reason
from mmsearch.media.limits import Limits
from mmsearch.media.picture import fit_picture, is_pil_image, load_picture

if TYPE_CHECKING:
    from urllib.request import OpenerDirector

    from mmsearch.types import PictureSpec, Pixels


_CHUNK = 1 << 16


def read_source(source: str, limits: Limits | None = None) -> bytes:
    """The bytes that ``source`` names, at most ``limits.max_bytes``.

    Raises MediaError, which names the source: no such file, no answer in time, too large, not http(s).
    """
    limits = limits or Limits()
    try:
        if source == "-":
            return _read_stream(sys.stdin.buffer, limits, deadline=None)
        if "://" in source:
            return _download(source, limits)
        return read_file(Path(source), limits.max_bytes)
    except MediaError as error:
        raise MediaError(f"{'standard input' if source == '-' else source}: {error}") from error


def _download(url: str, limits: Limits) -> bytes:
    import http.client
    from urllib.error import HTTPError, URLError
    from urllib.request import Request

    if not url.lower().startswith(("http://", "https://")):
        raise MediaError("only http and https addresses are fetched")
    deadline = time.monotonic() + limits.max_seconds
    try:
        request = Request(url, headers={"User-Agent": "mmsearch", "Accept": "image/*"})
        with _opener().open(request, timeout=limits.max_seconds) as response:
            return _read_stream(cast("BinaryIO", response), limits, deadline)
    except HTTPError as error:
        with error:  # it holds the connection
            raise MediaError(f"the server answered {error.code} {error.reason}") from error
    except TimeoutError as error:
        raise MediaError(f"no answer within {limits.max_seconds:g} s") from error
    except URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise MediaError(f"no answer within {limits.max_seconds:g} s") from error
        raise MediaError(f"can't be fetched ({error.reason})") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise MediaError(f"can't be fetched ({error})") from error


def _opener() -> OpenerDirector:
    """http and https only: the standard opener would follow a redirect to ftp, and reads file addresses."""
    from urllib import request

    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler,
        request.UnknownHandler,
        request.HTTPHandler,
        request.HTTPSHandler,
        request.HTTPDefaultErrorHandler,
        request.HTTPRedirectHandler,
        request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener


def _read_stream(stream: BinaryIO, limits: Limits, deadline: float | None) -> bytes:
    """All of ``stream``; MediaError when it is empty, larger than allowed, or trickles past the deadline."""
    data = bytearray()
    while chunk := stream.read(_CHUNK):
        data += chunk
        if len(data) > limits.max_bytes:
            break
        if deadline is not None and time.monotonic() > deadline:
            raise MediaError(f"not finished within {limits.max_seconds:g} s")
    if reason := size_reason(len(data), limits.max_bytes):
        raise MediaError(reason)
    return bytes(data)


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
