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
    from mmsearch.types import PictureSpec, Pixels


_CHUNK = 1 << 16


def read_source(
    source: str, limits: Limits | None = None, *, allow_private: bool = False, accept: str = "image/*"
) -> bytes:
    """The bytes that ``source`` names, at most ``limits.max_bytes``; a server is asked for what to ``accept``.

    Unless ``allow_private``, an address is fetched only from servers on the public network, redirects included.
    Raises MediaError, which names the source: no such file, no answer in time, too large, not http(s), private.
    """
    limits = limits or Limits()
    try:
        if source == "-":
            return _read_stream(sys.stdin.buffer, limits, deadline=None)
        if "://" in source:
            return _download(source, limits, accept, allow_private=allow_private)
        return read_file(Path(source), limits.max_bytes)
    except MediaError as error:
        raise MediaError(f"{'standard input' if source == '-' else source}: {error}") from error


def _download(url: str, limits: Limits, accept: str, *, allow_private: bool) -> bytes:
    import http.client
    from urllib.error import HTTPError, URLError
    from urllib.request import Request

    from mmsearch.media.network import Gate, opener

    if not url.lower().startswith(("http://", "https://")):
        raise MediaError("only http and https addresses are fetched")
    late = MediaError(f"no answer within {limits.max_seconds:g} s")
    deadline = time.monotonic() + limits.max_seconds
    with Gate(limits.max_seconds, allow_private=allow_private) as gate:
        try:
            request = Request(url, headers={"User-Agent": "mmsearch", "Accept": accept})
            with opener(gate).open(request, timeout=limits.max_seconds) as response:
                return _read_stream(cast("BinaryIO", response), limits, deadline)
        except HTTPError as error:
            with error:  # it holds the connection
                raise MediaError(f"the server answered {error.code} {error.reason}") from error
        except TimeoutError as error:
            raise late from error
        except URLError as error:
            if gate.shut or isinstance(error.reason, TimeoutError):
                raise late from error
            raise MediaError(f"can't be fetched ({error.reason})") from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            if gate.shut:
                raise late from error
            raise MediaError(f"can't be fetched ({error})") from error


def _read_stream(stream: BinaryIO, limits: Limits, deadline: float | None) -> bytes:
    """All of ``stream``; MediaError when it is empty, larger than allowed, or trickles past the deadline."""
    data = bytearray()
    while chunk := stream.read(_CHUNK):
        data += chunk
        if len(data) > limits.max_bytes:
            break
        if deadline is not None and time.monotonic() > deadline:
            raise MediaError(f"not finished within {limits.max_seconds:g} s")
    if deadline is not None and time.monotonic() > deadline:
        raise MediaError(f"not finished within {limits.max_seconds:g} s")
    if reason := size_reason(len(data), limits.max_bytes):
        raise MediaError(reason)
    return bytes(data)


def given_pixels(source: Any, spec: PictureSpec, *, allow_private: bool = False) -> Pixels:
    """The pixels of a path, a URL, "-" (standard input), bytes or a PIL image, as ``spec`` wants them.

    Raises UsageError when there is no such file, MediaError when it can't be decoded or fetched (see
    ``read_source``), TypeError for anything else.
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
        return load_picture(read_source(source, allow_private=allow_private), spec).pixels
    if is_pil_image(source):
        return fit_picture(source, spec)
    raise TypeError(f"a picture is a path, a URL, bytes or a PIL image, not {type(source).__name__}")
