from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from mmsearch.train.compile.smoothquant import Smoothed, smooth_activations  # noqa: E402

pytestmark = pytest.mark.torch


class Tower(torch.nn.Module):  # type: ignore[misc]
    """Two layers that read the same activations, of which one channel is a hundred times the others, and a third."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.left, self.right = torch.nn.Linear(16, 8), torch.nn.Linear(16, 8)
        self.last = torch.nn.Linear(8, 4)
        self.unused = torch.nn.Linear(8, 4)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        loud = inputs.clone()
        loud[..., 3] *= 100.0
        return self.last((self.left(loud) + self.right(loud)).relu())


BATCH = torch.randn(32, 5, 16, generator=torch.Generator().manual_seed(1))


def _rounded(tower: torch.nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """What ``tower`` gives with its layers' inputs on 255 values of one scale, as dynamic quantization has them."""

    def to_steps(_layer: torch.nn.Module, args: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
        step = args[0].abs().amax() / 127
        return ((args[0] / step).round() * step,)

    handles = [m.register_forward_pre_hook(to_steps) for m in tower.modules() if type(m) is torch.nn.Linear]
    with torch.no_grad():
        result = tower(inputs)
    for handle in handles:
        handle.remove()
    return result


def test_a_smoothed_tower_is_the_same_in_float() -> None:
    tower = Tower()
    with torch.no_grad():
        torch.testing.assert_close(
            smooth_activations(tower, [(BATCH,)])(BATCH), tower(BATCH), atol=1e-3, rtol=1e-4
        )


def test_a_loud_channel_no_longer_costs_the_others_their_steps() -> None:
    tower = Tower()
    with torch.no_grad():
        right = tower(BATCH)
    before = (_rounded(tower, BATCH) - right).square().mean()
    after = (_rounded(smooth_activations(tower, [(BATCH,)]), BATCH) - right).square().mean()
    assert after < before / 5


def test_layers_that_read_the_same_share_their_factors() -> None:
    smoothed = smooth_activations(Tower(), [(BATCH[:4],), (BATCH[4:],)])
    assert torch.equal(smoothed.left.factors, smoothed.right.factors)
    assert smoothed.left.factors.argmin() == 3


def test_a_layer_that_nothing_reaches_and_the_tower_itself_are_left_alone() -> None:
    tower = Tower()
    before = [parameter.clone() for parameter in tower.parameters()]
    smoothed = smooth_activations(tower, [(BATCH,)])
    assert isinstance(smoothed.last, Smoothed)
    assert not isinstance(smoothed.unused, Smoothed)
    assert all(torch.equal(a, b) for a, b in zip(before, tower.parameters(), strict=True))
