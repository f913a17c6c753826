from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
open_clip = pytest.importorskip("open_clip")

from mmsearch.encoders.compiled import CompiledEncoder  # noqa: E402
from mmsearch.errors import EncoderError  # noqa: E402
from mmsearch.train.compile.export import compile_encoder  # noqa: E402
from mmsearch.train.loop.loop import train  # noqa: E402
from mmsearch.train.recipe import HeadRecipe, LossRecipe, Phase, Recipe, TextRecipe  # noqa: E402
from mmsearch.train.towers.build import build_towers  # noqa: E402
from tests.unit.train.conftest import tiny_recipe  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.torch

CONFIG = {
    "embed_dim": 8,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 20, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2},
}
HEAD = HeadRecipe(hidden=0, dropout=0.0)


@pytest.fixture(scope="module", autouse=True)
def _architecture(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("configs") / "tiny-test.json"
    path.write_text(json.dumps(CONFIG))
    open_clip.add_model_config(path)


def clip_recipe(**changes: Any) -> Recipe:
    recipe = tiny_recipe(
        loss=LossRecipe(), text=TextRecipe(kind="openclip", max_tokens=20, head=HEAD), **changes
    )
    return replace(recipe, picture=replace(recipe.picture, architecture="openclip:tiny-test", head=HEAD))


def test_new_heads_leave_open_clips_vectors_as_they_are(data: Path, tmp_path: Path) -> None:
    torch.manual_seed(3)
    model = open_clip.create_model("tiny-test")
    torch.save(model.state_dict(), tmp_path / "model.pt")
    recipe = clip_recipe()
    weights = f"file:{tmp_path / 'model.pt'}"
    picture = replace(recipe.picture, weights=weights, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4))
    towers = build_towers(
        replace(recipe, picture=picture, text=replace(recipe.text, weights=weights)), data
    ).eval()
    pixels = torch.randint(
        0, 256, (2, 32, 32, 3), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
    )
    tokens = open_clip.get_tokenizer("tiny-test")(["a red square", "blue"])
    with torch.no_grad():
        normal = (pixels.permute(0, 3, 1, 2) / 255 - towers.picture.mean) / towers.picture.std
        torch.testing.assert_close(towers.picture(pixels), model.encode_image(normal))
        short = tokens[:, :8]
        torch.testing.assert_close(towers.text(short, (short > 0).long()), model.encode_text(tokens))


def test_layers_freeze_from_below(data: Path) -> None:
    towers = build_towers(clip_recipe(), data)
    for count, some in ((0, False), (1, True), (-1, True)):
        towers.picture.train_layers(count)
        towers.text.train_layers(count)
        for tower, below in ((towers.picture, towers.picture.visual), (towers.text, towers.text.text)):
            trains = [p.requires_grad for p in below.parameters()]
            assert any(trains) == some
            assert all(trains) == (count < 0)
            assert all(p.requires_grad for p in tower.head.parameters())


def test_both_towers_train_and_compile(data: Path, tmp_path: Path) -> None:
    phases = (
        Phase("heads", 1, 8),
        Phase(
            "through", 30, 8, captions=2, picture_layers=-1, text_layers=1, text_rate=1e-2, checkpointing=True
        ),
    )
    result = train(clip_recipe(phases=phases), data, tmp_path / "run")
    losses = [json.loads(line)["loss"] for line in (result.output / "history.jsonl").read_text().splitlines()]
    assert losses[-1] < 0.6 * losses[0]

    encoder = CompiledEncoder(compile_encoder(result.output, tmp_path / "encoder", "fp32").directory)
    assert encoder.encode_texts(["a red square"]).shape == (1, 8)
    assert encoder.encode_images(np.zeros((1, 32, 32, 3), dtype=np.uint8)).shape == (1, 8)


@pytest.mark.parametrize(
    ("tower", "change", "complaint"),
    [
        ("picture", {"architecture": "openclip:no-such"}, "open_clip has no architecture 'no-such'"),
        ("picture", {"size": 40}, "wants picture.size = 32, not 40"),
        ("text", {"max_tokens": 21}, "text.max_tokens must be at most 20"),
    ],
)
def test_what_the_architecture_cannot_do_is_refused(
    data: Path, tower: str, change: Any, complaint: str
) -> None:
    recipe = clip_recipe()
    changed = replace(recipe, **{tower: replace(getattr(recipe, tower), **change)})
    with pytest.raises(EncoderError, match=complaint):
        build_towers(changed, data)
