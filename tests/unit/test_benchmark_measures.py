"""The sums that benchmarks make themselves, on numbers small enough to check by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.languages import ndcg, shares
from benchmarks.shared.references import CLOTHING, PACS, by_mapping, by_names


def test_a_query_counts_where_its_own_answer_stands_and_a_tie_is_a_miss() -> None:
    queries = np.eye(3, dtype=np.float32)
    answers = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0.5]], dtype=np.float32)
    # Own scores 1, 1, 0.5; the first shares its score with another answer, so does the second.
    assert shares(queries, answers) == pytest.approx([100 / 3, 100, 100])


def test_ndcg_of_two_right_texts_of_which_one_is_third() -> None:
    queries = np.array([[1.0, 0.0]], dtype=np.float32)
    documents = np.array([[0.9, 0], [0.8, 0], [0.7, 0], [0.1, 0]], dtype=np.float32)
    best = 1 + 1 / math.log2(3)
    assert ndcg(queries, documents, [[0, 2]]) == pytest.approx(100 * (1 + 1 / math.log2(4)) / best)
    assert ndcg(queries, documents, [[0, 1]]) == pytest.approx(100)


def test_a_class_is_worth_the_sum_of_its_imagenet_classes() -> None:
    probabilities = np.array([[0.3, 0.3, 0.4, 0.0], [0.1, 0.1, 0.25, 0.55]])
    mapping = {"animal": (0, 1), "house": (2,), "nothing": ()}
    assert by_mapping(probabilities, ["animal", "house", "nothing"], mapping).tolist() == [0, 1]


def test_names_point_to_the_label_between_them() -> None:
    names = np.eye(2)
    labels = np.array([[1, 0], [0.8, 0.8], [0, 1]])
    assert by_names(np.array([[0.9, 0.0], [0.5, 0.5]]), names, labels).tolist() == [0, 1]


@pytest.mark.parametrize("mapping", [PACS, CLOTHING], ids=["pacs", "clothing"])
def test_no_imagenet_class_belongs_to_two(mapping: dict[str, tuple[int, ...]]) -> None:
    numbers = [number for some in mapping.values() for number in some]
    assert len(numbers) == len(set(numbers))
    assert all(0 <= number < 1000 for number in numbers)
