from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
open_clip = pytest.importorskip("open_clip")

from mmsearch.encoders.compiled import CompiledEncoder  # noqa: E402
from mmsearch.train.compile.export import write_towers  # noqa: E402
from mmsearch.train.towers.openclip import tokenizer_json, towers_of  # noqa: E402
from mmsearch.types import PictureSpec  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.torch

TEXTS = ["a dog's life, 123 tests!", "Ünïcode  café — don't", "", "two words"]


@pytest.fixture(scope="module")
def model() -> Any:
    torch.manual_seed(0)
    vision = {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16}
    text = {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1}
    return open_clip.CLIP(embed_dim=12, vision_cfg=vision, text_cfg=text).eval()


def test_the_written_tokenizer_gives_open_clips_tokens() -> None:
    import tokenizers

    tokenizer = open_clip.get_tokenizer("ViT-B-32")
    written = tokenizers.Tokenizer.from_str(tokenizer_json(tokenizer))
    for text in TEXTS:
        ids = written.encode(text).ids
        assert tokenizer([text])[0].tolist()[: len(ids)] == ids


@pytest.mark.parametrize(("precision", "smallest"), [("fp32", 0.9999), ("int8", 0.99)])
def test_a_compiled_model_gives_open_clips_vectors(
    model: Any, tmp_path: Path, precision: Any, smallest: float
) -> None:
    tokenizer = open_clip.get_tokenizer("ViT-B-32")
    write_towers(towers_of(model, tokenizer, "tiny", PictureSpec(32, "crop")), tmp_path, precision)
    encoder = CompiledEncoder(tmp_path)
    pictures = np.random.default_rng(1).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    with torch.inference_mode():
        pixels = torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255
        constants = (open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD)
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in constants)
        images = model.encode_image((pixels - mean) / std, normalize=True).numpy()
        texts = model.encode_text(tokenizer(TEXTS), normalize=True).numpy()
    assert (encoder.encode_images(pictures) * images).sum(1).min() > smallest
    assert (encoder.encode_texts(TEXTS) * texts).sum(1).min() > smallest
