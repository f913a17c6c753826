"""Picture files: one picture each, which is the whole file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from mmsearch.media.limits import Limits
    from mmsearch.media.readers.parts import Contents


@dataclass(frozen=True, slots=True)
class PictureReader:
    """The pictures of ``suffixes``: which format a file is in, its own signature says."""

    name: str
    suffixes: frozenset[str]
    extra: str | None = None
    package: str | None = None
    signatures: tuple[bytes, ...] = ()
    isolated: bool = False

    def max_bytes(self, limits: Limits) -> int:
        """As `Reader`."""
        return limits.max_bytes

    def read(self, file: Path, limits: Limits) -> Contents:
        """As `Reader`."""
        from mmsearch.media.files import read_file
        from mmsearch.media.readers.parts import Contents, PicturePart

        return Contents(iter([PicturePart(read_file(file, limits.max_bytes))]))
