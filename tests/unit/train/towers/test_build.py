from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from mmsearch.train.recipe import Recipe  # noqa: E402
from mmsearch.train.towers.build import build_towers, make_text_tower  # noqa: E402
from mmsearch.train.towers.gru import GruTower  # noqa: E402
from mmsearch.train.towers.text import TextTower  # noqa: E402

pytestmark = pytest.mark.torch


def test_a_recipe_builds_the_same_towers_every_time(recipe: Recipe, data: Path) -> None:
    one, other = build_towers(recipe, data), build_towers(recipe, data)
    for (name, first), second in zip(one.state_dict().items(), other.state_dict().values(), strict=True):
        assert torch.equal(first, second), name


def test_the_text_tower_is_of_the_kind_asked_for(recipe: Recipe) -> None:
    assert isinstance(make_text_tower(recipe), TextTower)
    assert isinstance(make_text_tower(replace(recipe, text=replace(recipe.text, kind="gru"))), GruTower)


def test_what_trains_is_sorted_by_its_rate(recipe: Recipe, data: Path) -> None:
    towers = build_towers(recipe, data)
    towers.text.train_layers(0)
    groups = towers.layer_parameters()
    assert not groups["text"]
    heads = list(towers.text.head.parameters())
    assert all(any(p is q for q in groups["head"]) for p in heads)
    assert any(p is towers.log_scale for p in groups["head"])
