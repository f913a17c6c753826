"""What a reader finds in a file: parts, each with its place; values that have decoded nothing yet."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from mmsearch.media.picture import inspect_picture, load_picture
from mmsearch.types import Locator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mmsearch.media.limits import Limits
    from mmsearch.media.picture import Picture
    from mmsearch.types import FieldValue, PictureSpec, Pixels, Samples


@dataclass(frozen=True, slots=True)
class TextPart:
    """A text, which is split into passages; their characters count within ``place``.

    ``title``: what the part is called, such as a chapter, a sheet or an entry of the outline; it is found as well.
    ``is_passage``: it is one passage as it is, which lies at ``place``.
    """

    text: str
    place: Locator = field(default_factory=Locator)
    title: str | None = None
    is_passage: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PicturePart:
    """A picture: the bytes of a picture file, or what was drawn, (height, width, 3) uint8 RGB.

    ``captions``: texts that say what it shows, as far as the file tells. ``digest``: 32 bytes that are equal for equal
    pictures, where a reader has better ones than the SHA-256 of what is here.
    """

    data: bytes | Pixels
    place: Locator = field(default_factory=Locator)
    captions: tuple[str, ...] = ()
    digest: bytes | None = None

    def key(self) -> bytes:
        """What the picture is told by: equal for equal contents."""
        if self.digest is not None:
            return self.digest
        if isinstance(self.data, bytes):
            return hashlib.sha256(self.data).digest()
        shape = "x".join(map(str, self.data.shape)).encode()
        return hashlib.sha256(shape + b":" + self.data.tobytes()).digest()

    def picture(self, spec: PictureSpec, limits: Limits, *, scaled: bool) -> Picture:
        """The pixels that an encoder wants; raises MediaError."""
        if isinstance(self.data, bytes):
            return load_picture(self.data, spec, limits, scaled_decoding=scaled)
        return drawn_picture(self.data, spec)

    def fields(self, limits: Limits) -> Mapping[str, FieldValue]:
        """What the picture says of itself, without decoding it; raises MediaError."""
        return inspect_picture(self.data, limits) if isinstance(self.data, bytes) else {}


@dataclass(frozen=True, slots=True, eq=False)
class SoundPart:
    """Sound: ``samples`` (n,) float32 from -1 to 1, of one channel, ``rate`` of them a second.

    ``place``: the seconds of the recording that these are.
    """

    samples: Samples
    rate: int
    place: Locator

    def key(self) -> bytes:
        """What the sound is told by: equal for equal samples."""
        return hashlib.sha256(f"{self.rate}:".encode() + self.samples.tobytes()).digest()


@dataclass(frozen=True, slots=True)
class Fault:
    """A part that could not be read, and why; the rest of the file goes on."""

    place: Locator
    reason: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Reading goes on, though nothing was found for a while: what is patient for some time may begin to count anew."""


Part: TypeAlias = TextPart | PicturePart | SoundPart | Fault | Pause


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a file. ``parts`` come one after the other as they are read, and only once.

    ``title`` and ``fields``: what the file says of itself, before its parts. ``properties``: fields as they are written
    there, which may be anything. A picture that is the whole file has its own fields (`PicturePart.fields`).
    """

    parts: Iterator[Part]
    title: str | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    properties: Mapping[str, object] = field(default_factory=dict)


def drawn_picture(pixels: Pixels, spec: PictureSpec) -> Picture:
    """``pixels`` (height, width, 3) as an encoder wants them."""
    from PIL import Image

    from mmsearch.media.picture import Picture, fit_picture

    height, width = pixels.shape[:2]
    return Picture(fit_picture(Image.fromarray(pixels), spec), width, height, {})
