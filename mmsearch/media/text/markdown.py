"""Markdown -> the text that a reader sees, its title, and what its front matter states."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from mmsearch.media.text.frontmatter import front_matter
from mmsearch.media.text.markup import visible_text

if TYPE_CHECKING:
    from collections.abc import Mapping


def read_markdown(source: str) -> tuple[str, str | None, Mapping[str, object]]:
    """(text, title, properties) of a Markdown document.

    The text is what CommonMark and the tables, tasks and footnotes of GitHub show: without marks, pictures by their
    alternative texts, paragraphs apart by an empty line. The title is that of the front matter, or the first heading
    of the first level; the properties are what else the front matter states.
    """
    properties, start = front_matter(source)
    stated = properties.pop("title", None)
    text, heading = visible_text(_html(source[start:]))
    return text, " ".join(stated.split()) if isinstance(stated, str) else heading, properties


def _html(source: str) -> str:
    import pyromark
    from pyromark import Options

    shown = Options.ENABLE_TABLES | Options.ENABLE_STRIKETHROUGH | Options.ENABLE_TASKLISTS
    shown |= Options.ENABLE_FOOTNOTES | Options.ENABLE_GFM | Options.ENABLE_WIKILINKS
    try:
        return pyromark.html(source, options=shown)
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # Rust's, which is no Exception: no file may end a run
            raise
        return f"<pre>{escape(source)}</pre>"
