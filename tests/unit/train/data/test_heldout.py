from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

from mmsearch.train.data.heldout import clusters, parts


def test_pictures_that_share_a_text_are_one_cluster_whatever_its_punctuation() -> None:
    texts = [["A dog."], ["a dog", "on grass"], ["On grass!"], ["a cat"]]
    assert clusters(texts).tolist() == [0, 0, 0, 3]


def test_a_text_that_many_share_joins_none() -> None:
    texts = [["a photo", f"thing {n}"] for n in range(100)]
    assert len(set(clusters(texts).tolist())) == 100


def test_clusters_go_whole_into_parts_of_about_the_sizes_asked_for() -> None:
    cluster = np.repeat(np.arange(200), np.random.default_rng(0).integers(1, 6, 200))
    part = parts(cluster, (0.7, 0.3), seed=1)
    assert all(len(set(part[cluster == one])) == 1 for one in range(200))
    assert abs((part == 0).mean() - 0.7) < 0.01
    assert np.array_equal(part, parts(cluster, (0.7, 0.3), seed=1))
    assert not np.array_equal(part, parts(cluster, (0.7, 0.3), seed=2))
