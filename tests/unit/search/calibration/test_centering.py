from __future__ import annotations

import numpy as np

from mmsearch.search.calibration.centering import PRIOR_ITEMS, shared_mean


def test_the_mean_of_few_is_taken_off_by_half() -> None:
    rows = np.tile(np.array([[1.0, 0.0]], dtype=np.float32), (PRIOR_ITEMS, 1))
    np.testing.assert_allclose(shared_mean(rows), [0.5, 0.0])


def test_the_mean_of_many_is_taken_off_whole() -> None:
    rng = np.random.default_rng(0)
    rows = rng.normal([1, 2, 3, 4], 1, (20_000, 4)).astype(np.float32)
    np.testing.assert_allclose(shared_mean(rows), [1, 2, 3, 4], atol=0.05)
