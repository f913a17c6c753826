from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from mmsearch.train.recipe import HeadRecipe, TextRecipe  # noqa: E402
from mmsearch.train.towers.text import TextTower  # noqa: E402

pytestmark = pytest.mark.torch

RECIPE = TextRecipe(
    vocabulary=50,
    width=24,
    layers=2,
    heads=4,
    intermediate=32,
    positions=16,
    max_tokens=16,
    head=HeadRecipe(hidden=0),
)


@pytest.fixture
def tower() -> TextTower:
    torch.manual_seed(0)
    return TextTower(RECIPE, 12).eval()


def test_padding_changes_nothing(tower: TextTower) -> None:
    ids = torch.tensor([[2, 7, 9, 3]])
    padded = torch.cat([ids, torch.zeros(1, 5, dtype=torch.long)], 1)
    mask = (torch.arange(9) < 4).long()[None]
    torch.testing.assert_close(tower(padded, mask), tower(ids, torch.ones_like(ids)), atol=1e-5, rtol=1e-5)


def test_the_order_of_words_is_read(tower: TextTower) -> None:
    ids = torch.tensor([[2, 7, 9, 3], [2, 9, 7, 3]])
    one, other = tower.features(ids, torch.ones_like(ids))
    assert not torch.allclose(one, other, atol=1e-3)


@pytest.mark.parametrize(("count", "layers", "embeddings"), [(0, 0, False), (1, 1, False), (-1, 2, True)])
def test_so_many_layers_train_as_are_asked_for(
    tower: TextTower, count: int, layers: int, embeddings: bool
) -> None:
    tower.train_layers(count)
    trained = [all(p.requires_grad for p in layer.parameters()) for layer in tower.encoder["layer"]]
    assert trained == [False] * (2 - layers) + [True] * layers
    assert tower.embeddings["word_embeddings"].weight.requires_grad is embeddings
    assert all(p.requires_grad for p in tower.head.parameters())
