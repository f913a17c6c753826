"""Bytes of a text in whatever encoding -> str; binary data refused.

Without a mark, and when it is no UTF-8, a text is read in several encodings, and what reads best in one language
(``orthography``) is meant. Which ones come into question is told by chardetng, Firefox's detector.
"""

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
_WIDE = ("utf-16-le", "utf-16-be")
_CONTROL_BYTES = bytes(range(9)) + bytes(range(14, 27)) + bytes(range(28, 32))  # not tab, newlines, escape
_CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f]")
_MOST_CONTROLS = 0.005  # of all characters; old texts hold a form feed or a stray end-of-file mark
_SAMPLE = 1 << 16  # what is looked at: more of a text says the same
_DOS_END = b"\x1a\0"  # ^Z ends a text of DOS, whose last block zeros may fill up
_BINARY = "binary data, not text"
_UNKNOWN = "text in an unknown encoding: save it as UTF-8"

# Beside what the detector says, the order by which equally good readings are chosen.
_USUAL = ("cp1252", "cp1250", "iso8859-2", "cp1257", "cp1254", "cp850", "cp852", "mac-roman", "gb18030", "cp1256",
    "big5", "shift_jis", "euc_jp", "euc_kr", "cp1251", "koi8-r")  # fmt: skip
_GAIN = 0.4  # by which another reading must be better than the detector's
_BALTIC = frozenset({"cp1257", "iso8859-4", "iso8859-10", "iso8859-13"})  # which it finds in French
_JAPANESE = frozenset({"shift_jis", "euc_jp", "iso2022_jp"})
_LETTERS, _MOST_LETTERS = re.compile(rb"[a-zA-Z .,]"), 0.75
_LINE_ENDS = re.compile("[\u0d0a\u0a0d\u0a0a\u0a20\u200a]")  # pairs of line feeds, returns and blanks
_FIRST_WIDE = "\u2e80"  # from here on characters have two bytes in older encodings, too
_KANA = re.compile("[\u3040-\u30ff]")
_TRIED = 4_000  # bytes that are read in each encoding
_LEAST_WIDE = 0.38  # plausibility for each byte of UTF-16; what is taken for Chinese by chance has 0.25


def decode_text(data: bytes, declared: str | None = None) -> str:
    """``data`` as text: by its byte order mark, else UTF-8, else as ``declared``, else by detection.

    The mark is not part of the text, nor is what ends a DOS file (^Z); line ends are kept as they are, zeros become
    blanks. Raises MediaError for binary data, and for text in an encoding that can't be told.
    """
    text = _by_mark(data)
    if text is None:
        text = _decoded(data, declared)
    if _is_binary(text):
        raise MediaError(_BINARY)
    return _without_end(text).replace("\0", " ")


def _decoded(data: bytes, declared: str | None) -> str:
    text = _strictly(data.rstrip(_DOS_END) or data, "utf-8")
    if text is not None and not _is_binary(text):
        return text
    text = _strictly(data, declared) if declared else None
    if text is None:
        encoding = detect_encoding(data)
        text = _strictly(data[: len(data) & ~1] if encoding in _WIDE else data, encoding)
    if text is None:
        raise MediaError(_UNKNOWN)
    return text


def detect_encoding(data: bytes) -> str:
    """The name of the encoding that ``data`` (or its first part) is in; MediaError when it looks binary."""
    for mark, name in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return name
    sample = _telling_part(data)
    if wide := _unmarked_utf16(sample):
        return wide
    ended = sample.rstrip(_DOS_END) or sample
    controls = len(ended) - len(ended.translate(None, _CONTROL_BYTES))
    few_controls = controls <= _MOST_CONTROLS * len(ended)
    if few_controls and _strictly(ended, "utf-8", final=len(sample) < _SAMPLE) is not None:
        return "utf-8"
    readings = _readings(ended) if few_controls else {}
    readings |= _wide_readings(_telling_part(sample, _TRIED))
    if not readings:
        raise MediaError(_UNKNOWN if few_controls else _BINARY)
    return max(readings, key=lambda name: readings[name])  # the first of equals


def _is_binary(text: str) -> bool:
    ended = _without_end(text)
    sampled = min(len(ended), _SAMPLE)
    return len(_CONTROL_CHARACTERS.findall(ended, 0, sampled)) > _MOST_CONTROLS * sampled


