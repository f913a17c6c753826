"""Films: a picture of each scene, the sound, and what the subtitles in them say."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from mmsearch.errors import MediaError
from mmsearch.media.readers.sounds import TAGS, sound_parts, title_of
from mmsearch.media.readers.subtitles import spoken
from mmsearch.media.sound.containers import FILM_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from mmsearch.media.film.looks import Track
    from mmsearch.media.film.scenes import Scene
    from mmsearch.media.limits import Limits
    from mmsearch.media.readers.parts import Contents, Part
    from mmsearch.types import FieldValue

_BREATH = 2.0  # seconds of work after which it is said that it goes on
_PLACE = re.compile(r"([+-]\d{1,2}(?:\.\d+)?)([+-]\d{1,3}(?:\.\d+)?)(?:[+-][\d.]+)?/?", re.ASCII)  # ISO 6709
_WHEN = re.compile(r"((?:19[89]|20)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class FilmReader:
    """The films of ``suffixes``: which container a file is, how it begins says."""

    name: str = "film"
    suffixes: frozenset[str] = FILM_SUFFIXES
    extra: str | None = "sound"
    package: str | None = "av"
    signatures: tuple[bytes, ...] = ()
    isolated: bool = True

    def max_bytes(self, limits: Limits) -> int:
        """As `Reader`."""
        return limits.max_recording_bytes

    def read(self, file: Path, limits: Limits) -> Contents:
        """As `Reader`."""
        from mmsearch.media.film.looks import pictures_of
        from mmsearch.media.readers.parts import Contents
        from mmsearch.media.sound.decode import opened, sound_of, tags_of

        with opened(file) as container, pictures_of(container) as track:
            tags = tags_of(container, "video" if track is not None else "audio")
            if track is None and not container.streams.audio:
                raise MediaError("holds neither pictures nor sound")
            seconds = track.seconds if track is not None else sound_of(container).seconds
            fields = _fields(tags, seconds, track)
        properties: dict[str, object] = {
            TAGS[name]: tags[name] for name in TAGS if tags.get(name, "").strip()
        }
        return Contents(film_parts(file, limits), title_of(tags), fields, properties)


def film_parts(source: Path | bytes, limits: Limits, shown: Iterable[NDArray[Any]] = ()) -> Iterator[Part]:
    """What its subtitles say; then its scenes unlike what was ``shown`` (36, 64) before, and its sound, both in the
    order of time, so that one can be listened to while the other is looked through.

    What can't be decoded costs itself, unless there is nothing else.
    """
    from mmsearch.media.readers.parts import Fault, Pause
    from mmsearch.types import Locator

    faults: list[str] = []
    found = False
    said = _guarded(_said(source, limits), faults)
    scenes = _guarded(_shown(source, shown), faults)
    sounds = _guarded(sound_parts(source, wanted=False), faults)
    for part in chain(said, _in_time(scenes, sounds)):
        found = found or not isinstance(part, Pause)
        yield part
    if not found:
        raise MediaError(faults[0] if faults else "shows nothing, and nothing is to be heard")
    for fault in faults:
        yield Fault(Locator(), fault)


def _guarded(parts: Iterator[Part], faults: list[str]) -> Iterator[Part]:
    try:
        yield from parts
    except MediaError as error:
        faults.append(str(error))


def _in_time(some: Iterator[Part], others: Iterator[Part]) -> Iterator[Part]:
    """The parts of both, each in its own order, what begins earlier first; a pause as soon as it comes."""
    waiting: list[tuple[float, Part, Iterator[Part]]] = []
    for parts in (some, others):
        yield from _advanced(parts, waiting)
    while waiting:
        waiting.sort(key=itemgetter(0))
        _, part, parts = waiting.pop(0)
        yield part
        yield from _advanced(parts, waiting)


def _advanced(parts: Iterator[Part], waiting: list[tuple[float, Part, Iterator[Part]]]) -> Iterator[Part]:
    """The pauses before the next of ``parts`` that has a place; that one goes to those that are ``waiting``."""
    from mmsearch.media.readers.parts import Pause

    for part in parts:
        if isinstance(part, Pause):
            yield part
            continue
        waiting.append((part.place.start or 0.0, part, parts))
        return


def scene_parts(scenes: Iterable[Scene | None]) -> Iterator[Part]:
    """A picture of each scene; a pause where nothing came for a while."""
    from mmsearch.media.readers.parts import Pause, PicturePart
    from mmsearch.types import Locator

    since = time.monotonic()
    for scene in scenes:
        if scene is not None:
            place = Locator("frame", scene.middle.seconds)
            yield PicturePart(scene.middle.pixels(), place, digest=scene.middle.key)
        elif time.monotonic() - since < _BREATH:
            continue
        else:
            yield Pause()
        since = time.monotonic()


def _shown(source: Path | bytes, shown: Iterable[NDArray[Any]]) -> Iterator[Part]:
    from mmsearch.media.film.looks import pictures_of
    from mmsearch.media.film.scenes import different, scenes
    from mmsearch.media.sound.decode import opened

    with opened(source) as container, pictures_of(container) as track:
        if track is not None:
            yield from scene_parts(different(scenes(track.looks()), shown))


def _said(source: Path | bytes, limits: Limits) -> Iterator[Part]:
    from mmsearch.media.film.subtitles import captions_inside
    from mmsearch.media.sound.decode import opened

    with opened(source) as container:
        if container.streams.subtitles:
            for captions in captions_inside(container, (container.start_time or 0) / 1e6):
                yield from spoken(captions, limits)


def _fields(tags: Mapping[str, str], seconds: float, track: Track | None) -> dict[str, FieldValue]:
    fields: dict[str, FieldValue] = {}
    if seconds > 0:
        fields["duration"] = round(seconds, 1)
    if track is not None:
        turns = track.turns()
        fields["width"], fields["height"] = (track.width, track.height)[:: -1 if turns % 2 else 1]
    if (when := _WHEN.match(tags.get("creation_time", ""))) is not None:
        fields["date"], fields["year"] = when[1], int(when[1][:4])
    place = _PLACE.fullmatch(
        tags.get("location", tags.get("com.apple.quicktime.location.iso6709", "")).strip()
    )
    if place is not None and abs(float(place[1])) <= 90 and abs(float(place[2])) <= 180:
        fields["latitude"], fields["longitude"] = float(place[1]), float(place[2])
    return fields
