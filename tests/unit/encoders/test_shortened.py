from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mmsearch.encoders.registry import load_encoder
from mmsearch.encoders.shortened import principal_axes, projection, shorten, shortened
from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.types import Vectors


@pytest.fixture(scope="module")
def pocket() -> Encoder:
    return load_encoder("pocket")


@dataclass(frozen=True)
class Plain:
    """An encoder that does not know its axes: whatever the text, the same vectors."""

    vectors: Vectors
    name: str = "plain"
    fingerprint: str = "0"

    @property
    def dimension(self) -> int:
        return self.vectors.shape[1]

    def encode_texts(self, batch: Sequence[str]) -> Vectors:
        return self.vectors[: len(batch)]


@dataclass(frozen=True)
class WithAxes(Plain):
    own: Vectors | None = None

    def axes(self) -> Vectors | None:
        return self.own


def flat_vectors(rng: np.random.Generator, count: int = 500) -> Vectors:
    """Unit rows of 32 floats that lie in 8 directions but for a little noise."""
    turn = np.linalg.qr(rng.normal(size=(32, 32)))[0][:8]
    vectors = rng.normal(size=(count, 8)) @ turn + 0.02 * rng.normal(size=(count, 32))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def test_without_axes_the_first_floats_are_kept_at_unit_length() -> None:
    whole = flat_vectors(np.random.default_rng(0), 2)
    expected = whole[:, :8] / np.linalg.norm(whole[:, :8], axis=1, keepdims=True)
    short = shortened(Plain(whole), 8)  # type: ignore[arg-type]
    np.testing.assert_allclose(short.encode_texts(["a dog", "a cat"]), expected, atol=1e-6)


def test_with_axes_what_vectors_lie_along_is_kept() -> None:
    whole = flat_vectors(np.random.default_rng(1))
    axes = principal_axes(whole[:250], whole[250:])
    np.testing.assert_allclose(axes @ axes.T, np.eye(32), atol=1e-5)
    texts = [""] * len(whole)
    short = shortened(WithAxes(whole, own=axes), 8).encode_texts(texts)  # type: ignore[arg-type]
    np.testing.assert_allclose(short @ short.T, whole @ whole.T, atol=0.02)
    plain = shortened(Plain(whole), 8).encode_texts(texts)  # type: ignore[arg-type]
    assert np.abs(plain @ plain.T - whole @ whole.T).max() > 0.5


def test_projected_floats_are_of_like_size() -> None:
    vectors = np.random.default_rng(2).normal(size=(2000, 32)) * 0.7 ** np.arange(32)
    spread = (vectors @ projection(np.eye(32, dtype=np.float32), 32)).std(axis=0)
    assert spread.max() / spread.min() < 3
    np.testing.assert_allclose(
        projection(np.eye(32, dtype=np.float32), 8).T @ np.eye(32)[:, 8:], 0, atol=1e-6
    )


def test_other_axes_make_other_vectors() -> None:
    whole = flat_vectors(np.random.default_rng(3))
    prints = {
        shortened(WithAxes(whole, own=own), 8).fingerprint  # type: ignore[arg-type]
        for own in (None, principal_axes(whole), principal_axes(whole[:100]))
    }
    assert len(prints) == 3


def test_pocket_is_shortened_to_unit_length(pocket: Encoder) -> None:
    short = shortened(pocket, 64)
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
