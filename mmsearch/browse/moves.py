"""From hit to hit in a grid of two parts: rows of matches, then rows of guesses."""

from __future__ import annotations

from typing import Literal, TypeAlias

Way: TypeAlias = Literal["left", "right", "up", "down", "first", "last"]


def moved(at: int, way: Way, *, columns: int, matches: int, total: int) -> int:
    """The hit to go to from the one ``at``, of ``total`` of which the first ``matches`` stand above the line.

    Left and right go through all; up and down stay in their column as far as the rows are long enough.
    """
    if total == 0:
        return 0
    if way in ("first", "last"):
        return 0 if way == "first" else total - 1
    if way in ("left", "right"):
        return min(max(at + (1 if way == "right" else -1), 0), total - 1)
    row, column = _place(at, columns, matches)
    wanted = row + (1 if way == "down" else -1)
    found = [one for one in range(total) if _place(one, columns, matches)[0] == wanted]
    return found[min(column, len(found) - 1)] if found else at


def is_last_row(at: int, *, columns: int, matches: int, total: int) -> bool:
    """Whether there is no row below that of the hit ``at``."""
    return total > 0 and _place(at, columns, matches)[0] == _place(total - 1, columns, matches)[0]


def _place(at: int, columns: int, matches: int) -> tuple[int, int]:
    """(row, column)."""
    if at < matches:
        return divmod(at, columns)
    row, column = divmod(at - matches, columns)
    return -(-matches // columns) + row, column
