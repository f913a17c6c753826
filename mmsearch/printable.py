"""Text from files and users for terminals: what a terminal would obey is shown as a backslash escape."""

from __future__ import annotations

import re

# Controls (but for line ends and tabs), separators of lines and paragraphs, what turns the direction of writing
# (Unicode's property Bidi_Control), annotations between the lines, and halves of characters.
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]"
)


def printable(text: str) -> str:
    """``text`` with a backslash escape for each character that a terminal would obey; line ends and tabs stay."""
    return text if text.isprintable() else _OBEYED.sub(lambda found: _escaped(found[0]), text)


def in_a_line(text: str) -> str:
    """``text`` as ``printable``, its line ends and tabs as escapes too: for what must not begin a line of its own."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
