from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mmsearch.encoders.compiled import CompiledEncoder  # noqa: E402
from mmsearch.errors import EncoderError, UsageError  # noqa: E402
from mmsearch.train.compile.export import compile_encoder, load_towers, write_towers  # noqa: E402
from mmsearch.train.loop.loop import train  # noqa: E402
from tests.unit.train.conftest import tiny_recipe  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tiny_recipe(), data, tmp_path_factory.mktemp("run")).output


@pytest.fixture(scope="module")
def compiled(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_encoder(run, tmp_path_factory.mktemp("encoders") / "tiny", "fp32").directory


def vectors_of(run: Path, pictures: Any, texts: list[str]) -> tuple[Any, Any]:
    from tokenizers import Tokenizer

    towers = load_towers(run)
    tokenizer = Tokenizer.from_str(towers.tokenizer)
    with torch.inference_mode():
        rows = [torch.tensor([tokenizer.encode(text).ids]) for text in texts]
        vectors = [towers.text(row, torch.ones_like(row)).numpy() for row in rows]
        return towers.picture(torch.from_numpy(pictures)).numpy(), np.concatenate(vectors)


PICTURES = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
TEXTS = ["a red square", "blue", "a picture of an orange square", ""]


def test_compiled_towers_give_the_vectors_of_the_trained_ones(run: Path, compiled: Path) -> None:
    encoder = CompiledEncoder(compiled)
    images, texts = vectors_of(run, PICTURES, TEXTS)
    np.testing.assert_allclose(encoder.encode_images(PICTURES), images, atol=1e-5)
    np.testing.assert_allclose(encoder.encode_texts(TEXTS), texts, atol=1e-5)
    assert encoder.encode_images(PICTURES[:1]).shape == (1, 8)


def test_the_bank_is_the_vectors_of_its_texts(compiled: Path) -> None:
    encoder = CompiledEncoder(compiled)
    texts = (compiled / "bank.txt").read_text().splitlines()
    bank = encoder.bank("text")
    assert bank is not None
    assert 250 <= len(texts) == len(bank)
    np.testing.assert_allclose(bank[:9], encoder.encode_texts(texts[:9]), atol=2e-3)
    assert encoder.bank("image") is None


def test_the_directory_names_its_recipe_and_its_drift(compiled: Path) -> None:
    description = json.loads((compiled / "encoder.json").read_text())
    assert description["recipe"]["name"] == "tiny"
    assert description["figures"]["cosine_to_fp32"]["image"] > 0.999
    assert description["sha256"].keys() == {"image.onnx", "text.onnx", "tokenizer.json"}


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_a_smaller_precision_stays_near(run: Path, tmp_path: Path, precision: str) -> None:
    small = compile_encoder(run, tmp_path / precision, precision, limit=0.95)
    encoder = CompiledEncoder(small.directory)
    _, texts = vectors_of(run, PICTURES, TEXTS)
    assert (encoder.encode_texts(TEXTS) * texts).sum(1).min() > 0.95


def test_a_compile_that_drifted_is_refused_and_leaves_nothing(run: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="drifted: mean cosine"):
        compile_encoder(run, tmp_path / "bad", "int8", limit=1.01)
    assert not list(tmp_path.iterdir())


def test_int8_asks_for_pictures_where_a_run_has_none(run: Path, tmp_path: Path) -> None:
    bare = dataclasses.replace(load_towers(run), calibration=None)
    with pytest.raises(UsageError, match="--calibration"):
        write_towers(bare, tmp_path, "int8")


def test_an_unfinished_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="no finished training run"):
        compile_encoder(tmp_path, tmp_path / "out")


def test_an_unknown_precision_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="fp32, fp16, int8"):
        compile_encoder(run, tmp_path / "out", "int4")
