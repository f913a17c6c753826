"""Which picture format some bytes are in, told by their first bytes and never by the file's name.

The table is the allow list: what it does not name is never given to a decoder.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

Format: TypeAlias = Literal["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "GIF", "TIFF", "BMP", "RAW"]

RAW_SUFFIXES = frozenset(
    {".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw"}
)
PICTURE_SUFFIXES = RAW_SUFFIXES | {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".avif", ".gif", ".tif", ".tiff", ".bmp", ".dib"),
    *(".heic", ".heif", ".hif"),
}
"""Lower-case suffixes of the files that a crawl takes for pictures."""

HEAD_BYTES = 4096  # enough for every signature, and to tell text from binary data

_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
_BMP_HEADER_SIZES = frozenset({12, 16, 40, 52, 56, 64, 108, 124})  # "BM" alone begins many a text
_SIGNATURES: tuple[tuple[re.Pattern[bytes], Format], ...] = (
    (re.compile(rb"\xff\xd8\xff"), "JPEG"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "PNG"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "WEBP"),
    (re.compile(rb"GIF8[79]a"), "GIF"),
    (re.compile(rb"II\*\0....CR", re.DOTALL), "RAW"),  # Canon CR2
    (re.compile(rb"II\*\0|MM\0\*|II\+\0|MM\0\+"), "TIFF"),  # other RAW formats too: see tiff_is_raw
    (re.compile(rb"IIR[OS]|MMOR|IIU\0|FUJIFILMCCD-RAW|....ftypcrx ", re.DOTALL), "RAW"),
)
_FOREIGN: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (re.compile(rb"%PDF"), "a PDF document, not a picture"),
    (re.compile(rb"PK\x03\x04"), "a zip archive, not a picture"),
    (re.compile(rb"\s*<(!doctype html|html)", re.IGNORECASE), "an HTML page, not a picture"),
    (re.compile(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!doctype svg[^>]*>\s*)?<svg", re.I | re.S),
     "an SVG drawing: drawings are not read"),
    (re.compile(rb"version https://git-lfs"), "a Git LFS pointer: fetch the picture itself first"),
    (re.compile(rb"....ftyp", re.DOTALL), "a video or other media container, not a picture"),
    (re.compile(rb"8BPS"), "a Photoshop file: export it as PNG, TIFF or JPEG"),
    (re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"), "JPEG 2000: export it as PNG, TIFF or JPEG"),
    (re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "), "JPEG XL: export it as PNG, TIFF or JPEG"),
)  # fmt: skip


def picture_format(head: bytes) -> Format | None:
    """The allowed format that a file beginning with ``head`` claims to be in, or None."""
    for signature, name in _SIGNATURES:
        if signature.match(head):
            return name
    if head[4:8] == b"ftyp":
        return _container_format(head)
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return "BMP"
    return None


def _container_format(head: bytes) -> Format | None:
    """AVIF or HEIF by the major brand, or, when that only says "still picture", by the compatible ones."""
    size = min(max(int.from_bytes(head[:4], "big"), 16), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    if brands[0] in _AVIF_BRANDS:
        return "AVIF"
    if brands[0] in _HEIF_BRANDS:
        return "AVIF" if brands[0] in (b"mif1", b"msf1") and _AVIF_BRANDS & set(brands) else "HEIF"
    return None


def foreign_reason(head: bytes) -> str:
    """What a file that is in no allowed format seems to be: the reason for refusing it as a picture."""
    for signature, reason in _FOREIGN:
        if signature.match(head):
            return reason
    if is_plain_text(head):
        return "text, not a picture"
    return "not a picture in a known format (JPEG, PNG, WebP, AVIF, HEIC, GIF, TIFF, BMP, camera RAW)"


def is_plain_text(head: bytes) -> bool:
    """Whether ``head`` reads as UTF-8 (its last character may be cut off) without control characters."""
    if re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", head):
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(head) - 3 > 0
    return True
