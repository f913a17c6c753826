"""A form with one file in it and nothing else, read in one go: what the page and scripts send."""

from __future__ import annotations

import re

# Longest part of a form that is read so; its header is short, too.
_HEADER_BYTES = 1_000
_TYPE = re.compile(
    rb"multipart/form-data; *boundary=(\"?)([\w'()+,./:=?-]{1,70})\1", re.ASCII | re.IGNORECASE
)
_FILE = re.compile(
    rb"content-disposition: *form-data;(?=[^\r\n]*; *filename=)[^\r\n]*[; ]name=\"file\"", re.I
)


def only_file(body: bytes, content_type: bytes) -> bytes | None:
    """The bytes of the field ``file``, the only one of a form that ends well; None for any other form."""
    found = _TYPE.fullmatch(content_type.strip())
    if found is None:
        return None
    delimiter = b"--" + found[2]
    start = body.find(b"\r\n\r\n", 0, _HEADER_BYTES)
    header = body[: max(start, 0)]
    if not header.startswith(delimiter + b"\r\n") or b"transfer-encoding" in header.lower():
        return None
    if not _FILE.search(header):
        return None
    end = body.find(b"\r\n" + delimiter, start + 2)
    if end < start + 4 or body[end + 2 + len(delimiter) :].strip(b"\r\n") != b"--":
        return None
    return body[start + 4 : end]
