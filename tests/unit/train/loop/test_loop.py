from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

torch = pytest.importorskip("torch")

from mmsearch.errors import UsageError  # noqa: E402
from mmsearch.train.loop.loop import Progress, train  # noqa: E402
from mmsearch.train.loop.recall import recall  # noqa: E402
from mmsearch.train.loop.state import WEIGHTS_FILE  # noqa: E402
from mmsearch.train.recipe import HeadRecipe, LossRecipe, Phase, Recipe  # noqa: E402
from mmsearch.train.towers.pretrained import read_weights  # noqa: E402
from tests.unit.train.conftest import tiny_recipe  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.torch


def losses(data: Path, output: Path, recipe: Recipe, stop_after: int | None = None) -> list[float]:
    lines: list[Progress] = []
    train(recipe, data, output, progress=lines.append, stop_after=stop_after)
    return [line.loss for line in lines]


def test_a_run_that_was_cut_off_goes_on_to_the_same_curve(data: Path, tmp_path: Path) -> None:
    whole = losses(data, tmp_path / "whole", tiny_recipe())
    pieces = [losses(data, tmp_path / "cut", tiny_recipe(), stop_after=3) for _ in range(4)]

    assert len(whole) == 3 * 2 + 2 * 2
    assert [loss for piece in pieces for loss in piece] == whole
    kept, resumed = (read_weights(tmp_path / name / WEIGHTS_FILE) for name in ("whole", "cut"))
    assert all(torch.equal(kept[name], resumed[name]) for name in kept)


def test_small_parts_give_the_curve_of_the_whole_batch(data: Path, tmp_path: Path) -> None:
    def curve(micro: int) -> list[float]:
        phase = Phase("through", 3, 4, micro=micro, captions=2, picture_layers=-1, text_layers=-1)
        plain = tiny_recipe(phases=(phase,), average=0.0)
        heads = replace(plain.picture.head, dropout=0.0), replace(plain.text.head, dropout=0.0)
        recipe = replace(
            plain, picture=replace(plain.picture, head=heads[0]), text=replace(plain.text, head=heads[1])
        )
        return losses(data, tmp_path / str(micro), recipe)

    assert curve(0) == pytest.approx(curve(4), rel=1e-6)


def test_training_finds_the_colors(data: Path, tmp_path: Path) -> None:
    phase = Phase(
        "through", 60, 8, captions=2, picture_layers=-1, text_layers=-1, picture_rate=3e-3, text_rate=3e-3,
        head_rate=1e-2, evaluations=0.2,
    )  # fmt: skip
    recipe = tiny_recipe(phases=(phase,), average=0.9, loss=LossRecipe())
    picture = replace(recipe.picture, normalization="trained", head=HeadRecipe(hidden=8, dropout=0.0))
    result = train(replace(recipe, picture=picture), data, tmp_path / "run")
    assert min(result.dev["colors"]["t2i@1"], result.dev["colors"]["i2t@1"]) > 60


def test_a_sigmoid_loss_trains_too(data: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe()
    sigmoid = replace(recipe, loss=replace(recipe.loss, kind="sigmoid"))
    assert len(losses(data, tmp_path / "run", sigmoid)) == 10


def test_swapped_captions_alone_teach_which_color_is_meant(data: Path, tmp_path: Path) -> None:
    def picked(swapped: float) -> float:
        phase = Phase(
            "through", 80, 8, picture_layers=-1, text_layers=-1, picture_rate=3e-3, text_rate=3e-3,
            head_rate=1e-2, evaluations=0.1,
        )  # fmt: skip
        nothing = LossRecipe(picture_to_text=0.0, text_to_picture=0.0, swapped=swapped)
        recipe = tiny_recipe(phases=(phase,), average=0.9)
        picture = replace(recipe.picture, normalization="trained", head=HeadRecipe(hidden=8, dropout=0.0))
        named = replace(recipe.data, swaps=("red, green, blue, white, black, yellow, purple, orange",))
        run = train(
            replace(recipe, picture=picture, data=named, loss=nothing), data, tmp_path / f"run{swapped}"
        )
        return run.dev["colors"]["i2t@1"]

    assert picked(1.0) > 60 > 30 > picked(0.0)  # chance 12.5


def test_swaps_that_no_caption_has_are_refused(data: Path, tmp_path: Path) -> None:
    plain = tiny_recipe()
    strange = replace(
        plain, data=replace(plain.data, swaps=("cat, dog",)), loss=replace(plain.loss, swapped=1.0)
    )
    with pytest.raises(UsageError, match=r"data\.swaps"):
        train(strange, data, tmp_path / "run")


def test_a_phase_that_makes_nothing_better_is_undone(data: Path, tmp_path: Path) -> None:
    heads = Phase("heads", 10, 8, head_rate=1e-2, captions=2)
    ruin = Phase(
        "ruin", 2, 8, picture_layers=-1, text_layers=-1, picture_rate=1.0, text_rate=1.0, head_rate=1.0
    )
    plain = tiny_recipe(average=0.0, clip=0.0)
    train(replace(plain, phases=(heads,)), data, tmp_path / "heads")
    train(replace(plain, phases=(heads, ruin)), data, tmp_path / "both")
    kept, both = (read_weights(tmp_path / name / WEIGHTS_FILE) for name in ("heads", "both"))
    assert all(torch.equal(kept[name], both[name]) for name in kept)


def test_a_run_goes_on_with_further_phases(data: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe()
    first = losses(data, tmp_path / "run", replace(recipe, phases=recipe.phases[:1]))
    further = losses(data, tmp_path / "run", recipe)
    assert first + further == losses(data, tmp_path / "whole", recipe)


def test_a_phase_without_progress_ends_early(data: Path, tmp_path: Path) -> None:
    phase = Phase("heads", 50, 4, head_rate=0.0, patience=2)
    assert len(losses(data, tmp_path / "run", tiny_recipe(phases=(phase,)))) == 3 * 2


def test_a_folder_with_another_run_is_refused(data: Path, tmp_path: Path) -> None:
    losses(data, tmp_path / "run", tiny_recipe(), stop_after=1)
    with pytest.raises(UsageError, match="a run of another recipe"):
        train(tiny_recipe(seed=2), data, tmp_path / "run")


def test_recall_counts_captions_and_pictures_and_ties_against_them() -> None:
    pictures = torch.eye(3)
    texts = torch.tensor([[1.0, 0, 0], [0.8, 0.6, 0], [0, 0.6, 0.8], [0.6, 0.6, 0.5]])
    figures = recall(pictures, texts, torch.tensor([0, 1, 2, 0]))
    assert figures["t2i@1"] == 100 * 2 / 4  # the second is beaten, the fourth ties
    assert figures["i2t@1"] == pytest.approx(100 * 2 / 3)  # picture 1 ties with two foreign captions
    assert figures["t2i@5"] == 100
