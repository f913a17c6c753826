"""A real open_clip architecture with random weights in a local checkpoint stands in for weights of the hub."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from mmsearch.encoders.registry import load_encoder
from mmsearch.errors import EncoderError

torch = pytest.importorskip("torch", reason="open_clip encoders come with the torch extra")
open_clip = pytest.importorskip("open_clip", reason="open_clip encoders come with the torch extra")

from mmsearch.encoders.compiled import CompiledEncoder  # noqa: E402
from mmsearch.encoders.openclip import OpenClipEncoder, split_name  # noqa: E402
from mmsearch.train.compile.export import compile_encoder  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.torch

ARCHITECTURE = "ViT-S-32-alt"  # the smallest that open_clip knows
# One of two layers and small pictures, for what is reckoned for each weight.
SMALLER = {
    "embed_dim": 64,
    "vision_cfg": {"image_size": 64, "layers": 2, "width": 128, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 128, "heads": 2, "layers": 2},
}
TEXTS = ["a photo of a cat", "a dog", "the skyline of a city at night, seen from a bridge"]


def random_weights(architecture: str, folder: Path) -> str:
    torch.manual_seed(3)
    model = open_clip.create_model(architecture, pretrained=None)
    path = folder / "random.pt"
    torch.save(model.state_dict(), path)
    return f"openclip:{architecture}/{path}"


@pytest.fixture(scope="module")
def name(tmp_path_factory: pytest.TempPathFactory) -> str:
    return random_weights(ARCHITECTURE, tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="module")
def smaller(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("smaller")
    (folder / "two-layers.json").write_text(json.dumps(SMALLER), encoding="utf-8")
    open_clip.add_model_config(folder / "two-layers.json")
    return random_weights("two-layers", folder)


@pytest.fixture(scope="module")
def encoder(name: str) -> OpenClipEncoder:
    loaded = load_encoder(name)
    assert isinstance(loaded, OpenClipEncoder)
    return loaded


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (4, 224, 224, 3), dtype=np.uint8)


def test_texts_and_pictures_become_unit_rows(encoder: OpenClipEncoder, pictures: np.ndarray) -> None:
    for vectors, n in (
        (encoder.encode_texts(TEXTS), len(TEXTS)),
        (encoder.encode_images(pictures), len(pictures)),
    ):
        assert vectors.shape == (n, encoder.dimension)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_the_vectors_are_those_of_open_clips_own_preprocessing(
    encoder: OpenClipEncoder, name: str, pictures: np.ndarray
) -> None:
    _, checkpoint = split_name(name)
    model, _, preprocess = open_clip.create_model_and_transforms(ARCHITECTURE, pretrained=checkpoint)
    batch = torch.stack([preprocess(Image.fromarray(picture)) for picture in pictures])
    with torch.inference_mode():
        expected = model.eval().encode_image(batch, normalize=True).numpy()
    assert float((expected * encoder.encode_images(pictures)).sum(axis=1).min()) > 0.9999


def test_the_fingerprint_follows_the_weights(encoder: OpenClipEncoder, name: str, tmp_path: Path) -> None:
    assert OpenClipEncoder.load(name, device="cpu").fingerprint == encoder.fingerprint
    state = dict(encoder.model.state_dict())
    state["logit_scale"] = state["logit_scale"] + 1
    torch.save(state, tmp_path / "other.pt")
    other = OpenClipEncoder.load(f"openclip:{ARCHITECTURE}/{tmp_path / 'other.pt'}", device="cpu")
    assert other.fingerprint != encoder.fingerprint


@pytest.mark.parametrize(("precision", "smallest"), [("fp32", 0.999), ("int8", 0.99)])
def test_the_compiled_encoder_agrees(
    name: str, smaller: str, pictures: np.ndarray, tmp_path: Path, precision: str, smallest: float
) -> None:
    chosen = smaller if precision == "int8" else name  # each weight is fitted: minutes for a usual one
    encoder = load_encoder(chosen)
    size = encoder.picture.size
    pictures = np.ascontiguousarray(pictures[:, :size, :size])
    calibration = tmp_path / "calibration"
    calibration.mkdir()
    for n, picture in enumerate(pictures):
        Image.fromarray(picture).save(calibration / f"{n}.png")
        (calibration / f"{n}.txt").write_text("noise", encoding="utf-8")
    compile_encoder(chosen, tmp_path / "compiled", precision=precision, calibration=calibration)
    compiled = CompiledEncoder(tmp_path / "compiled")
    assert compiled.picture == encoder.picture
    for theirs, ours in (
        (compiled.encode_images(pictures), encoder.encode_images(pictures)),
        (compiled.encode_texts(TEXTS), encoder.encode_texts(TEXTS)),
    ):
        assert float((theirs * ours).sum(axis=1).mean()) >= smallest


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ("openclip:ViT-B-32", "names no weights"),
        ("openclip:ViT-X-99/openai", "no architecture"),
        (f"openclip:{ARCHITECTURE}//nowhere/weights.pt", "no checkpoint"),
    ],
)
def test_a_name_that_can_not_be_loaded_says_why(wrong: str, complaint: str) -> None:
    with pytest.raises(EncoderError, match=complaint):
        load_encoder(wrong)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return (exec, ("raise SystemExit('the pickle ran')",))

    torch.save({"state_dict": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(EncoderError, match="can't be loaded"):
        load_encoder(f"openclip:{ARCHITECTURE}/{tmp_path / 'evil.pt'}")
