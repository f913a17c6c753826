"""Pictures in terminals: by the Kitty graphics protocol, iTerm2's inline images, or half blocks everywhere else."""

from __future__ import annotations

import base64
import os
import sys
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from mmsearch.errors import MediaError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

SIDE = 160
CHUNK = 4096  # the Kitty protocol's longest payload per escape
COLUMNS = 28  # of half blocks, which are as high as wide: at most as many half lines
INDENT = " " * 10

Way: TypeAlias = Literal["auto", "always", "blocks", "never"]
WAYS: tuple[Way, ...] = get_args(Way)


def terminal_pictures(when: str) -> Callable[[Path], None] | None:
    """A function that shows a picture on standard output, or None when it shall show none.

    ``when``: "auto" shows pictures on a terminal, in half blocks where it has no graphics that are known, and where it
    has no colors none; "always" assumes the Kitty protocol where nothing else is known, "blocks" shows half blocks,
    "never" shows none. In a pipe only "always" and "blocks" do.
    """
    if when not in WAYS:
        raise UsageError(f"--thumbnails is {', '.join(WAYS[:-1])} or {WAYS[-1]}, not {when!r}")
    protocol = _protocol()
    if when == "auto":
        if not sys.stdout.isatty() or (protocol is None and not _has_colors()):
            return None
        protocol = protocol or "blocks"
    if when == "never":
        return None
    draw = _blocks if "blocks" in (when, protocol) else _iterm if protocol == "iterm" else _kitty

    def show(picture: Path) -> None:
        try:
            drawn = draw(picture)
        except (MediaError, OSError):
            return  # the hit's line stands; a picture that has gone is no reason to stop
        sys.stdout.write(drawn)
        sys.stdout.flush()

    return show


def _protocol() -> str | None:
    if os.environ.get("TERM_PROGRAM") in ("iTerm.app", "WezTerm", "mintty"):
        return "iterm"
    if "KITTY_WINDOW_ID" in os.environ or os.environ.get("TERM") in ("xterm-kitty", "xterm-ghostty"):
        return "kitty"
    return None


def _has_colors() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") not in ("", "dumb")


def _kitty(picture: Path) -> str:
    from mmsearch.media.picture import thumbnail

    return f"{INDENT}{kitty_escape(thumbnail(picture, SIDE, image_format='PNG'))}\n"


def _iterm(picture: Path) -> str:
    from mmsearch.media.picture import thumbnail

    return f"{INDENT}{iterm_escape(thumbnail(picture, SIDE, image_format='PNG'))}\n"


def _blocks(picture: Path) -> str:
    from mmsearch.media.picture import thumbnail_pixels

    exact = os.environ.get("COLORTERM") in ("truecolor", "24bit")
    lines = half_blocks(thumbnail_pixels(picture, COLUMNS).tolist(), exact=exact)
    return "".join(f"{INDENT}{line}\n" for line in lines)


def half_blocks(rows: Sequence[Sequence[Sequence[int]]], *, exact: bool) -> Iterator[str]:
    """Lines of upper half blocks, two ``rows`` of pixels (red, green, blue) each; colors ``exact``, or of 256."""
    color = _exact_color if exact else _nearest_color
    for at in range(0, len(rows), 2):
        below = rows[at + 1] if at + 1 < len(rows) else None
        cells = [
            f"\x1b[38;{color(pixel)}m" + ("" if below is None else f"\x1b[48;{color(below[x])}m") + "\u2580"
            for x, pixel in enumerate(rows[at])
        ]
        yield "".join(cells) + "\x1b[0m"


def _exact_color(pixel: Sequence[int]) -> str:
    return "2;" + ";".join(map(str, pixel))


def _nearest_color(pixel: Sequence[int]) -> str:
    """The nearest of the cube of 6 x 6 x 6 colors that begins at 16 (xterm's 256 colors)."""
    red, green, blue = (0 if value < 48 else 1 if value < 115 else (value - 35) // 40 for value in pixel)
    return f"5;{16 + 36 * red + 6 * green + blue}"


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
