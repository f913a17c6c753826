"""Sound files, and the sound tracks of films: what can be heard of them, in stretches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError
from mmsearch.media.sound.containers import SOUND_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mmsearch.media.limits import Limits
    from mmsearch.media.readers.parts import Contents, Part

RATE = 16_000  # samples a second of what a reader gives
_PIECE = 15_360  # samples that are decoded at a time

# A tag -> the field that it becomes.
TAGS = {
    "artist": "artist",
    "album": "album",
    "genre": "genre",
    "date": "date",
    "year": "date",
    "comment": "comment",
    "description": "description",
}


@dataclass(frozen=True, slots=True)
class SoundReader:
    """The recordings of ``suffixes``: which container a file is, how it begins says."""

    name: str = "sound"
    suffixes: frozenset[str] = SOUND_SUFFIXES
    extra: str | None = "sound"
    package: str | None = "av"
    signatures: tuple[bytes, ...] = ()
    isolated: bool = True

    def max_bytes(self, limits: Limits) -> int:
        """As `Reader`."""
        return limits.max_recording_bytes

    def read(self, file: Path, limits: Limits) -> Contents:
        """As `Reader`."""
        from mmsearch.media.readers.parts import Contents
        from mmsearch.media.sound.decode import open_sound

        with open_sound(file) as recording:
            tags, seconds = recording.tags, recording.seconds
        properties: dict[str, object] = {
            TAGS[name]: tags[name] for name in TAGS if tags.get(name, "").strip()
        }
        fields = {"duration": round(seconds, 1)} if seconds > 0 else {}
        return Contents(sound_parts(file), title_of(tags), fields, properties)


def title_of(tags: Mapping[str, str]) -> str | None:
    """What the recording is called, with who made it: that is how one looks for it."""
    title, artist = tags.get("title", "").strip(), tags.get("artist", "").strip()
    return f"{title} – {artist}" if title and artist else title or None


def sound_parts(source: Path | bytes, *, wanted: bool = True) -> Iterator[Part]:
    """The stretches of a recording or of a film's sound track that can be heard, in order.

    Unless it is ``wanted``, there may be none; else MediaError is raised for silence and for a film without sound.
    """
    from mmsearch.media.readers.parts import Pause, SoundPart
    from mmsearch.media.sound.decode import opened, sound_of
    from mmsearch.media.sound.stretches import stretches
    from mmsearch.types import Locator

    silent = True
    with opened(source) as container:
        if not wanted and not container.streams.audio:
            return
        recording = sound_of(container)
        for one in stretches(recording.pieces(RATE, _PIECE), RATE, silence=True):
            if not one.samples.size:
                yield Pause()
                continue
            silent = False
            start = round(recording.start + one.start, 3)
            yield SoundPart(one.samples, RATE, Locator("seconds", start, start + one.samples.size / RATE))
    if silent and wanted:
        raise MediaError("nothing but silence")
