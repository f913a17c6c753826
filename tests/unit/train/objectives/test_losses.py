from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from mmsearch.train.loop.recall import nested_recall  # noqa: E402
from mmsearch.train.objectives.losses import Kin, Sides, contrast, info_nce, tell_apart  # noqa: E402
from mmsearch.train.recipe import LossRecipe  # noqa: E402

pytestmark = pytest.mark.torch


class Scales:
    """Of the towers only what the loss reads."""

    log_scale = torch.tensor(2.0)
    bias = torch.tensor(0.0)


def unit(rows: int, seed: int) -> Any:
    vectors = torch.randn(rows, 6, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(vectors, dim=1)


PICTURES, CAPTIONS = unit(3, 1), unit(6, 2)
NOTHING = (torch.zeros(0, 6), torch.zeros(0, dtype=torch.int64))
NOTHING_WIDE = (torch.zeros(0, 12), torch.zeros(0, dtype=torch.int64))
SIDES = Sides(
    pictures=(PICTURES, torch.tensor([0, 1, 2])),
    captions=(CAPTIONS, torch.tensor([0, 0, 1, 1, 2, 2])),
    strangers=NOTHING,
    others=NOTHING,
    pairs=None,
    captions_per_picture=2,
)
APART = Kin(torch.tensor([0, 1, 2]), torch.tensor([-1, -1, -1]))


def loss(recipe: LossRecipe, kin: Kin = APART) -> float:
    return float(contrast(recipe, Scales(), SIDES, kin))  # type: ignore[arg-type]


def test_nested_losses_add_up() -> None:
    def of(length: int) -> float:
        first = SIDES.first(length)
        return float(contrast(LossRecipe(), Scales(), first, APART))  # type: ignore[arg-type]

    assert loss(LossRecipe(nested=(2, 4))) == pytest.approx(of(6) + of(4) + of(2))
    assert SIDES.first(2).captions[0].norm(dim=1).tolist() == pytest.approx([1.0] * 6)


def test_further_captions_of_a_picture_can_be_left_out() -> None:
    recipe = LossRecipe(same_picture="ignored", text_to_picture=0.0)
    positive = torch.tensor([[1, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 1, 0]], dtype=torch.bool)
    own = torch.tensor([[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1]], dtype=torch.bool)
    expected = info_nce(PICTURES, CAPTIONS, Scales.log_scale.exp(), positive, own & ~positive)
    assert loss(recipe) == pytest.approx(float(expected))


@pytest.mark.parametrize("key", ["same_text", "same_class"])
def test_what_is_alike_counts_as_the_recipe_says(key: str) -> None:
    alike, unlike = torch.tensor([7, 7, 8]), torch.tensor([0, 1, 2])
    kin = Kin(alike, unlike) if key == "same_text" else Kin(unlike, alike)
    by_rule = {
        rule: loss(LossRecipe(**{"same_text": "negative", key: rule}), kin)  # type: ignore[arg-type]
        for rule in ("positive", "ignored", "negative")
    }
    own = torch.eye(3, dtype=torch.bool).repeat_interleave(2, dim=1)
    both = own.clone()
    both[0, 2:4] = both[1, 0:2] = True
    scale = Scales.log_scale.exp()

    def expected(positive: Any, ignored: Any) -> float:
        ways = (PICTURES, CAPTIONS, positive, ignored), (CAPTIONS, PICTURES, positive.T, ignored.T)
        return sum(float(info_nce(q, k, scale, p, i)) for q, k, p, i in ways)

    none = torch.zeros_like(own)
    assert by_rule["negative"] == pytest.approx(expected(own, none))
    assert by_rule["ignored"] == pytest.approx(expected(own, both & ~own))
    assert by_rule["positive"] == pytest.approx(expected(both, none))


def test_a_class_that_is_not_known_is_like_no_other() -> None:
    unknown = Kin(APART.text, torch.tensor([-1, -1, -1]))
    assert loss(LossRecipe(same_class="positive"), unknown) == loss(LossRecipe())


def test_prefixes_serve_better_where_they_were_trained_to() -> None:
    """Pictures and texts are noisy linear views of the same 12 numbers of falling weight; a linear map learns each."""
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(400, 12, generator=generator) * 0.75 ** torch.arange(12)
    sides = [
        hidden @ torch.randn(12, 24, generator=generator) + 0.2 * torch.randn(400, 24, generator=generator)
        for _ in range(2)
    ]
    rows = torch.arange(300)
    kin = Kin(rows, torch.full_like(rows, -1))

    def recall_of(nested: tuple[int, ...]) -> tuple[float, float]:
        torch.manual_seed(0)
        maps = [torch.nn.Linear(24, 12) for _ in range(2)]
        optimizer = torch.optim.Adam([p for one in maps for p in one.parameters()], lr=1e-2)
        for _ in range(150):
            pictures, texts = (
                torch.nn.functional.normalize(one(side[:300]), dim=1)
                for one, side in zip(maps, sides, strict=True)
            )
            batch = Sides((pictures, rows), (texts, rows), NOTHING_WIDE, NOTHING_WIDE, None, 1)
            loss = contrast(LossRecipe(nested=nested), Scales(), batch, kin)  # type: ignore[arg-type]
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            pictures, texts = (one(side[300:]) for one, side in zip(maps, sides, strict=True))
            units = (
                torch.nn.functional.normalize(pictures, dim=1),
                torch.nn.functional.normalize(texts, dim=1),
            )
            figures = nested_recall("held out", *units, torch.arange(100), [4])
        return figures["held out[:4]"]["t2i@1"], figures["held out"]["t2i@1"]

    nested, plain = recall_of((4,)), recall_of(())
    assert nested[0] > plain[0] + 10
    assert nested[1] > plain[1] - 5  # at hardly any cost to the whole


def test_a_false_caption_costs_what_it_is_nearer() -> None:
    picture, near, far = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.8, 0.6]]), torch.tensor([[0.6, 0.8]])
    right, wrong = (
        float(tell_apart(picture, *both, torch.tensor(10.0))) for both in ((near, far), (far, near))
    )
    assert right == pytest.approx(0.126928, abs=1e-5)  # log(1 + e^-2)
    assert wrong == pytest.approx(2.126928, abs=1e-5)
