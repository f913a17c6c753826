"""Text files: one text each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmsearch.media.text.text import TEXT_SUFFIXES, read_text

if TYPE_CHECKING:
    from pathlib import Path

    from mmsearch.media.limits import Limits
    from mmsearch.media.readers.parts import Contents


@dataclass(frozen=True, slots=True)
class TextReader:
    """Plain text, Markdown and HTML."""

    name: str = "text"
    suffixes: frozenset[str] = TEXT_SUFFIXES
    extra: str | None = None
    package: str | None = None
    signatures: tuple[bytes, ...] = ()
    isolated: bool = False

    def max_bytes(self, limits: Limits) -> int:
        """As `Reader`."""
        return limits.max_text_bytes

    def read(self, file: Path, limits: Limits) -> Contents:
        """As `Reader`."""
        from mmsearch.media.readers.parts import Contents, TextPart

        found = read_text(file, limits)
        return Contents(iter([TextPart(found.text)]), found.title, properties=found.properties)
