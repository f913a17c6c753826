"""Which container a file is in, by how it begins.

FFmpeg would guess too, and take a text for a playlist that names other files and addresses; it is told instead.
"""

from __future__ import annotations

import re

# How it begins, and what FFmpeg calls it.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (rb"RIFF....WAVE|RF64....WAVE|RIFX....WAVE", "wav"),
    (rb"riff.\x91\xcf\x11", "w64"),
    (rb"fLaC", "flac"),
    (rb"OggS", "ogg"),
    (rb"....(?:ftyp|moov|mdat|wide|free|skip|pnot)", "mov"),
    (rb"\x1a\x45\xdf\xa3", "matroska"),
    (rb"FORM....AIF[FC]", "aiff"),
    (rb"RIFF....AVI ", "avi"),
    (rb"caff", "caf"),
    (rb"\.snd", "au"),
    (rb"#!AMR", "amr"),
    (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (rb"FLV\x01", "flv"),
    (rb"\x00\x00\x01\xba", "mpeg"),
    (rb"wvpk", "wv"),
    (rb"MAC ", "ape"),
    (rb"\xff[\xf0\xf1\xf8\xf9]", "aac"),
    (rb"\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff]", "mp3"),
)
_COMPILED = tuple((re.compile(pattern, re.DOTALL), name) for pattern, name in _SIGNATURES)
HEAD = 64  # bytes that tell, behind a tag
TAG = (
    10  # bytes of the header of an ID3v2 tag, which stands before mp3 and aac (and, against the rules, flac)
)

SOUND_SUFFIXES = frozenset(
    {
        ".wav",
        ".wave",
        ".w64",
        ".flac",
        ".mp3",
        ".ogg",
        ".oga",
        ".opus",
        ".m4a",
        ".m4b",
        ".aac",
        ".weba",
        ".mka",
    }
    | {".aiff", ".aif", ".aifc", ".caf", ".au", ".snd", ".amr", ".wma", ".wv", ".ape"}
)
FILM_SUFFIXES = frozenset(
    {
        ".mp4",
        ".m4v",
        ".mov",
        ".mkv",
        ".webm",
        ".avi",
        ".mpg",
        ".mpeg",
        ".flv",
        ".wmv",
        ".asf",
        ".3gp",
        ".3g2",
        ".ogv",
    }
)


def container(head: bytes) -> str | None:
    """FFmpeg's name of the container that begins with ``head`` (HEAD bytes); None for none that is read."""
    return next((name for pattern, name in _COMPILED if pattern.match(head)), None)


def tag_length(head: bytes) -> int:
    """The bytes of the ID3v2 tag that a file begins with by its ``head``; 0 for none."""
    if len(head) < TAG or not head.startswith(b"ID3") or max(head[6:10]) > 127:
        return 0
    size = 0
    for seven in head[6:10]:
        size = size << 7 | seven
    return TAG + size + (TAG if head[5] & 0x10 else 0)
