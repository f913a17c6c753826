"""Pictures and sounds that somebody sent to search by: in memory only, a bounded number of bytes, those used last."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal, TypeAlias

from mmsearch.media.limits import Limits
from mmsearch.search.query.value import SOUND_MARK, Picture, Sound
from mmsearch.serve.problems import RefusedError

SMALL = 320
SentKind: TypeAlias = Literal["image", "audio"]
# How a text names what was sent: @sent:NAME a picture, @audio:sent:NAME a sound.
SENT = "sent:"
_NAME = re.compile(rf"(?:{SOUND_MARK})?{SENT}[0-9a-f]{{32}}")
_NOUNS: dict[SentKind, str] = {"image": "picture", "audio": "sound"}


@dataclass(frozen=True, slots=True)
class Upload:
    """One picture or sound: its file's bytes; of a picture ``width`` and ``height`` upright in pixels."""

    name: str
    data: bytes
    kind: SentKind = "image"
    width: int = 0
    height: int = 0
    seconds: float | None = None

    @property
    def content(self) -> Picture | Sound:
        """It as a part of a query."""
        if self.kind == "audio":
            return Sound(self.data, f"{SOUND_MARK}{SENT}{self.name}")
        return Picture(self.data, f"{SENT}{self.name}")

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self.data)

    def small(self, limits: Limits) -> bytes:
        """A WebP of a picture, of at most ``SMALL`` pixels a side."""
        from mmsearch.media.picture import thumbnail

        return thumbnail(self.data, SMALL, limits, image_format="WEBP")


def read_picture(data: bytes, limits: Limits) -> Upload:
    """The picture in ``data``, named by its content so that sending it again changes nothing.

    Raises MediaError for what the header shows to be no picture within ``limits``.
    """
    from mmsearch.media.picture import inspect_picture

    fields = inspect_picture(data, limits)
    return Upload(_name_of(data), data, width=int(fields["width"]), height=int(fields["height"]))


def read_sound(data: bytes) -> Upload:
    """The sound in ``data``, as `read_picture`; MissingExtraError where the service can't read sounds."""
    from mmsearch.media.sound.decode import open_sound

    with open_sound(data) as recording:
        return Upload(_name_of(data), data, "audio", seconds=recording.seconds)


def _name_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


class Uploads:
    """At most ``most_bytes`` of what was sent; the least recently used go first. Several threads may ask."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes, self.bytes = most_bytes, 0
        self._kept: OrderedDict[str, Upload] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, named: object) -> bool:
        """Whether ``sent:NAME``, or ``audio:sent:NAME``, names what is, or was, kept here."""
        return isinstance(named, str) and _NAME.fullmatch(named) is not None

    def named(self, named: str, kind: SentKind) -> Upload:
        """What ``sent:NAME`` names; RefusedError as `find`."""
        return self.find(named.removeprefix(SENT), kind)

    def keep(self, upload: Upload) -> None:
        """Keep ``upload``, as the one used last."""
        with self._lock:
            if upload.name not in self._kept:
                self._kept[upload.name] = upload
                self.bytes += upload.size
            self._kept.move_to_end(upload.name)
            while self.bytes > self.most_bytes and len(self._kept) > 1:
                _, oldest = self._kept.popitem(last=False)
                self.bytes -= oldest.size

    def find(self, name: str, kind: SentKind = "image") -> Upload:
        """The picture or sound of this name; RefusedError (410) when it has gone, or never was."""
        with self._lock:
            found = self._kept.get(name)
            if found is None or found.kind != kind:
                raise RefusedError(410, f"this {_NOUNS[kind]} is not kept any more: send it again")
            self._kept.move_to_end(name)
            return found
