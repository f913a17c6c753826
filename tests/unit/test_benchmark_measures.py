"""The sums that benchmarks make themselves, on numbers small enough to check by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmarks.languages import ndcg, shares
from benchmarks.shared.naming import chinese_named_by, first_hits, frequency_class, named_by, words_of
from benchmarks.shared.references import CLOTHING, PACS, by_mapping, by_names
from benchmarks.shared.swaps import swaps


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


def test_captions_name_a_keyword_in_either_number_and_over_function_words() -> None:
    named = named_by([["Two black dogs run."], ["rice and the meat"], ["a black cat, a dog"]])
    assert named[words_of("dog")] == {0, 2}
    assert named[words_of("black dog")] == {0}
    assert named[words_of("rice meat")] == {1}


def test_a_chinese_word_is_named_by_a_longer_one_that_ends_with_it() -> None:
    known = frozenset({"狗", "小狗", "马", "马路"})
    named = chinese_named_by([["小狗在马路"], ["马"]], known)
    assert named["狗"] == {0}
    assert named["马"] == {1}


def test_frequency_classes_have_no_gap() -> None:
    shown = [frequency_class(count) for count in (0, 4, 5, 29, 30, 199, 200)]
    assert shown == ["< 5", "< 5", "5 to 29", "5 to 29", "30 to 199", "30 to 199", "≥ 200"]


def test_hits_are_shared_by_what_is_possible() -> None:
    assert first_hits([7, 1, 2, 3, 4], frozenset({7, 9})) == (True, 0.5)
    assert first_hits([1, 7, 9, 3, 4], frozenset({7, 9})) == (False, 1.0)


def test_swapped_captions_are_false_as_far_as_captions_tell() -> None:
    captions = ["A man throws a red ball to a dog .", "Two boys"]
    made = {swap.kind: swap.false for swap in swaps([captions]) if swap.true == captions[0]}
    assert made["gender"] == "A woman throws a red ball to a dog ."
    assert made["roles"] == "A dog throws a red ball to a man ."
    assert made["color"] != captions[0]
    assert "ball" in made["color"]
    numbers = [swap.false for swap in swaps([captions]) if swap.kind == "number"]
    assert numbers[0].split()[0] in {"Three", "Four", "Five", "Six"}


def test_a_swap_that_another_caption_would_make_true_is_not_made() -> None:
    kinds = {swap.kind for swap in swaps([["a man with his dog", "a woman beside a man"]])}
    assert "gender" not in kinds
    assert not [swap for swap in swaps([["a man and a dog"]]) if swap.kind == "roles"]
