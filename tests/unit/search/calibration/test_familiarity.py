"""How familiar a query is to a bank of texts, and what chance makes of that."""

from __future__ import annotations

import numpy as np
import pytest

from mmsearch.encoders.registry import load_encoder
from mmsearch.search.calibration.background import Background
from mmsearch.search.calibration.cohort import Asked
from mmsearch.search.calibration.estimation import FAMILIAR, estimate
from mmsearch.search.calibration.familiarity import Familiarity, familiarity_of, words_in

DIMENSION = 64
LENGTHS = (1, 2, 4, 8, 16)


def texts_and_vectors(rng: np.random.Generator, n: int) -> tuple[list[str], np.ndarray]:
    """Texts of 1 to 16 words: the shorter one is, the more it lies in the direction that all share."""
    lengths = [LENGTHS[i % len(LENGTHS)] for i in range(n)]
    vectors = rng.standard_normal((n, DIMENSION))
    vectors[:, 0] += [12.0 / length**0.5 for length in lengths]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return [" ".join(["word"] * length) for length in lengths], unit.astype(np.float32)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 1),
        ("a dog", 2),
        ("usb-c charger, 65 watt", 5),
        ("一只猫", 1.5),
        ("一只猫在沙发上睡觉", 4.5),
        ("cat 猫猫", 2),
        ("ひらがな", 2),
    ],
)
def test_words_are_counted_in_scripts_with_and_without_spaces(text: str, words: float) -> None:
    assert words_in(text) == words


def test_lines_of_any_length_are_usual_on_average() -> None:
    texts, vectors = texts_and_vectors(np.random.default_rng(0), 400)
    known = Familiarity.of(vectors, texts)
    lengths = np.array([len(text.split()) for text in texts])
    near = vectors @ known.mean
    for length in LENGTHS:
        assert abs(known.own[lengths == length].mean()) < 0.1
    assert near[lengths == 1].mean() - near[lengths == 16].mean() > 1.5 * known.scale  # by length alone


def test_a_line_is_no_neighbor_of_its_own() -> None:
    texts, vectors = texts_and_vectors(np.random.default_rng(1), 20)
    known = Familiarity.of(vectors, texts)
    others = np.array([(vectors @ vector).sum() - 1.0 for vector in vectors]) / 19
    expected = known.among(vectors, texts) + (others - vectors @ known.mean) / known.scale
    np.testing.assert_allclose(known.own, expected, atol=1e-4)


def test_the_scale_is_the_deviation_of_the_cosines_between_lines() -> None:
    texts, vectors = texts_and_vectors(np.random.default_rng(2), 50)
    cosines = vectors.astype(np.float64) @ vectors.T
    between = cosines[~np.eye(50, dtype=bool)]
    assert Familiarity.of(vectors, texts).scale == pytest.approx(between.std(), rel=1e-3)


def test_what_lies_amid_the_bank_is_more_familiar_than_what_lies_apart() -> None:
    texts, vectors = texts_and_vectors(np.random.default_rng(3), 400)
    known = Familiarity.of(vectors, texts)
    amid = known.mean / np.linalg.norm(known.mean)
    apart = vectors[4] - (vectors[4] @ amid) * amid
    apart /= np.linalg.norm(apart)
    long = " ".join(["word"] * 16)
    assert known.of_one(amid, long) > 2
    assert known.of_one(apart.astype(np.float32), long) < -0.3
    # the same vector is less of a surprise for a short text, which lies near to all others anyway
    assert known.of_one(amid, "word") < known.of_one(amid, long) - 1


def test_a_bank_and_its_lines_must_fit() -> None:
    _, vectors = texts_and_vectors(np.random.default_rng(4), 3)
    with pytest.raises(ValueError, match="not 2 and 3"):
        Familiarity.of(vectors, ["a", "b"])
    with pytest.raises(ValueError, match="not 1 and 1"):
        Familiarity.of(vectors[:1], ["a"])


def test_chance_explains_more_of_a_score_the_more_familiar_the_query_is() -> None:
    background = Background(0.1, 0.05, familiar=0.04)
    at = np.array([0.2, 0.3])
    usual = background.log_survival(at)
    assert (background.log_survival(at, -1.0) < usual).all()
    assert (background.log_survival(at, 1.0) > usual).all()
    np.testing.assert_allclose(background.log_survival(at, 1.0), background.log_survival(at - 0.04))
    assert (np.diff(background.survival(np.linspace(-1, 1, 100), 2.0)) <= 0).all()


def test_familiarity_is_counted_in_the_scales_of_the_channel() -> None:
    rng = np.random.default_rng(5)
    texts, bank = texts_and_vectors(rng, 300)
    _, items = texts_and_vectors(rng, 500)
    known = Familiarity.of(bank, texts)
    with_it, without = estimate(bank, items, asked=Asked(known.own, np.zeros(300))), estimate(bank, items)
    assert without.familiar == 0
    middle, low, high = np.quantile(bank @ items.T, (0.5, 0.25, 0.75), axis=1)
    own = 500 / 520
    spread = np.quantile(bank @ items.T, 0.75) - np.quantile(bank @ items.T, 0.25)
    scales = (own * (high - low) + (1 - own) * spread) / 1.349
    assert with_it.familiar == pytest.approx(FAMILIAR * np.median(scales), rel=0.01)
    assert middle.shape == (300,)


def test_an_encoder_without_a_bank_knows_nothing_of_familiarity(pictures) -> None:  # noqa: ANN001
    assert familiarity_of(pictures.encoder) is None


def test_the_shipped_encoder_knows_the_lines_of_its_bank() -> None:
    encoder = load_encoder("pocket")
    known = familiarity_of(encoder)
    assert known is not None
    lines = encoder.bank_lines()
    assert len(lines) == len(known.own)
    [vector] = encoder.encode_texts([lines[7]])
    # the line itself is among those that it is near to, here
    assert known.of_one(vector, lines[7]) > known.own[7]
    assert known.of_one(vector, lines[7]) == pytest.approx(known.own[7], abs=2.0 / len(lines) / known.scale)
