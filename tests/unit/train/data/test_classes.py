from __future__ import annotations

import pytest

pytest.importorskip("torch")

from mmsearch.search.tags.labels import Label, read_labels
from mmsearch.train.data.classes import indicators, label_sentences
from mmsearch.train.recipe import ClassifierRecipe


def test_labels_are_told_by_name_and_synonym_case_aside() -> None:
    labels = read_labels("mallard = wild duck, drake\nswan\n")
    given = [("Wild Duck",), ("swan", "DRAKE"), None, ("goose",), ()]
    assert indicators(labels, given).astype(int).tolist() == [[1, 0], [1, 1], [0, 0], [0, 0], [0, 0]]


def test_a_word_of_two_labels_means_the_first() -> None:
    labels = [Label("bank"), Label("shore", ("bank",))]
    assert indicators(labels, [("bank",)]).tolist() == [[True, False]]


def test_every_word_of_a_label_stands_in_every_sentence() -> None:
    recipe = ClassifierRecipe("birds", "species", prompts=("a photo of {}", "{} in the wild"))
    found = label_sentences(recipe, [Label("swan", ("cygnet",))])
    assert len(found) == 1
    assert len(found[0]) == 4
    assert {word for word in ("swan", "cygnet") if any(word in text for text in found[0])} == {
        "swan",
        "cygnet",
    }
