"""Text files -> text with a title: plain text, Markdown, HTML."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError
from mmsearch.media.limits import Limits
from mmsearch.media.text.encoding import decode_text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_MARKDOWN = frozenset({".md", ".markdown", ".mdown"})
_HTML = frozenset({".html", ".htm", ".xhtml"})
TEXT_SUFFIXES = frozenset({".txt", ".text"}) | _MARKDOWN | _HTML
"""Lower-case suffixes of the files that a crawl takes for texts."""

_LONGEST_TITLE = 300


@dataclass(frozen=True, slots=True)
class TextFile:
    """One text file as it is read, its title if it states one, and what else its front matter states.

    Locators of passages are character offsets into ``text``: for plain text the decoded file, for Markdown and HTML
    the text that a reader sees.
    """

    text: str
    title: str | None
    properties: Mapping[str, object] = field(default_factory=dict)


def read_text(path: Path, limits: Limits | None = None) -> TextFile:
    """Read a file by its suffix; MediaError when it is binary, empty, too large or unreadable."""
    from mmsearch.media.files import read_file

    return parse_text(read_file(path, (limits or Limits()).max_text_bytes), path.suffix)


def parse_text(data: bytes, suffix: str = ".txt") -> TextFile:
    """The bytes of a text file whose name ends in ``suffix``; MediaError when they are no text."""
    suffix = suffix.lower()
    title: str | None = None
    properties: Mapping[str, object] = {}
    if suffix in _HTML:
        from mmsearch.media.text.markup import declared_encoding, visible_text

        text, title = visible_text(decode_text(data, declared_encoding(data)))
    elif suffix in _MARKDOWN:
        from mmsearch.media.text.markdown import read_markdown

        text, title, properties = read_markdown(decode_text(data))
    else:
        text = decode_text(data)
    if not text or text.isspace():
        raise MediaError("no text in it")
    return TextFile(text, title[:_LONGEST_TITLE] if title else None, properties)
