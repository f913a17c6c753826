from __future__ import annotations

from mmsearch.media.limits import MIB, Limits


def test_the_limits_let_a_large_scan_through() -> None:
    assert Limits().max_pixels == 20_000 * 10_000
    assert Limits().max_bytes >= 400 * MIB


def test_each_limit_can_be_set_alone() -> None:
    assert Limits(max_pixels=1) != Limits()
    assert Limits(max_pixels=1).max_bytes == Limits().max_bytes
