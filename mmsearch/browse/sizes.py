"""How large a picture is shown in a terminal's cells, which are about twice as high as wide."""

from __future__ import annotations

import struct
from contextlib import suppress
from functools import cache
from typing import NamedTuple

USUAL = 2.0


class Cells(NamedTuple):
    """A size in cells."""

    width: int
    height: int


def fitting(width: int, height: int, room: Cells, ratio: float = USUAL) -> Cells:
    """The cells that a picture of ``width`` x ``height`` pixels takes, as large as the ``room`` lets it be.

    ``ratio``: height by width of a cell.
    """
    shape = ratio * max(width, 1) / max(height, 1)  # columns a line
    if shape * room.height >= room.width:
        return Cells(room.width, max(1, min(room.height, round(room.width / shape))))
    return Cells(max(1, min(room.width, round(shape * room.height))), room.height)


@cache
def cell_ratio() -> float:
    """Height by width of this terminal's cells; the usual one where it doesn't say."""
    with suppress(ImportError, OSError):
        import fcntl
        import termios

        size = fcntl.ioctl(2, termios.TIOCGWINSZ, bytes(8))
        lines, columns, wide, high = struct.unpack("HHHH", size)
        if lines and columns and wide and high:
            return float((high / lines) / (wide / columns))
    return USUAL
