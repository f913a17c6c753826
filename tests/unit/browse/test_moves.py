from __future__ import annotations

import pytest

from mmsearch.browse.moves import is_last_row, moved

# four columns: 0 1 2 3 / 4 5 above the line, 6 7 8 9 / 10 below it
GRID = {"columns": 4, "matches": 6, "total": 11}


@pytest.mark.parametrize(
    ("at", "way", "to"),
    [
        (0, "right", 1),
        (3, "right", 4),
        (5, "right", 6),
        (10, "right", 10),
        (0, "left", 0),
        (6, "left", 5),
        (1, "down", 5),
        (3, "down", 5),  # the row is shorter
        (5, "down", 7),
        (4, "down", 6),
        (9, "down", 10),
        (10, "down", 10),
        (10, "up", 6),
        (7, "up", 5),
        (9, "up", 5),
        (2, "up", 2),
        (7, "first", 0),
        (2, "last", 10),
    ],
)
def test_a_step_leads_to_the_hit_beside_above_or_below(at: int, way: str, to: int) -> None:
    assert moved(at, way, **GRID) == to  # type: ignore[arg-type]


@pytest.mark.parametrize("way", ["left", "right", "up", "down", "first", "last"])
def test_a_step_never_leaves_the_grid(way: str) -> None:
    for columns in (1, 2, 3, 7):
        for total in range(9):
            for matches in range(total + 1):
                for at in range(total):
                    grid = {"columns": columns, "matches": matches, "total": total}
                    assert 0 <= moved(at, way, **grid) < total  # type: ignore[arg-type]
    assert moved(0, way, columns=3, matches=0, total=0) == 0  # type: ignore[arg-type]


def test_the_last_row_is_where_more_is_wanted() -> None:
    assert not is_last_row(9, **GRID)
    assert is_last_row(10, **GRID)
    assert is_last_row(4, columns=4, matches=6, total=6)
    assert not is_last_row(0, columns=4, matches=0, total=0)
