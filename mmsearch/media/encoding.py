"""Bytes of a text in whatever encoding -> str; binary data refused."""

from __future__ import annotations

import codecs
import re

from mmsearch.errors import MediaError

_BYTE_ORDER_MARKS = (  # UTF-32 first: its little-endian mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL_BYTES = bytes(range(9)) + bytes(range(14, 27)) + bytes(range(28, 32))  # not tab, newlines, escape
_CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")
_MOST_CONTROLS = 0.005  # of all characters; old texts hold a form feed or a stray end-of-file mark
_SAMPLE = 1 << 16  # what the detector reads; it takes a second for a megabyte
_BINARY = "binary data, not text"


def decode_text(data: bytes, declared: str | None = None) -> str:
    """``data`` as text: by its byte order mark, else UTF-8, else as ``declared``, else by detection.

    The mark is not part of the text; line ends are kept as they are. Raises MediaError for binary data, and
    for text in an encoding that can't be told.
    """
    text = _by_mark(data)
    if text is None:
        text = _strictly(data, "utf-8")
    if text is None and declared:
        text = _strictly(data, declared)
    if text is None:
        text = _strictly(data, detect_encoding(data))
    if text is None:
        raise MediaError("text in an unknown encoding: save it as UTF-8")
    if len(_CONTROL_CHARACTERS.findall(text, 0, _SAMPLE)) > _MOST_CONTROLS * min(len(text), _SAMPLE):
        raise MediaError(_BINARY)
    return text


def detect_encoding(data: bytes) -> str:
    """The name of the encoding that ``data`` (or its first part) is in; MediaError when it looks binary."""
    for mark, name in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return name
    sample = _telling_part(data)
    if wide := _unmarked_utf16(sample):
        return wide
    controls = len(sample) - len(sample.translate(None, _CONTROL_BYTES))
    if controls > _MOST_CONTROLS * len(sample):
        raise MediaError(_BINARY)
    if _strictly(sample[: len(sample) - 4] or sample, "utf-8", final=False) is not None:
        return "utf-8"
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    if best is None:
        raise MediaError("text in an unknown encoding: save it as UTF-8")
    return best.encoding


def _by_mark(data: bytes) -> str | None:
    for mark, name in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            try:
                return data.decode(name)
            except UnicodeDecodeError as error:
                raise MediaError(
                    f"damaged {name[:6].rstrip('-').upper()} text at byte {error.start}"
                ) from error
    return None


def _strictly(data: bytes, encoding: str, *, final: bool = True) -> str | None:
    """The text, or None when ``data`` isn't in ``encoding`` or Python has no such encoding for text."""
    try:
        return codecs.getincrementaldecoder(encoding)("strict").decode(data, final)
    except (UnicodeError, LookupError, TypeError):  # the last two: "base64" and names that are no encoding
        return None


def _telling_part(data: bytes) -> bytes:
    """A sample from just before the first byte that is not ASCII: before it all encodings are alike."""
    if len(data) <= _SAMPLE:
        return data
    found = re.search(rb"[\x00\x80-\xff]", data)
    start = max(0, (found.start() if found else 0) - 256) & ~3  # in step with wide characters
    return data[start : start + _SAMPLE]


def _unmarked_utf16(sample: bytes) -> str | None:
    """UTF-16 without a mark, as Windows programs write it: zeros in every other byte of western text."""
    pairs = len(sample) // 2
    if pairs < 2:
        return None
    for name, zeros_at in (("utf-16-le", 1), ("utf-16-be", 0)):
        zeros, others = sample[zeros_at::2].count(0), sample[1 - zeros_at :: 2].count(0)
        if zeros > 0.4 * pairs and others == 0:
            return name
    return None
