"""Changing the table of words of a compiled tower: against a table that is packed anew."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from mmsearch.errors import EncoderError  # noqa: E402
from mmsearch.train.languages.wordrows import Change, change_rows, keep_and_add  # noqa: E402
from mmsearch.train.towers.tables import PackedTable, RoundedTable  # noqa: E402

pytestmark = pytest.mark.torch

ROWS, WIDTH = 7, 128


def model(table: torch.nn.Module) -> onnx.ModelProto:
    from onnx import helper, numpy_helper

    parts = {name: numpy_helper.from_array(value.numpy(), name) for name, value in table.state_dict().items()}
    return helper.make_model(helper.make_graph([], "tower", [], [], list(parts.values())))


def parts_of(changed: onnx.ModelProto) -> dict[str, np.ndarray]:
    from onnx import numpy_helper

    return {one.name: numpy_helper.to_array(one) for one in changed.graph.initializer}


@pytest.mark.parametrize("form", [PackedTable, RoundedTable])
def test_kept_rows_stay_to_the_last_bit_and_fresh_ones_are_packed(form: type[torch.nn.Module]) -> None:
    chance = torch.Generator().manual_seed(0)
    old = torch.randn(ROWS, WIDTH, generator=chance)
    fresh = torch.randn(3, WIDTH, generator=chance)
    kept = np.array([0, -1, 2, 6, 5, -1, -1])
    changed = model(form(old))
    change_rows(changed, ROWS, WIDTH, Change(kept, fresh.numpy()))
    wanted = old[np.maximum(kept, 0)].clone()
    wanted[kept < 0] = fresh
    for name, value in form(wanted).state_dict().items():
        np.testing.assert_array_equal(parts_of(changed)[name], value.numpy())


def test_a_table_can_shrink_and_grow() -> None:
    table = torch.randn(ROWS, WIDTH, generator=torch.Generator().manual_seed(1))
    changed = model(PackedTable(table))
    change_rows(changed, ROWS, WIDTH, Change(np.array([4, 1]), np.empty((0, WIDTH), np.float32)))
    assert parts_of(changed)["rows"].shape == (2, WIDTH // 2)
    kept = keep_and_add(2, np.array([1, 2]), 1)
    assert kept.tolist() == [0, -1, -1]
    change_rows(changed, 2, WIDTH, Change(kept, table[:2].numpy()))
    np.testing.assert_array_equal(parts_of(changed)["rows"][1:], PackedTable(table[:2]).rows.numpy())


def test_another_table_is_refused() -> None:
    with pytest.raises(EncoderError, match="8 or 4 bits"):
        change_rows(model(torch.nn.Linear(3, 4)), 4, 3, Change(np.array([0]), np.empty((0, 3), np.float32)))
    with pytest.raises(ValueError, match="1 rows are new, 2 vectors given"):
        Change(np.array([0, -1]), np.zeros((2, 4), np.float32))
