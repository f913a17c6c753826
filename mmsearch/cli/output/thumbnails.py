"""Pictures in terminals that can show them: the Kitty graphics protocol and iTerm2's inline images."""

from __future__ import annotations

import base64
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIDE = 160
CHUNK = 4096  # the Kitty protocol's longest payload per escape


def terminal_pictures(when: str) -> Callable[[Path], None] | None:
    """A function that shows a picture on standard output, or None when this terminal can't.

    ``when``: "auto" asks the environment, "always" assumes the Kitty protocol where nothing else is known,
    "never" shows none.
    """
    protocol = _protocol()
    if when == "never" or (when == "auto" and (protocol is None or not sys.stdout.isatty())):
        return None
    encode = iterm_escape if protocol == "iterm" else kitty_escape

    def show(picture: Path) -> None:
        from mmsearch.errors import MediaError
        from mmsearch.media.picture import thumbnail

        try:
            data = thumbnail(picture, SIDE, image_format="PNG")
        except (MediaError, OSError):
            return  # the hit's line stands; a picture that has gone is no reason to stop
        sys.stdout.write("          " + encode(data) + "\n")
        sys.stdout.flush()

    return show


def _protocol() -> str | None:
    if os.environ.get("TERM_PROGRAM") in ("iTerm.app", "WezTerm", "mintty"):
        return "iterm"
    if "KITTY_WINDOW_ID" in os.environ or os.environ.get("TERM") in ("xterm-kitty", "xterm-ghostty"):
        return "kitty"
    return None


def kitty_escape(png: bytes) -> str:
    """``png`` as escapes of the Kitty graphics protocol (https://sw.kovidgoyal.net/kitty/graphics-protocol/)."""
    payload = base64.b64encode(png).decode()
    chunks = [payload[i : i + CHUNK] for i in range(0, len(payload), CHUNK)]
    escapes = []
    for number, chunk in enumerate(chunks):
        more = int(number < len(chunks) - 1)
        control = f"a=T,f=100,m={more}" if number == 0 else f"m={more}"
        escapes.append(f"\x1b_G{control};{chunk}\x1b\\")
    return "".join(escapes)


def iterm_escape(picture: bytes) -> str:
    """``picture`` as an escape of iTerm2's inline images (https://iterm2.com/documentation-images.html)."""
    payload = base64.b64encode(picture).decode()
    return f"\x1b]1337;File=inline=1;size={len(picture)};height=5:{payload}\a"
