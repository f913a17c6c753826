"""What several examples say of an item together."""

from __future__ import annotations

import numpy as np
import pytest

from mmsearch.errors import UsageError
from mmsearch.search.recommend.examples import resolve
from mmsearch.search.recommend.taste import DISLIKE_WEIGHT, LIKELIEST, Method, Taste
from tests.unit.search.conftest import ToyIndex

LIKED = ("photos/dog/0-1.jpg", "photos/boat/4-5.jpg")


def taste(index: ToyIndex, method: Method, *disliked: str) -> Taste:
    likes, dislikes = ([resolve(index, path) for path in paths] for paths in (LIKED, disliked))
    return Taste.of(index, likes, dislikes, method)


def of_examples(found: Taste, scales: np.ndarray) -> np.ndarray:
    """Weights (n, examples) of what each example says, for scores (n, aspects)."""
    weights = np.array([aspect.weight for aspect in found.aspects])
    owner = np.array([aspect.example for aspect in found.aspects])
    shares = found.coefficients(scales) / weights
    return np.stack([shares[:, owner == one][:, 0] for one in sorted(set(owner.tolist()))], axis=1)


def test_the_likeliest_example_counts_more_than_the_others_on_average(pictures: ToyIndex) -> None:
    found = taste(pictures, "average")
    owner = np.array([aspect.example for aspect in found.aspects])
    first = np.where(owner == 0, 2.0, 1.0)[None]
    shares = of_examples(found, np.concatenate([first, 3.0 - first]))
    most, least = (0.5 + LIKELIEST) / (1 + LIKELIEST), 0.5 / (1 + LIKELIEST)
    np.testing.assert_allclose(shares, [[most, least], [least, most]])


def test_with_best_only_the_likeliest_example_counts(pictures: ToyIndex) -> None:
    found = taste(pictures, "best")
    owner = np.array([aspect.example for aspect in found.aspects])
    np.testing.assert_array_equal(of_examples(found, np.where(owner == 1, 2.0, 1.0)[None]), [[0.0, 1.0]])


def test_what_is_unlike_a_disliked_example_gains_nothing(pictures: ToyIndex) -> None:
    found = taste(pictures, "best", "photos/cat/1-0.jpg")
    owner = np.array([aspect.example for aspect in found.aspects])
    shares = of_examples(found, np.stack([np.where(owner == 2, 1.5, 1.0), np.where(owner == 2, -1.5, 1.0)]))
    np.testing.assert_array_equal(shares[:, 2], [-DISLIKE_WEIGHT, 0.0])


def test_rough_scores_are_near_the_exact_ones(pictures: ToyIndex) -> None:
    found = taste(pictures, "average", "photos/cat/1-0.jpg")
    ids = pictures.documents.modalities["image"][:40]
    exact = [one.score for one in found.exactly("image", ids)]
    np.testing.assert_allclose(found.roughly("image", ids), exact, atol=0.02)


def test_a_vector_of_another_encoder_is_refused(pictures: ToyIndex) -> None:
    with pytest.raises(UsageError, match=r"a vector for toy has shape \(96,\), not \(3,\)"):
        Taste.of(pictures, [resolve(pictures, np.ones(3, np.float32))], [], "average")
