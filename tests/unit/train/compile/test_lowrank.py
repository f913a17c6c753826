from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from mmsearch.errors import UsageError  # noqa: E402
from mmsearch.train.compile.lowrank import shorten_heads  # noqa: E402
from mmsearch.train.recipe import HeadRecipe  # noqa: E402
from mmsearch.train.towers.heads import Head  # noqa: E402

pytestmark = pytest.mark.torch


def head() -> Head:
    torch.manual_seed(0)
    return Head(40, 24, HeadRecipe(hidden=64, dropout=0, hidden_dropout=0)).eval()


def test_a_matrix_of_that_rank_is_not_changed() -> None:
    whole = head()
    with torch.no_grad():
        whole.linear.weight.copy_(torch.randn(24, 3) @ torch.randn(3, 40))
    features = torch.randn(5, 40)
    short = shorten_heads(torch.nn.Sequential(whole), 3)
    torch.testing.assert_close(short[0].linear(features), whole.linear(features), atol=1e-4, rtol=1e-4)


def test_the_error_is_that_of_the_singular_values_left_out() -> None:
    """Eckart and Young: no matrix of the rank is nearer."""
    whole = head()
    short = shorten_heads(torch.nn.Sequential(whole), 8)[0]
    near = short.linear[1].weight @ short.linear[0].weight
    left_out = torch.linalg.svdvals(whole.linear.weight)[8:]
    error = torch.linalg.matrix_norm(whole.linear.weight - near)
    torch.testing.assert_close(error, left_out.square().sum().sqrt(), atol=1e-4, rtol=1e-4)


def test_a_matrix_that_would_not_shrink_stays_whole() -> None:
    assert isinstance(shorten_heads(torch.nn.Sequential(head()), 24)[0].linear, torch.nn.Linear)


def test_what_can_t_be_shortened_says_so() -> None:
    with pytest.raises(UsageError, match="a rank is 1 or more"):
        shorten_heads(head(), 0)
    with pytest.raises(UsageError, match="no heads"):
        shorten_heads(torch.nn.Linear(3, 3), 1)
