from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mmsearch.encoders.registry import load_encoder
from mmsearch.encoders.shortened import shorten, shortened
from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from mmsearch.encoders.protocol import Encoder


@pytest.fixture(scope="module")
def pocket() -> Encoder:
    return load_encoder("pocket")


def test_the_first_floats_are_kept_at_unit_length(pocket: Encoder) -> None:
    short = shortened(pocket, 64)
    whole = pocket.encode_texts(["a dog", "a cat"])
    expected = whole[:, :64] / np.linalg.norm(whole[:, :64], axis=1, keepdims=True)
    np.testing.assert_allclose(short.encode_texts(["a dog", "a cat"]), expected, atol=1e-6)
    bank = short.bank("text")
    assert bank is not None
    assert bank.shape[1] == short.dimension == 64
    np.testing.assert_allclose(np.linalg.norm(bank, axis=1), 1, atol=1e-6)


def test_shortened_vectors_have_an_identity_of_their_own(pocket: Encoder) -> None:
    prints = {pocket.fingerprint, shortened(pocket, 64).fingerprint, shortened(pocket, 128).fingerprint}
    assert len(prints) == 3
    assert shortened(pocket, 64).fingerprint == shortened(pocket, 64).fingerprint
    assert shortened(pocket, 64).name == "pocket"


def test_what_was_measured_on_whole_vectors_is_not_said_of_shortened_ones(pocket: Encoder) -> None:
    assert pocket.prior("text", "image") is not None
    assert shortened(pocket, 64).prior("text", "image") is None


def test_all_dimensions_are_the_encoder_itself(pocket: Encoder) -> None:
    assert shortened(pocket, None) is pocket
    assert shortened(pocket, pocket.dimension) is pocket


@pytest.mark.parametrize("dimension", [0, -1, 385])
def test_what_there_is_not_cannot_be_kept(pocket: Encoder, dimension: int) -> None:
    with pytest.raises(UsageError, match="keep 1 to 384"):
        shortened(pocket, dimension)


def test_a_vector_with_nothing_in_front_stays_a_unit_vector() -> None:
    np.testing.assert_array_equal(shorten(np.array([[0, 0, 1]], np.float32), 2), [[1, 0]])
