from __future__ import annotations

import pytest

from mmsearch.search.ask.telling import TellingWords

TEXTS = ["the tea is green", "the tea is black", "the kettle is old", "the cup is on the shelf"]


def test_a_word_that_few_texts_have_tells_more() -> None:
    words = TellingWords.of("is the kettle for tea?", TEXTS)
    weights = dict(zip(words.words, words.weights, strict=True))
    assert weights["kettle"] > weights["tea"]
    assert words.weights.sum() == pytest.approx(1)


def test_each_sentence_says_its_share() -> None:
    text = "The kettle is old. The tea is green."
    words = TellingWords.of("kettle and tea", TEXTS)
    first, second = words.shares(text, [(0, 18), (19, 36)])
    assert first + second == pytest.approx(1)
    assert first > second > 0


def test_words_of_another_language_can_t_tell() -> None:
    assert TellingWords.of("is the old moon on the green cheese", TEXTS).can_tell
    assert not TellingWords.of("besteht der Mond aus grünem Käse", TEXTS).can_tell
    assert not TellingWords.of("月亮是绿奶酪做的吗", TEXTS).can_tell


def test_a_question_without_words_tells_nothing() -> None:
    words = TellingWords.of("?!", TEXTS)
    assert words.words == ()
    assert words.shares("tea", [(0, 3)]).tolist() == [0.0]
