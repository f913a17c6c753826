from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from mmsearch.train.recipe import HeadRecipe  # noqa: E402
from mmsearch.train.towers.heads import Head  # noqa: E402

pytestmark = pytest.mark.torch


def test_a_head_between_spaces_of_one_size_starts_as_nearly_the_identity() -> None:
    features = torch.randn(6, 32)
    given = Head(32, 32, HeadRecipe(hidden=64)).eval()(features)
    assert ((given - features).norm() / features.norm()) < 0.05


def test_without_a_hidden_layer_it_is_linear() -> None:
    head = Head(8, 4, HeadRecipe(hidden=0)).eval()
    one, other = torch.randn(2, 3, 8)
    torch.testing.assert_close(head(one + other) + head(torch.zeros(3, 8)), head(one) + head(other))


def test_features_drop_out_in_training_only() -> None:
    head = Head(64, 64, HeadRecipe(dropout=0.5))
    features = torch.ones(2, 64)
    assert not torch.equal(head.train()(features), head(features))
    assert torch.equal(head.eval()(features), head(features))