def _readings(sample: bytes) -> dict[str, float]:
    """How plausible ``sample`` is in each encoding that gives high bytes letters and can be meant."""
    from chardetng_py import EncodingDetector

    detector = EncodingDetector()
    detector.feed(sample, last=True)
    sample = _telling_part(sample, _TRIED)
    guess = _python_name(detector.guess(tld=None, allow_utf8=False))
    trusted = guess not in _BALTIC
    worths = (
        (name, _worth(sample, name))
        for name in dict.fromkeys((guess, *_USUAL) if trusted else (*_USUAL, guess))
    )
    readings = {name: worth for name, worth in worths if worth is not None}
    if trusted and guess in readings:
        readings[guess] += _GAIN
    return readings


def _python_name(name: str) -> str:
    try:
        found = codecs.lookup(name).name
    except LookupError:
        return name
    return "gb18030" if found in ("gbk", "gb2312") else found


def _worth(sample: bytes, encoding: str) -> float | None:
    """How plausible ``sample`` is in ``encoding``; None when it can't be."""
    from mmsearch.media.text.orthography import plausibility

    text = _strictly(sample, encoding, final=len(sample) < _TRIED)
    if text is None:
        return None
    if encoding in _JAPANESE and not _KANA.search(text):
        return 0.75 * plausibility(text)  # hardly any Japanese is without kana
    return plausibility(text)


def _by_mark(data: bytes) -> str | None:
    for mark, name in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            if name == "utf-16" and len(data) % 2 and data[-1:] in (b"\x1a", b"\0", b"\n"):
                data = data[:-1]  # appended by what knows bytes only
            try:
                return data.decode(name)
            except UnicodeDecodeError as error:
                raise MediaError(
                    f"damaged {name[:6].rstrip('-').upper()} text at byte {error.start}"
                ) from error
    return None


def _without_end(text: str) -> str:
    return text.rstrip(_DOS_END.decode()) or text  # nothing but zeros is no text


def _strictly(data: bytes, encoding: str, *, final: bool = True) -> str | None:
    """The text, or None when ``data`` isn't in ``encoding`` or Python has no such encoding for text."""
    try:
        return codecs.getincrementaldecoder(encoding)("strict").decode(data, final)
    except (UnicodeError, LookupError, TypeError):  # the last two: "base64" and names that are no encoding
        return None


def _telling_part(data: bytes, size: int = _SAMPLE) -> bytes:
    """``size`` bytes from just before the first that is not ASCII: before it all encodings are alike."""
    if len(data) <= size:
        return data
    found = re.search(rb"[\x00\x80-\xff]", data)
    start = max(0, (found.start() if found else 0) - 256) & ~3  # in step with wide characters
    return data[start : start + size]


def _unmarked_utf16(sample: bytes) -> str | None:
    """UTF-16 without a mark, as Windows programs write it: zeros in every other byte of western text."""
    pairs = len(sample) // 2
    if pairs < 2:
        return None
    for name, zeros_at in zip(_WIDE, (1, 0), strict=True):
        zeros = sample[zeros_at : 2 * pairs : 2].count(0)
        others = sample[1 - zeros_at : 2 * pairs : 2].count(0)
        if (
            zeros > 0.4 * pairs
            and others <= 0.02 * pairs
            and _strictly(sample[: 2 * pairs], name, final=False)
        ):
            return name
    return None


def _wide_readings(sample: bytes) -> dict[str, float]:
    """The same for UTF-16 without a mark: in one order it is a language, in the other hardly ever."""
    from mmsearch.media.text.orthography import is_assigned, plausibility

    readings: dict[str, float] = {}
    if len(_LETTERS.findall(sample)) > _MOST_LETTERS * len(sample):
        return readings  # pairs of small letters are Chinese characters by chance
    for name in _WIDE:
        text = _strictly(sample[: len(sample) & ~1], name, final=False)
        if text and _LINE_ENDS.search(text) is None and is_assigned(text):
            # what is one byte elsewhere (a letter, a blank, a digit) is two here
            worth = plausibility(text) + sum(character < _FIRST_WIDE for character in text)
            if worth > _LEAST_WIDE * len(sample):
                readings[name] = worth
    return readings
