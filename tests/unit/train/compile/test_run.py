from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from mmsearch.errors import EncoderError  # noqa: E402
from mmsearch.train.compile.run import keep_rows, trained_towers  # noqa: E402

pytestmark = pytest.mark.torch


def test_a_folder_without_a_finished_run_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="holds no finished training run: mmsearch train RECIPE"):
        trained_towers(tmp_path)


def test_an_embedding_table_keeps_the_rows_in_the_order_asked_for() -> None:
    table = torch.nn.Embedding(5, 2)
    wanted = table.weight.detach()[[4, 0]].clone()
    keep_rows(table, [4, 0])
    assert table.num_embeddings == 2
    assert torch.equal(table(torch.tensor([0, 1])), wanted)
