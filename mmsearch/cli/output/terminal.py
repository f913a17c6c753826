"""How the verbs speak: text for people on a terminal, JSON for programs, errors on stderr.

What comes from files and from users may hold characters that a terminal obeys (ESC and the sequences that it begins,
bidirectional overrides). They are shown as backslash escapes (`mmsearch.printable`), in one place for each way out:
``console`` for text with styles, ``say`` for plain lines, ``print_json`` for JSON.
"""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

from mmsearch.printable import in_a_line, printable

if TYPE_CHECKING:
    from rich.console import Console

# In JSON the same, of which its own escapes leave these.
_OBEYED_IN_JSON = re.compile(
    "[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]"
)


def escape(text: str) -> str:
    """``text`` in a line of a console, where it means nothing but itself."""
    from rich.markup import escape as plain

    return plain(in_a_line(text))


def console(*, stderr: bool = False) -> Console:
    """A rich console that wraps lines for a person and leaves them whole in a pipe."""
    from rich.console import Console
    from rich.text import Text

    class Printable(Console):
        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str(printable(text), **options)

    stream = sys.stderr if stderr else sys.stdout
    piped = not stream.isatty()
    return Printable(file=stream, width=120 if piped else None, highlight=False, soft_wrap=piped, emoji=False)


def say(text: str, *, stderr: bool = False) -> None:
    """One plain line, or several."""
    print(printable(text), file=sys.stderr if stderr else sys.stdout)


def print_json(value: Any) -> None:
    """``value`` as one JSON document with characters of all scripts as they are."""
    _write_json(json.dumps(value, ensure_ascii=False, indent=2))


def print_json_line(value: Any) -> None:
    """``value`` as one line of JSON, which whoever reads has at once."""
    _write_json(json.dumps(value, ensure_ascii=False))
    sys.stdout.flush()


def _write_json(text: str) -> None:
    # outside strings JSON has none of them, and within "\u009b" means the same
    sys.stdout.write(_OBEYED_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


def human_bytes(size: float) -> str:
    """``size`` bytes in the largest unit that leaves a number of at least one."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError("unreachable")
