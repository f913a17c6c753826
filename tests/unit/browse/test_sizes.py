from __future__ import annotations

from mmsearch.browse.sizes import Cells, fitting


def test_a_picture_is_as_large_as_its_room_lets_it_be_and_keeps_its_shape() -> None:
    room = Cells(24, 9)
    assert fitting(800, 400, room) == (24, 6)
    assert fitting(400, 400, room) == (18, 9)
    assert fitting(100, 400, room) == (4, 9)
    assert fitting(400, 400, room, ratio=3.0) == (24, 8)
    for width, height in ((1, 10_000), (10_000, 1), (1, 1), (0, 0)):
        cells = fitting(width, height, room)
        assert 1 <= cells.width <= 24
        assert 1 <= cells.height <= 9
