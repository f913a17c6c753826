from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mmsearch.encoders.check_vectors import read_check_vectors  # noqa: E402
from mmsearch.encoders.compiled import CompiledEncoder  # noqa: E402
from mmsearch.encoders.description import read_description  # noqa: E402
from mmsearch.encoders.saturation import saturating  # noqa: E402
from mmsearch.errors import EncoderError, UsageError  # noqa: E402
from mmsearch.train.compile import export, rounding  # noqa: E402
from mmsearch.train.compile.export import compile_encoder  # noqa: E402
from mmsearch.train.compile.recompile import recompile, recompile_encoder  # noqa: E402
from mmsearch.train.loop.loop import train  # noqa: E402
from tests.unit.train.conftest import tiny_recipe  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.torch

PICTURES = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 3), dtype=np.uint8)
TEXTS = ["a red square", "blue", "a picture of an orange square", "white", "a black picture", "green"] * 4


@pytest.fixture(scope="module")
def run(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tiny_recipe(), data, tmp_path_factory.mktemp("run")).output


@pytest.fixture(scope="module")
def eight_bits(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder as they were compiled once: with all 8 bits, without check vectors."""
    folder = tmp_path_factory.mktemp("encoders") / "old"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rounding, "SEVEN_BITS", 127)
        patch.setattr(export, "refuse_saturation", lambda folder: None)
        compile_encoder(run, folder, "int8", limit=-1.0)
    return folder


def test_weights_that_can_saturate_are_refused_and_leave_nothing(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounding, "SEVEN_BITS", 127)
    with pytest.raises(EncoderError, match="can saturate on processors without VNNI"):
        compile_encoder(run, tmp_path / "bad", "int8", limit=-1.0)
    assert not list(tmp_path.iterdir())


def test_int8_cannot_saturate_and_carries_check_vectors(run: Path, tmp_path: Path) -> None:
    made = compile_encoder(run, tmp_path / "int8", "int8", limit=-1.0).directory
    assert saturating(made / "image.onnx") == saturating(made / "text.onnx") == []
    assert not read_description(made).saturates
    stored = read_check_vectors(made)
    assert stored is not None
    assert len(stored.texts) > 1
    assert len(stored.picture_vectors) > 1


def test_an_encoder_of_eight_bits_is_rounded_anew(eight_bits: Path, tmp_path: Path) -> None:
    assert saturating(eight_bits / "image.onnx")
    assert saturating(eight_bits / "text.onnx")
    made = recompile(eight_bits, tmp_path / "new", PICTURES, TEXTS)
    assert saturating(made.directory / "image.onnx") == saturating(made.directory / "text.onnx") == []
    assert not read_description(made.directory).saturates
    assert read_check_vectors(made.directory) is not None
    before, after = CompiledEncoder(eight_bits), CompiledEncoder(made.directory)
    assert (before.encode_texts(TEXTS) * after.encode_texts(TEXTS)).sum(1).min() > 0.99
    assert (before.encode_images(PICTURES) * after.encode_images(PICTURES)).sum(1).mean() > 0.98
    assert after.bank("text") is not None
    assert after.fingerprint != before.fingerprint


def test_rounding_anew_that_drifts_is_refused(eight_bits: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="drifted"):
        recompile(eight_bits, tmp_path / "new", PICTURES, TEXTS, limit=1.01)
    assert not list(tmp_path.iterdir())


def test_an_encoder_in_floats_cannot_be_rounded_anew(run: Path, tmp_path: Path) -> None:
    whole = compile_encoder(run, tmp_path / "fp32", "fp32").directory
    with pytest.raises(EncoderError, match="no products in int8"):
        recompile(whole, tmp_path / "new", PICTURES, TEXTS)


def test_rounding_anew_asks_for_pictures(eight_bits: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--calibration"):
        recompile_encoder(eight_bits, tmp_path / "new", None)
