"""Subtitles, in a film or in a file beside it, by FFmpeg's readers: what is said from when to when."""

from __future__ import annotations

import io
import re
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mmsearch.errors import MediaError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from mmsearch.media.limits import Limits

# A suffix -> what FFmpeg calls such a file. How it begins can't say, since the older ones begin with anything.
FORMATS = {".srt": "srt", ".vtt": "webvtt", ".ass": "ass", ".ssa": "ass"}
SUBTITLE_SUFFIXES = frozenset(FORMATS)
# Captions become one passage until it has so many characters, or so long a pause (seconds) follows.
PASSAGE, PAUSE = 240, 3.0
_MOST_TRACKS = 16
_TEXTS = {"subrip", "srt", "ass", "ssa", "mov_text", "webvtt", "text", "ttml"}  # all others are pictures
_MARKS = re.compile(r"\{[^{}]*\}")  # what ASS says of fonts and places
_TAGS = re.compile(r"</?[a-zA-Z][^<>]*>")
_BREAKS = re.compile(r"\\[Nnh]|\s+")
_DRAWING = re.compile(r"\{[^{}]*\\p[1-9]")


@dataclass(frozen=True, slots=True)
class Caption:
    """What is shown from ``start`` to ``end``, in seconds."""

    text: str
    start: float
    end: float


def captions_beside(file: Path, limits: Limits) -> Iterator[Caption]:
    """The captions of a file of subtitles; MediaError where there are none in it, MissingExtraError without PyAV."""
    from mmsearch.media.text.text import read_text

    text = read_text(file, limits).text
    found = False
    with _opened(text.encode("utf-8", "replace"), FORMATS[file.suffix.lower()]) as container:
        for stream in container.streams.subtitles[:1]:
            for one in _captions(container, stream, 0.0):
                found = True
                yield one
    if not found:
        raise MediaError("no subtitles in it")


def captions_inside(container: Any, start: float) -> Iterator[list[Caption]]:
    """The captions of each track of subtitles in an open film, as far as they are texts; ``start``: the film's first
    moment by its own clock. The film is read once for all tracks."""
    tracks = [one for one in container.streams.subtitles if one.codec_context.name in _TEXTS][:_MOST_TRACKS]
    found: dict[int, list[Caption]] = {one.index: [] for one in tracks}
    if not tracks:
        return
    for caption, index in _told(container, tracks, start):
        found[index].append(caption)
    yield from found.values()


def passages(captions: Iterable[Caption]) -> Iterator[Caption]:
    """Captions joined to passages: in order, none twice where tracks repeat what was shown before."""
    held: list[Caption] = []
    for one in captions:
        if held and one.text == held[-1].text:
            held[-1] = Caption(one.text, held[-1].start, max(one.end, held[-1].end))
            continue
        if held and (one.start - held[-1].end > PAUSE or sum(len(said.text) for said in held) > PASSAGE):
            yield _joined(held)
            held = []
        held.append(one)
    if held:
        yield _joined(held)


def _joined(held: list[Caption]) -> Caption:
    return Caption(" ".join(one.text for one in held), held[0].start, max(one.end for one in held))


@contextmanager
def _opened(data: bytes, name: str) -> Iterator[Any]:
    try:
        import av
    except ImportError as error:
        raise MissingExtraError("reading subtitles", "sound") from error
    try:
        container = av.open(io.BytesIO(data), format=name, metadata_errors="replace")
    except (av.error.FFmpegError, ValueError) as error:
        raise MediaError("no subtitles in it") from error
    with container:
        yield container


def _captions(container: Any, stream: Any, start: float) -> Iterator[Caption]:
    for caption, _ in _told(container, [stream], start):
        yield caption


def _told(container: Any, streams: list[Any], start: float) -> Iterator[tuple[Caption, int]]:
    import av

    packets = container.demux(streams)
    while True:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, ValueError):  # the rest can't be found
            return
        if packet is None:
            return
        if not packet.size or packet.pts is None:
            continue
        try:
            shown = packet.decode()
        except (av.error.FFmpegError, ValueError):
            continue
        first = max(0.0, float(packet.pts * packet.time_base) - start)
        last = first + float((packet.duration or 0) * packet.time_base)
        text = " ".join(filter(None, map(_plain, shown)))
        if text:
            yield Caption(text, round(first, 2), round(last, 2)), packet.stream.index


def _plain(one: Any) -> str:
    """The text of a line without its marks; "" for a picture, or for what ASS draws."""
    dialogue = getattr(one, "dialogue", None)
    if dialogue is None:
        return ""
    text = dialogue.decode("utf-8", "replace") if isinstance(dialogue, bytes) else str(dialogue)
    if _DRAWING.search(text):
        return ""
    return " ".join(_BREAKS.sub(" ", _TAGS.sub("", _MARKS.sub("", text))).split())
