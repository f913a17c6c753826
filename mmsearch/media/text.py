"""Text files -> text with a title: plain text, Markdown, HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mmsearch.errors import MediaError
from mmsearch.media.encoding import decode_text
from mmsearch.media.limits import Limits

if TYPE_CHECKING:
    from pathlib import Path

_MARKDOWN = frozenset({".md", ".markdown", ".mdown"})
_HTML = frozenset({".html", ".htm", ".xhtml"})
TEXT_SUFFIXES = frozenset({".txt", ".text"}) | _MARKDOWN | _HTML
"""Lower-case suffixes of the files that a crawl takes for texts."""

_FRONT_MATTER = re.compile(r"(---|\+\+\+)[^\S\n]*\n(.*?\n)??(?:\1|\.\.\.)[^\S\n]*(?:\n|\Z)", re.DOTALL)
_FRONT_TITLE = re.compile(r"""^title\s*[:=]\s*(["']?)(.+?)\1\s*$""", re.MULTILINE | re.IGNORECASE)
_HEADING = re.compile(r"^ {0,3}#[^\S\n]+(.+?)[^\S\n]*#*[^\S\n]*$", re.MULTILINE)
_LONGEST_TITLE = 300


@dataclass(frozen=True, slots=True)
class TextFile:
    """One text file as it is read, and its title if it states one.

    Locators of passages are character offsets into ``text``: for plain text and Markdown the decoded file
    (front matter is blanked, so that offsets stay those of the file), for HTML the visible text.
    """

    text: str
    title: str | None


def read_text(path: Path, limits: Limits | None = None) -> TextFile:
    """Read a file by its suffix; MediaError when it is binary, empty, too large or unreadable."""
    from mmsearch.media.files import read_file

    return parse_text(read_file(path, (limits or Limits()).max_text_bytes), path.suffix)


def parse_text(data: bytes, suffix: str = ".txt") -> TextFile:
    """The bytes of a text file whose name ends in ``suffix``; MediaError when they are no text."""
    suffix = suffix.lower()
    title: str | None = None
    if suffix in _HTML:
        from mmsearch.media.markup import declared_encoding, visible_text

        text, title = visible_text(decode_text(data, declared_encoding(data)))
    else:
        text = decode_text(data)
        if suffix in _MARKDOWN:
            text, title = _without_front_matter(text)
    if not text or text.isspace():
        raise MediaError("no text in it")
    return TextFile(text, title[:_LONGEST_TITLE] if title else None)


def _without_front_matter(text: str) -> tuple[str, str | None]:
    """(text with YAML or TOML front matter blanked, its title or the first heading)."""
    front = _FRONT_MATTER.match(text)
    body_start = front.end() if front else 0
    found = _FRONT_TITLE.search(text, 0, body_start)
    title = found[2] if found else None
    if title is None and (heading := _HEADING.search(text, body_start)):
        title = heading[1]
    return " " * body_start + text[body_start:], title
