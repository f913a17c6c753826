"""What is known of a query before anything is compared: named or not, short or long."""

from __future__ import annotations

import numpy as np
import pytest

from mmsearch.encoders.naming import NamedWord
from mmsearch.encoders.registry import load_encoder
from mmsearch.search.calibration.background import Background
from mmsearch.search.calibration.cohort import UNNAMED, Asked, Words, _lacking, cohort_of
from mmsearch.search.calibration.curve import BULK
from mmsearch.search.calibration.estimation import estimate


def named(**decades: float | None) -> list[NamedWord]:
    return [NamedWord(word, value) for word, value in decades.items()]


def test_words_that_are_everywhere_do_not_vouch_for_the_others() -> None:
    assert _lacking(named(violin=1.0)) == _lacking(named(a=4.6, violin=1.0)) == pytest.approx(1.0)
    assert _lacking(named(a=4.6, the=4.0)) == pytest.approx(2.0 - 4.6)
    assert _lacking(named(red=3.0, violin=1.0)) == pytest.approx(0.0)
    assert _lacking(named(gato=None)) == _lacking([]) == 0.0


def test_only_pictures_have_to_be_named() -> None:
    words = Words(familiarity=0.5, unnamed=1.0)
    assert words.owed("text") == words.owed("document") == 0.5
    assert words.owed("image") == 0.5 + UNNAMED


def test_how_often_keywords_were_named_says_more_than_how_near_they_lie_to_anything() -> None:
    for brevity, left in ((0.0, 0.5), (0.5, 0.25), (1.0, 0.0)):
        words = Words(familiarity=0.5, unnamed=1.0, brevity=brevity)
        assert words.owed("image") == left + UNNAMED
        assert words.owed("text") == 0.5


def test_short_queries_are_keywords_and_long_ones_sentences() -> None:
    encoder = load_encoder("pocket")
    cohort = cohort_of(encoder)
    assert cohort is not None
    texts = ["violin", "a red violin", "a man plays violin", "an old man plays a violin in the street"]
    found = [cohort.of(vector, text) for vector, text in zip(encoder.encode_texts(texts), texts, strict=True)]
    assert [one.brevity for one in found][:2] == [1.0, 1.0]
    assert 0.0 < found[2].brevity < 1.0
    assert found[3].brevity == 0.0
    assert cohort.of(encoder.encode_texts(["axolotl"])[0], "an axolotl").hardly == ("axolotl",)


def test_the_bank_knows_itself_as_it_knows_queries() -> None:
    encoder = load_encoder("pocket")
    cohort, bank = cohort_of(encoder), encoder.bank("text")
    assert cohort is not None
    assert bank is not None
    own, asked = cohort.own("image"), cohort.among(bank, encoder.bank_lines(), "image")
    np.testing.assert_array_equal(own.brevity, asked.brevity)
    # a line is no other than itself: nearer to the bank by its own share
    assert 0 < (asked.owed - own.owed).mean() < 0.1


def test_keywords_have_the_curve_of_keywords() -> None:
    rng = np.random.default_rng(3)
    items = rng.standard_normal((500, 32))
    items /= np.linalg.norm(items, axis=1, keepdims=True)
    bank = rng.standard_normal((300, 32))
    bank[:150, 0] += 2.0  # keywords lie otherwise
    items[:, 0] += 0.2
    bank /= np.linalg.norm(bank, axis=1, keepdims=True)
    brevity = np.repeat([1.0, 0.0], 150)
    found = estimate(bank.astype(np.float32), items.astype(np.float32), asked=Asked(np.zeros(300), brevity))
    at = np.array([0.4])
    scores = bank @ items.T
    assert np.exp(found.log_survival(at, brevity=1.0)) == pytest.approx((scores[:150] > 0.4).mean(), rel=0.3)
    assert np.exp(found.log_survival(at)) == pytest.approx((scores[150:] > 0.4).mean(), rel=0.3)
    between = found.log_survival(at, brevity=0.5)
    assert found.log_survival(at, brevity=1.0) > between > found.log_survival(at)


def test_a_background_without_keywords_has_one_curve_and_is_read_as_written() -> None:
    plain = Background(0.1, 0.05)
    assert plain.keyword_bulk == plain.bulk
    at = np.linspace(-0.1, 0.6, 9)
    np.testing.assert_array_equal(plain.log_survival(at, brevity=1.0), plain.log_survival(at))
    ladder = tuple(np.linspace(-1.0, 1.0, len(BULK)).tolist())
    keywords = Background(0.1, 0.05, keyword_bulk=ladder, keyword_slope=1.5, keyword_curvature=0.2)
    assert Background.from_json(keywords.to_json()) == keywords
