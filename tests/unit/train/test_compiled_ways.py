from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

from benchmarks import towers
from mmsearch.train.loop.loop import train
from tests.unit.train.conftest import COLORS, tiny_recipe

pytestmark = pytest.mark.torch


def test_each_way_to_compile_a_run_gets_a_row(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tiny_recipe()
    run = train(replace(recipe, phases=recipe.phases[:1]), data, tmp_path / "run").output
    monkeypatch.setattr(towers, "shared_data", lambda: data)
    monkeypatch.setattr(towers, "COLLECTION", "colors")
    monkeypatch.setattr(towers, "WAYS", (("fp32", ()), ("int8", ("heads:1",))))
    whole, small = towers.measure(1.0, run)
    assert (whole.what, small.what) == ("fp32", "int8, heads:1")
    assert "cosine 1.0000, 1.0000" in whole.reached
    assert "cosine 1.0000" not in small.reached  # a head of rank 1 is no gate's concern here, but it shows
    # Among eight pictures every caption finds its own within the first ten.
    assert len(COLORS) < 10
    assert all("R@10 100.0" in figure.reached for figure in (whole, small))
