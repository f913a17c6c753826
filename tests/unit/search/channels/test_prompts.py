from __future__ import annotations

import numpy as np

from mmsearch.search.channels.prompts import sentences, with_article, word_background, word_vectors
from tests.unit.search.conftest import ToyIndex


def test_sentences_are_english_as_people_write_it() -> None:
    written = {
        "dog": "a dog",
        "owl": "an owl",
        "shoes": "shoes",
        "glass": "a glass",
        "bus": "a bus",
        "Paris": "Paris",
    }
    assert {word: with_article(word) for word in written} == written
    assert "a photo of a red hat" in sentences("red_hat", "image")
    assert sentences("dog", "image", ["{}"]) == ["dog"]


def test_a_word_is_the_mean_of_the_sentences_about_it(pictures: ToyIndex) -> None:
    [vector] = word_vectors(pictures.encoder, ["red dog"], "image")
    mean = pictures.encoder.encode_texts(sentences("red dog", "image")).mean(axis=0)
    np.testing.assert_allclose(vector, mean / np.linalg.norm(mean), rtol=1e-5)


def test_sentences_about_what_is_not_there_have_a_background_of_their_own(pictures: ToyIndex) -> None:
    own = word_background(pictures, pictures.encoder, "text")
    assert own.scale > 0
    assert own != pictures.background(pictures.encoder, "text", "text")
