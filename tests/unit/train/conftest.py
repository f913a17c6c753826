"""A tiny data folder and recipe: eight colored pictures, a BERT of one layer, a toy picture network."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from mmsearch.train.recipe import Recipe

COLORS = {
    "red": (220, 30, 30),
    "green": (30, 200, 40),
    "blue": (30, 40, 210),
    "white": (250, 250, 250),
    "black": (8, 8, 8),
    "yellow": (240, 230, 40),
    "purple": (150, 30, 180),
    "orange": (250, 140, 20),
}
TAGS = {
    "warm": ("red", "yellow", "orange"),
    "light": ("white", "yellow", "orange"),
    "gray": ("white", "black"),
}
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "an", "square", "picture", "of", *COLORS]


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder: pairs in ``colors``, a text tower's first weights in ``words``, text groups."""
    torch = pytest.importorskip("torch")
    from PIL import Image
    from safetensors.torch import save_file
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    folder = tmp_path_factory.mktemp("data")
    (folder / "colors").mkdir()
    records = []
    for name, color in COLORS.items():
        Image.new("RGB", (40, 40), color).save(folder / "colors" / f"{name}.png")
        captions = [f"a {name} square", f"a picture of {name}"]
        tags = [tag for tag, member in TAGS.items() if name in member]
        records.append(
            {"path": f"{name}.png", "captions": captions, "warm": name in TAGS["warm"], "tags": tags}
        )
    (folder / "colors" / "records.jsonl").write_text("\n".join(map(json.dumps, records)))
    groups = [{"captions": [f"a {name}", f"{name} square"]} for name in COLORS]
    (folder / "groups.jsonl").write_text("\n".join(map(json.dumps, groups)))

    tokenizer = Tokenizer(models.WordPiece({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    (folder / "words").mkdir()
    tokenizer.save(str(folder / "words" / "tokenizer.json"))
    from mmsearch.train.towers.text import TextTower

    torch.manual_seed(0)
    tower = TextTower(tiny_recipe().text, 8)
    weights = {k: v.clone() for k, v in tower.state_dict().items() if not k.startswith("head.")}
    save_file(weights, folder / "words" / "model.safetensors")
    return folder


def tiny_recipe(**changes: Any) -> Recipe:
    """Two phases of a few steps: heads on frozen features, then both towers through."""
    from mmsearch.train.recipe import (
        DataRecipe,
        HeadRecipe,
        LossRecipe,
        Phase,
        PictureRecipe,
        Recipe,
        TextRecipe,
    )

    recipe = Recipe(
        name="tiny",
        version="1",
        data=DataRecipe(train=("colors",), dev=("colors",), texts=("groups",)),
        phases=(
            Phase("heads", 3, 4, captions=2, text_bank=6, picture_bank=4, text_pairs=3),
            Phase(
                "through",
                2,
                4,
                size=24,
                picture_layers=-1,
                text_layers=1,
                text_bank=6,
                picture_bank=4,
                crop=0.5,
                color=0.2,
            ),
        ),
        dimension=8,
        picture=PictureRecipe(architecture="test_efficientnet", size=32, head=HeadRecipe(hidden=8)),
        text=TextRecipe(
            weights="file:words",
            vocabulary=len(WORDS),
            width=8,
            layers=2,
            heads=2,
            intermediate=16,
            positions=32,
            max_tokens=16,
            head=HeadRecipe(hidden=4),
        ),
        loss=LossRecipe(text_to_text=0.5, keep_text=0.5),
    )
    return replace(recipe, **changes)


@pytest.fixture
def recipe() -> Recipe:
    """`tiny_recipe` as it is."""
    return tiny_recipe()
