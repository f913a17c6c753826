"""Pictures that somebody sent to search by: in memory only, a bounded number of bytes, those used last."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass

from mmsearch.media.limits import Limits
from mmsearch.search.query.value import Picture
from mmsearch.serve.problems import RefusedError

SMALL = 320
# How a text names a picture that was sent: @sent:NAME.
SENT = "sent:"
_NAME = re.compile(rf"{SENT}[0-9a-f]{{32}}")


@dataclass(frozen=True, slots=True)
class Upload:
    """One picture: its file's bytes, ``width`` and ``height`` upright in pixels."""

    name: str
    data: bytes
    width: int
    height: int

    @property
    def picture(self) -> Picture:
        """It as a part of a query."""
        return Picture(self.data, f"{SENT}{self.name}")

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return len(self.data)

    def small(self, limits: Limits) -> bytes:
        """A WebP of it, of at most ``SMALL`` pixels a side."""
        from mmsearch.media.picture import thumbnail

        return thumbnail(self.data, SMALL, limits, image_format="WEBP")


def read_upload(data: bytes, limits: Limits) -> Upload:
    """The picture in ``data``, named by its content so that sending it again changes nothing.

    Raises MediaError for what the header shows to be no picture within ``limits``.
    """
    from mmsearch.media.picture import inspect_picture

    fields = inspect_picture(data, limits)
    name = hashlib.sha256(data).hexdigest()[:32]
    return Upload(name, data, int(fields["width"]), int(fields["height"]))


class Uploads:
    """At most ``most_bytes`` of pictures; the least recently used go first. Several threads may ask."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes, self.bytes = most_bytes, 0
        self._kept: OrderedDict[str, Upload] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, named: object) -> bool:
        """Whether ``sent:NAME`` names a picture that is, or was, kept here."""
        return isinstance(named, str) and _NAME.fullmatch(named) is not None

    def named(self, named: str) -> Upload:
        """The picture that ``sent:NAME`` names; RefusedError as `find`."""
        return self.find(named.removeprefix(SENT))

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

    def find(self, name: str) -> Upload:
        """The picture of this name; RefusedError (410) when it has gone, or never was."""
        with self._lock:
            found = self._kept.get(name)
            if found is None:
                raise RefusedError(410, "this picture is not kept any more: send it again")
            self._kept.move_to_end(name)
            return found
