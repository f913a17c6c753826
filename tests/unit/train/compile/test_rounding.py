from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mmsearch.train.compile.rounding import round_weights  # noqa: E402

pytestmark = pytest.mark.torch


class Tower(torch.nn.Module):  # type: ignore[misc]
    """Two layers whose weights are hard to round: one value dwarfs the others."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = torch.nn.Conv2d(3, 8, 3)
        self.second = torch.nn.Conv2d(8, 4, 3, groups=4)
        with torch.no_grad():
            self.first.weight[:, 0, 1, 1] = 40.0

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        hidden = self.first(pixels.permute(0, 3, 1, 2).float() / 255).relu()
        return self.second(hidden).mean((2, 3))


PICTURES = np.random.default_rng(0).integers(0, 256, (16, 12, 12, 3), dtype=np.uint8)


def test_rounded_weights_lie_on_255_values_per_channel() -> None:
    rounded = round_weights(Tower(), PICTURES)
    for layer in (rounded.first, rounded.second):
        weight = layer.weight.detach().flatten(1)
        steps = weight / (weight.abs().amax(1, keepdim=True) / 127)
        torch.testing.assert_close(steps, steps.round(), atol=1e-3, rtol=0)


def test_corrected_biases_keep_the_mean_of_each_channel() -> None:
    tower = Tower()
    pixels = torch.from_numpy(PICTURES)
    with torch.no_grad():
        expected, actual = tower(pixels).mean(0), round_weights(tower, PICTURES)(pixels).mean(0)
    torch.testing.assert_close(actual, expected, atol=1e-4, rtol=1e-4)


def test_the_tower_itself_is_left_alone() -> None:
    tower = Tower()
    before = [parameter.clone() for parameter in tower.parameters()]
    round_weights(tower, PICTURES)
    assert all(torch.equal(a, b) for a, b in zip(before, tower.parameters(), strict=True))
