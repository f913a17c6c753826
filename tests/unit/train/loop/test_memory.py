from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

torch = pytest.importorskip("torch")

from mmsearch.train.loop.loop import train  # noqa: E402
from mmsearch.train.loop.memory import checkpoint_layers  # noqa: E402
from mmsearch.train.recipe import Phase  # noqa: E402
from mmsearch.train.towers.build import build_towers  # noqa: E402
from tests.unit.train.conftest import tiny_recipe  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.torch

IDS = torch.randint(4, 10, (16, 12), generator=torch.Generator().manual_seed(0))


def kept_elements(run: Any) -> int:
    """How many numbers ``run`` keeps for its backward pass."""
    kept: dict[int, int] = {}

    def pack(tensor: Any) -> Any:
        kept[tensor.data_ptr()] = tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        held = run()
    assert held.requires_grad
    return sum(kept.values())


def test_checkpointed_layers_keep_less_and_give_the_same_gradients(data: Path) -> None:
    towers = build_towers(tiny_recipe(), data)

    def gradient() -> Any:
        towers.zero_grad()
        towers.text.features(IDS, torch.ones_like(IDS)).square()[:, :3].sum().backward()
        return towers.text.encoder["layer"][0].attention.self["query"].weight.grad.clone()

    def keeps() -> int:
        return kept_elements(lambda: towers.text.features(IDS, torch.ones_like(IDS)))

    plain, much = gradient(), keeps()
    checkpoint_layers(towers, True)
    torch.testing.assert_close(gradient(), plain)
    assert keeps() < 0.6 * much
    assert towers.picture.backbone.grad_checkpointing
    checkpoint_layers(towers, False)
    assert keeps() == much
    assert not towers.picture.backbone.grad_checkpointing


def test_a_checkpointed_phase_takes_the_same_steps(data: Path, tmp_path: Path) -> None:
    def curve(checkpointing: bool) -> list[float]:
        lines: list[float] = []
        phase = Phase("through", 2, 4, picture_layers=-1, text_layers=-1, checkpointing=checkpointing)
        recipe = replace(tiny_recipe(), phases=(phase,))
        train(recipe, data, tmp_path / str(checkpointing), progress=lambda now: lines.append(now.loss))
        return lines

    assert curve(True) == pytest.approx(curve(False), rel=1e-5)
