from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mmsearch.encoders.compiled import CompiledEncoder  # noqa: E402
from mmsearch.errors import EncoderError, UsageError  # noqa: E402
from mmsearch.train.compile.export import compile_encoder, load_towers  # noqa: E402
from mmsearch.train.compile.lowrank import shorten_heads  # noqa: E402
from mmsearch.train.compile.prune import prune  # noqa: E402
from mmsearch.train.loop.loop import train  # noqa: E402
from mmsearch.train.recipe import HeadRecipe  # noqa: E402
from mmsearch.train.towers.heads import Head  # noqa: E402
from tests.unit.train.conftest import tiny_recipe  # noqa: E402

pytestmark = pytest.mark.torch


def head(rank: int) -> Any:
    torch.manual_seed(0)
    made = Head(20, 16, HeadRecipe(hidden=12, dropout=0.0)).eval()
    with torch.no_grad():
        made.linear.weight.copy_(torch.randn(16, rank) @ torch.randn(rank, 20))
        made.output.weight.copy_(torch.randn(16, rank) @ torch.randn(rank, 12))
        made.hidden.weight.copy_(torch.randn(12, rank) @ torch.randn(rank, 20))
    return made


def test_a_head_of_that_rank_loses_nothing() -> None:
    features = torch.randn(5, 20)
    whole = head(3)
    short = shorten_heads(whole, 3)
    torch.testing.assert_close(short(features), whole(features), atol=1e-3, rtol=1e-3)
    assert sum(p.numel() for p in short.parameters()) < sum(p.numel() for p in whole.parameters()) / 2


def test_the_nearest_matrix_of_a_rank_is_taken() -> None:
    whole = head(16)
    first, second = shorten_heads(whole, 4).linear
    error = (whole.linear.weight - second.weight @ first.weight).square().sum()
    lost = torch.linalg.svdvals(whole.linear.weight)[4:].square().sum()
    torch.testing.assert_close(error, lost, rtol=1e-4, atol=1e-4)


def test_a_matrix_that_would_not_shrink_stays_whole() -> None:
    assert isinstance(shorten_heads(head(3), 15).linear, torch.nn.Linear)


@pytest.mark.parametrize(
    ("part", "complaint"),
    [("heads:x", "heads:RANK"), ("layers:2", "vocabulary:NUMBER"), ("vocabulary:no.txt", "no such file")],
)
def test_what_cannot_be_left_out_is_refused(data: Path, run: Path, part: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        prune(load_towers(run), [part])


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    recipe = tiny_recipe()
    return train(replace(recipe, phases=recipe.phases[:1]), data, tmp_path_factory.mktemp("run")).output


def test_a_pruned_encoder_reads_the_texts_it_was_kept_for_as_before(run: Path, tmp_path: Path) -> None:
    texts = ["a red square", "a picture of blue"]
    (tmp_path / "texts.txt").write_text("\n".join(texts))
    whole = CompiledEncoder(compile_encoder(run, tmp_path / "whole", "fp32").directory)
    parts = [f"vocabulary:{tmp_path / 'texts.txt'}"]
    small = compile_encoder(run, tmp_path / "small", "fp32", limit=-1, prune=parts)
    np.testing.assert_allclose(
        CompiledEncoder(small.directory).encode_texts(texts), whole.encode_texts(texts), atol=1e-5
    )
    words = json.loads((small.directory / "tokenizer.json").read_text())["model"]["vocab"]
    assert "red" in words
    assert "orange" not in words


def test_what_drifts_from_the_whole_towers_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"drifted: mean cosine .* or --prune less"):
        compile_encoder(run, tmp_path / "small", "fp32", prune=["heads:1"])
    assert not (tmp_path / "small").exists()
