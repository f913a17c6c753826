"""Split a text into passages: whole sentences, as many as fit, with their exact places."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from mmsearch.media.text.headings import LONGEST, is_heading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Span: TypeAlias = tuple[int, int]  # of characters, end exclusive

TARGET_CHARACTERS = 480
MAX_PASSAGES = 10_000
_PARAGRAPH_BORDER = re.compile(r"\n\s*\n|\r\s*\r")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")  # kana, Han, Hangul
_WIDE_SHARE, _WIDE_SAMPLE = 0.3, 5000
_WIDE_WORTH = 3  # a Chinese character says about what three letters say
_UNSAFE = re.compile(r"[^\S\x00-\x7f]|[\ud800-\udfff]")
_WINDOW = 1 << 16  # characters given to the splitter at a time, so that memory does not grow with a text
_BREAKS = (re.compile(r"\n"), re.compile(r"[,;:，、；：]\s*"), re.compile(r"\s+"))


@dataclass(frozen=True, slots=True)
class Passage:
    """``text`` is ``whole[start:end]`` of the text that it was split from, without white space around it."""

    text: str
    start: int
    end: int


class _Paragraph(NamedTuple):
    sentences: Iterator[Span]
    begins_section: bool


def split_passages(text: str, *, target: int = TARGET_CHARACTERS, limit: int = MAX_PASSAGES) -> list[Passage]:
    """Passages of at most ``target`` characters in order, no two overlapping; the first ``limit`` of them.

    Without the limit they cover every character that is not white space. A passage is made of whole sentences
    where these fit; it ends with its paragraph once it is half full, and before a heading, which stands with what
    follows it. A longer sentence is cut at a line end, a comma or a space. In Chinese, Japanese and Korean a passage
    holds a third of the characters.
    """
    if target < 1 or limit < 0:
        raise ValueError(f"target {target} must be at least 1, limit {limit} at least 0")
    sample = text[:_WIDE_SAMPLE]
    if len(_WIDE.findall(sample)) > _WIDE_SHARE * len(sample):
        target = max(1, target // _WIDE_WORTH)
    spans = islice(_packed(_paragraphs(text, target), target), limit)
    return [Passage(text[start:end], start, end) for start, end in spans]


def _packed(paragraphs: Iterable[_Paragraph], target: int) -> Iterator[Span]:
    """Neighbouring sentences joined up to ``target`` characters."""
    start = end = 0  # of the passage that grows; equal while there is nothing in it
    for paragraph in paragraphs:
        if paragraph.begins_section and end > start:
            yield start, end
            start = end
        for first, last in paragraph.sentences:
            if end > start and last - start > target:
                yield start, end
                start = end
            if start == end:
                start = first
            end = last
        if 2 * (end - start) >= target:
            yield start, end
            start = end
    if end > start:
        yield start, end


def _paragraphs(text: str, target: int) -> Iterator[_Paragraph]:
    """Paragraphs in order. A section begins with the first of the headings that stand before a text."""
    headings: list[Span] = []  # that nothing has followed yet
    for start, end in _borders(text):
        if end - start <= 2 * LONGEST and is_heading(text[start:end]):
            headings.append((start, end))
            continue
        for number, span in enumerate(headings):
            yield _Paragraph(_sentences(text, *span, target), begins_section=number == 0)
        headings.clear()
        yield _Paragraph(_sentences(text, start, end, target), begins_section=False)
    for span in headings:
        yield _Paragraph(_sentences(text, *span, target), begins_section=False)


def _borders(text: str) -> Iterator[Span]:
    """Where paragraphs lie that hold anything."""
    start = 0
    for border in _PARAGRAPH_BORDER.finditer(text):
        if text[start : border.start()].strip():
            yield start, border.start()
        start = border.end()
    if text[start:].strip():
        yield start, len(text)


def _sentences(text: str, start: int, end: int, target: int) -> Iterator[Span]:
    """The sentences of one paragraph, none longer than ``target``, none empty, without white space around."""
    for first, last in _cut(text, start, end, _WINDOW):
        for sentence_start, sentence_end in _boundaries(text[first:last]):
            yield from _cut(text, first + sentence_start, first + sentence_end, target)


def _boundaries(text: str) -> list[Span]:
    """Where the sentences of ``text`` lie, by sentencex; its English rules split Chinese and German too.

    It is given plain spaces for all others: next to those some versions fail inside, on an offset in bytes.
    Should they fail elsewhere too, the text is one sentence: no file may end a run.
    """
    from sentencex import get_sentence_boundaries

    try:
        found = get_sentence_boundaries("en", _UNSAFE.sub(" ", text))
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # Rust's, which is no Exception
            raise
        return [(0, len(text))]
    return [(each["start_index"], each["end_index"]) for each in found]


def _cut(text: str, start: int, end: int, size: int) -> Iterator[Span]:
    """``text[start:end]`` in pieces of at most ``size``, without white space around them, none empty.

    Each is cut in its second half if there is a line end, a comma or a space, in this order of preference.
    """
    start, end = _stripped(text, start, end)
    while end - start > size:
        least, most = start + size // 2, start + size
        ends = ([m.end() for m in pattern.finditer(text, least, most)] for pattern in _BREAKS)
        at = next((found[-1] for found in ends if found), most)
        yield _stripped(text, start, at)
        start, end = _stripped(text, at, end)
    if end > start:
        yield start, end


def _stripped(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
