"""The losses against loops over single pairs."""

from __future__ import annotations

import math
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from mmsearch.train.loop.caching import backward_in_parts  # noqa: E402
from mmsearch.train.objectives.losses import Kin, info_nce, keep_similarities, relations, sigmoid  # noqa: E402
from mmsearch.train.recipe import LossRecipe  # noqa: E402


def unit(rows: int, seed: int) -> Any:
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(
        torch.randn(rows, 6, generator=generator, dtype=torch.float64), dim=1
    )


QUERIES, KEYS, SCALE = unit(4, 1), unit(5, 2), torch.tensor(7.0)
POSITIVE = torch.tensor(
    [[1, 0, 0, 1, 0], [0, 1, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 1, 0, 0]], dtype=torch.bool
)
IGNORED = torch.tensor([[0, 1, 0, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 1], [1, 0, 0, 0, 1]], dtype=torch.bool)


def cosine(i: int, j: int) -> float:
    return sum(float(a) * float(b) for a, b in zip(QUERIES[i], KEYS[j], strict=True))


def test_info_nce_equals_a_loop_over_pairs() -> None:
    per_query = []
    for i in range(4):
        wrong = sum(math.exp(7 * cosine(i, j)) for j in range(5) if not POSITIVE[i, j] and not IGNORED[i, j])
        right = [math.exp(7 * cosine(i, j)) for j in range(5) if POSITIVE[i, j]]
        if right:
            per_query.append(sum(-math.log(one / (one + wrong)) for one in right) / len(right))
    expected = sum(per_query) / len(per_query)
    assert float(info_nce(QUERIES, KEYS, SCALE, POSITIVE, IGNORED)) == pytest.approx(expected, rel=1e-5)


def test_info_nce_of_a_diagonal_is_cross_entropy() -> None:
    keys = KEYS[:4]
    expected = torch.nn.functional.cross_entropy(SCALE * QUERIES @ keys.T, torch.arange(4))
    actual = info_nce(QUERIES, keys, SCALE, torch.eye(4, dtype=torch.bool))
    assert float(actual) == pytest.approx(float(expected), rel=1e-5)


def test_sigmoid_equals_a_loop_over_pairs() -> None:
    total = 0.0
    for i in range(4):
        for j in range(5):
            logit = 7 * cosine(i, j) - 2.0
            if POSITIVE[i, j]:
                total += math.log1p(math.exp(-logit))
            elif not IGNORED[i, j]:
                total += math.log1p(math.exp(logit))
    actual = sigmoid(QUERIES, KEYS, SCALE, torch.tensor(-2.0), POSITIVE, IGNORED)
    assert float(actual) == pytest.approx(total / 4, rel=1e-5)


def test_a_batch_of_positives_alone_gives_no_loss_and_finite_gradients() -> None:
    queries = QUERIES.clone().requires_grad_()
    loss = info_nce(queries, KEYS, SCALE, torch.ones(4, 5, dtype=torch.bool))
    loss.backward()
    assert float(loss.detach()) == 0
    assert torch.isfinite(queries.grad).all()


def test_captions_of_one_picture_are_positive_and_shared_texts_do_not_count() -> None:
    kin = Kin(text=torch.tensor([0, 0, 2]), label=torch.tensor([-1, -1, -1]))
    positive, ignored = relations(LossRecipe(), kin, torch.tensor([0, 1]), torch.tensor([0, 0, 1, 2]))
    assert positive.tolist() == [[True, True, False, False], [False, False, True, False]]
    assert ignored.tolist() == [[False, False, True, False], [True, True, False, False]]


def test_similarities_that_did_not_change_cost_nothing() -> None:
    assert float(keep_similarities(QUERIES, QUERIES.float())) == pytest.approx(0, abs=1e-12)
    turned = QUERIES @ torch.linalg.qr(unit(6, 3)).Q
    assert float(keep_similarities(turned, QUERIES.float())) == pytest.approx(0, abs=1e-12)
    assert float(keep_similarities(QUERIES.roll(1, 0), QUERIES.float())) > 1e-3


def test_parts_give_the_gradients_of_the_whole_batch() -> None:
    inputs, labels = unit(8, 4), torch.eye(8, dtype=torch.bool)

    def gradients(size: int) -> tuple[float, list[Any]]:
        torch.manual_seed(0)
        left, right = (torch.nn.Linear(6, 3, dtype=torch.float64) for _ in range(2))

        def part(start: int) -> tuple[Any, ...]:
            chunk = inputs[start : start + size]
            return tuple(torch.nn.functional.normalize(side(chunk), dim=1) for side in (left, right))

        parts = [lambda start=start: part(start) for start in range(0, 8, size)]
        loss = backward_in_parts(parts, lambda a, b: info_nce(a, b, SCALE, labels))
        return loss, [p.grad for side in (left, right) for p in side.parameters()]

    whole_loss, whole = gradients(8)
    for size in (1, 3, 4):
        loss, accumulated = gradients(size)
        assert loss == pytest.approx(whole_loss, rel=1e-6)
        for a, b in zip(whole, accumulated, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-7)
