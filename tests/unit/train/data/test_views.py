from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from mmsearch.train.data.views import augment, resize  # noqa: E402

pytestmark = pytest.mark.torch


def chances(count: int, seed: int = 0) -> list[np.random.Generator]:
    return [np.random.default_rng(seed + n) for n in range(count)]


PICTURES = np.random.default_rng(7).integers(0, 256, (4, 20, 20, 3), dtype=np.uint8)


def test_a_picture_has_the_same_view_whatever_is_beside_it() -> None:
    together = augment(PICTURES, 16, 0.5, 0.3, chances(4))
    for row in range(4):
        alone = augment(PICTURES[row : row + 1], 16, 0.5, 0.3, [chances(4)[row]])
        # brightness is taken over a picture, contrast around its own mean: nothing of the others comes in
        torch.testing.assert_close(together[row], alone[0])


def test_views_stay_pictures() -> None:
    views = augment(PICTURES, 16, 0.3, 0.5, chances(4))
    assert views.shape == (4, 16, 16, 3)
    assert views.min() >= 0
    assert views.max() <= 255


def test_without_crops_and_colors_a_view_is_the_picture_or_its_mirror() -> None:
    for view, picture in zip(augment(PICTURES, 20, 1.0, 0.0, chances(4)), PICTURES, strict=True):
        found = view.numpy()
        assert np.array_equal(found, picture) or np.array_equal(found, picture[:, ::-1])


def test_a_picture_of_the_right_size_is_not_touched() -> None:
    assert np.array_equal(resize(PICTURES, 20).numpy(), PICTURES)
    assert resize(PICTURES, 8).shape == (4, 8, 8, 3)
