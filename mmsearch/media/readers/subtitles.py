"""Subtitles beside a film or a recording: what is said there, in passages with their seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError
from mmsearch.media.film.subtitles import SUBTITLE_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mmsearch.media.film.subtitles import Caption
    from mmsearch.media.limits import Limits
    from mmsearch.media.readers.parts import Contents, Part


@dataclass(frozen=True, slots=True)
class SubtitleReader:
    """Files of subtitles (srt, vtt, ass). They belong to the film beside them and are no documents of their own."""

    name: str = "file of subtitles"
    suffixes: frozenset[str] = SUBTITLE_SUFFIXES
    extra: str | None = "sound"
    package: str | None = "av"
    signatures: tuple[bytes, ...] = ()
    isolated: bool = True

    def max_bytes(self, limits: Limits) -> int:
        """As `Reader`."""
        return limits.max_text_bytes

    def read(self, file: Path, limits: Limits) -> Contents:
        """As `Reader`; what can't be read is a fault, since the film does not depend on it."""
        from mmsearch.media.readers.parts import Contents

        return Contents(_parts(file, limits))


def spoken(captions: Iterable[Caption], limits: Limits) -> Iterator[Part]:
    """``captions`` as passages, as far as one document may have texts."""
    from mmsearch.media.film.subtitles import passages
    from mmsearch.media.readers.parts import Fault, TextPart
    from mmsearch.types import Locator

    left = limits.max_text_bytes
    for number, one in enumerate(passages(captions)):
        place = Locator("seconds", one.start, max(one.start, one.end))
        left -= len(one.text)
        if number >= limits.max_passages or left <= 0:
            yield Fault(place, "what is said from here on is beyond what is read of one document")
            return
        yield TextPart(one.text, place, is_passage=True)


def _parts(file: Path, limits: Limits) -> Iterator[Part]:
    from mmsearch.media.film.subtitles import captions_beside
    from mmsearch.media.readers.parts import Fault
    from mmsearch.types import Locator

    try:
        yield from spoken(captions_beside(file, limits), limits)
    except MediaError as error:
        yield Fault(Locator(), f"its subtitles {file.name}: {error}")
