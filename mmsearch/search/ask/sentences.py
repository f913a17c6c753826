"""Where the sentences of a passage lie, by a sentence splitter."""

from __future__ import annotations

import re

# What the splitter has failed on inside: it is given plain blanks instead.
_UNSAFE = re.compile(r"[^\S\x00-\x7f]|[\ud800-\udfff]")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence of ``text``, in order, without white space around; none empty."""
    from sentencex import get_sentence_boundaries

    try:
        found = get_sentence_boundaries("en", _UNSAFE.sub(" ", text))
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # Rust's, which is no Exception
            raise
        found = [{"start_index": 0, "end_index": len(text)}]
    spans = [_stripped(text, one["start_index"], one["end_index"]) for one in found]
    return [(start, end) for start, end in spans if end > start]


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
