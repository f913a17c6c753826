from __future__ import annotations

import numpy as np

from mmsearch.search.calibration.estimation import estimate


def directions(rng: np.random.Generator, n: int, d: int = 64) -> np.ndarray:
    vectors = rng.standard_normal((n, d))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_directions_at_random_have_the_background_that_theory_gives() -> None:
    """Cosines of random directions in d dimensions have mean 0 and variance 1 / d."""
    rng = np.random.default_rng(1)
    background = estimate(directions(rng, 300), directions(rng, 2_000))
    assert abs(background.location) < 0.005
    assert abs(background.scale * 8 - 1) < 0.05


def test_a_few_right_pairs_do_not_move_it() -> None:
    rng = np.random.default_rng(2)
    queries, items = directions(rng, 200), directions(rng, 2_000)
    clean = estimate(queries, items)
    mixed = items.copy()
    mixed[:20] = queries[:20]
    moved = estimate(queries, mixed)
    assert abs(moved.location - clean.location) < 0.1 * clean.scale
    assert abs(moved.scale / clean.scale - 1) < 0.1


def test_pairs_of_one_group_are_no_strangers() -> None:
    rng = np.random.default_rng(3)
    items = directions(rng, 600)
    groups = np.arange(600)
    told = estimate(items, items, query_groups=groups, item_groups=groups)
    survival = told.survival(np.array([1.0]))
    assert survival[0] < 1e-4
