from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from mmsearch.train.compile.compress import is_convolutional, quantize_embeddings  # noqa: E402

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(("bits", "error"), [(8, 0.01), (4, 0.15)])
def test_tables_in_few_bits_look_rows_up_nearly_as_they_were(bits: int, error: float) -> None:
    torch.manual_seed(0)
    table = torch.nn.Embedding(200, 128)
    tower = torch.nn.ModuleDict({"word_embeddings": table})
    small = quantize_embeddings(tower, bits)
    rows = torch.arange(200)
    difference = (small["word_embeddings"](rows) - table(rows)).norm() / table(rows).norm()
    assert 0 < difference < error


def test_one_patch_layer_makes_no_convolutional_tower() -> None:
    assert is_convolutional(torch.nn.Sequential(*(torch.nn.Conv2d(3, 3, 3) for _ in range(12))))
    assert not is_convolutional(torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.Linear(3, 8)))
