from __future__ import annotations

import dataclasses

import pytest

torch = pytest.importorskip("torch")

from mmsearch.train.towers.pair import TowerPair  # noqa: E402
from mmsearch.types import PictureSpec  # noqa: E402


def test_a_pair_needs_no_more_than_its_towers_and_how_they_are_asked() -> None:
    tower = torch.nn.Identity()
    pair = TowerPair("x", "1", 8, PictureSpec(32), 16, tower, tower, "{}")
    assert pair.calibration is None
    assert pair.table_bits == 8
    with pytest.raises(dataclasses.FrozenInstanceError):
        pair.name = "y"  # type: ignore[misc]
