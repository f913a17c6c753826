from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmsearch.errors import IndexDirectoryError
from mmsearch.store.precision import FORMS, PRECISIONS, ByteForm, HalfForm, center_of, row_form
from mmsearch.store.vectors import VectorShards

if TYPE_CHECKING:
    from pathlib import Path

    from mmsearch.store.precision import Precision, RowForm
    from mmsearch.types import Vectors

DIMENSION = 20


def unit(count: int, seed: int = 0, dimension: int = DIMENSION, lean: float = 0.0) -> Vectors:
    """Unit vectors; ``lean``: how far all of them point the same way."""
    drawn = np.random.default_rng(seed).standard_normal((count, dimension)) + lean
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def form_for(precision: Precision, vectors: Vectors) -> RowForm:
    return row_form(precision, vectors.shape[1], center_of(vectors))


CASES = given(
    dimension=st.integers(1, 70),
    count=st.integers(1, 9),
    lean=st.sampled_from([0.0, 0.5, 3.0]),
    peak=st.sampled_from([0.0, 1.0, 30.0]),
    seed=st.integers(0, 2**31),
)


def drawn(dimension: int, count: int, lean: float, peak: float, seed: int) -> Vectors:
    """Unit vectors of any shape, some with one very large float."""
    vectors = np.random.default_rng(seed).standard_normal((count, dimension)) + lean
    vectors[::2, 0] += peak
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("precision", PRECISIONS)
@settings(max_examples=60, deadline=None)
@CASES
def test_a_row_has_its_fixed_size_and_stands_for_a_unit_vector(
    precision: Precision, dimension: int, count: int, lean: float, peak: float, seed: int
) -> None:
    vectors = drawn(dimension, count, lean, peak, seed)
    form = form_for(precision, vectors)
    rows = form.encode(vectors)
    assert len(rows) == count
    assert rows.nbytes == count * FORMS[precision].row_bytes(dimension) == count * form.dtype.itemsize
    decoded = form.decode(rows)
    assert decoded.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(decoded, axis=1), 1, atol=0.005)


@settings(max_examples=60, deadline=None)
@CASES
def test_a_byte_is_off_by_half_a_step_at_most(
    dimension: int, count: int, lean: float, peak: float, seed: int
) -> None:
    vectors = drawn(dimension, count, lean, peak, seed)
    form = ByteForm(dimension)
    rows = form.encode(vectors)
    steps = np.maximum(np.abs(vectors).max(axis=1), 5 / dimension**0.5) / 127
    # before it was brought to unit length again, which moves it by no more than its error
    error = np.linalg.norm(form.decode(rows) - vectors, axis=1)
    assert (error <= 2 * 0.5 * steps * dimension**0.5 + 1e-6).all()


@settings(max_examples=60, deadline=None)
@CASES
def test_a_bit_says_on_which_side_of_the_center_a_float_lies(
    dimension: int, count: int, lean: float, peak: float, seed: int
) -> None:
    vectors = drawn(dimension, count, lean, peak, seed)
    center = center_of(vectors)
    form = row_form("binary", dimension, center)
    rows = form.encode(vectors)
    assert (rows["spread"] > 0).all()
    np.testing.assert_array_equal(form.decode(rows) > center, vectors > center)


@pytest.mark.parametrize(("precision", "least"), [("float16", 0.999999), ("int8", 0.9998), ("binary", 0.79)])
@pytest.mark.parametrize("lean", [0.0, 1.0])
def test_what_is_read_points_where_the_vector_pointed(
    precision: Precision, least: float, lean: float
) -> None:
    """Random floats keep sqrt(2 / pi) = 0.798 of their direction in their signs."""
    vectors = unit(500, dimension=384, lean=lean)
    form = form_for(precision, vectors)
    kept = np.einsum("ij,ij->i", form.decode(form.encode(vectors)), vectors)
    assert kept.mean() >= least


def test_vectors_in_a_cone_are_told_apart_since_bits_are_taken_around_its_center() -> None:
    """Without the center nearly all floats are positive, and few bits tell anything."""

    def found(vectors: Vectors, center: np.ndarray) -> int:
        truth = np.argsort(-(vectors @ vectors[0]))[:20]
        form = row_form("binary", 64, center)
        scores = form.decode(form.encode(vectors)) @ vectors[0]
        return len(set(truth.tolist()) & set(np.argsort(-scores)[:20].tolist()))

    drawn = [unit(300, dimension=64, lean=2.0, seed=seed) for seed in range(6)]
    around = sum(found(vectors, center_of(vectors)) for vectors in drawn)
    assert around >= 1.5 * sum(found(vectors, np.zeros(64, np.float32)) for vectors in drawn)


@pytest.mark.parametrize("cosine", [0.2, 0.5, 0.9])
def test_two_vectors_of_bits_are_less_alike_than_the_originals_by_a_known_law(cosine: float) -> None:
    """2 / pi arcsin(r), which the threshold for duplicates relies on."""
    one, noise = unit(400, dimension=384, seed=1), unit(400, dimension=384, seed=2)
    noise -= np.einsum("ij,ij->i", one, noise)[:, None] * one
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    other = (cosine * one + (1 - cosine**2) ** 0.5 * noise).astype(np.float32)
    form = row_form("binary", 384, np.zeros(384, np.float32))
    found = np.einsum("ij,ij->i", form.decode(form.encode(one)), form.decode(form.encode(other)))
    assert found.mean() == pytest.approx(2 / np.pi * np.arcsin(cosine), abs=0.01)


def test_bits_want_a_center() -> None:
    with pytest.raises(ValueError, match="center"):
        row_form("binary", 4)
    assert isinstance(row_form("float16", 4), HalfForm)


# --- in shards -------------------------------------------------------------------------------------------


def shards(folder: Path, precision: Precision, rows: int = 0) -> VectorShards:
    return VectorShards(folder, "image", DIMENSION, rows=rows, precision=precision, shard_rows=10)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_shards_keep_rows_of_each_form(tmp_path: Path, precision: Precision) -> None:
    vectors = unit(37)
    with shards(tmp_path, precision) as written:
        for start in range(0, 37, 8):
            written.append(vectors[start : start + 8])
        written.sync()
        expected = written.form.decode(written.form.encode(vectors))
    files = {file.name: file.stat().st_size for file in tmp_path.glob(f"*{FORMS[precision].suffix}")}
    row = FORMS[precision].row_bytes(DIMENSION)
    assert files == {f"image-{n}{FORMS[precision].suffix}": row * min(10, 37 - 10 * n) for n in range(4)}
    with shards(tmp_path, precision, rows=37) as reopened:
        rows = np.random.default_rng(1).permutation(37)
        np.testing.assert_array_equal(reopened.read(rows), expected[rows])
        stored = np.concatenate([block for _, block in reopened.blocks()])
        np.testing.assert_array_equal(reopened.form.decode(stored), expected)
        reopened.truncate(11)
    left = {file.name: file.stat().st_size for file in tmp_path.glob(f"*{FORMS[precision].suffix}")}
    assert left == {f"image-0{FORMS[precision].suffix}": 10 * row, f"image-1{FORMS[precision].suffix}": row}


@pytest.mark.parametrize("precision", PRECISIONS)
def test_copied_rows_are_the_same_to_the_last_bit(tmp_path: Path, precision: Precision) -> None:
    with shards(tmp_path / "old", precision) as old, shards(tmp_path / "new", precision) as new:
        old.append(unit(25))
        rows = np.array([24, 3, 3, 17])
        assert new.copy(old, rows[:1]) == 0
        assert new.copy(old, rows[1:]) == 1
        np.testing.assert_array_equal(new.stored(np.arange(4)), old.stored(rows))
        np.testing.assert_array_equal(new.read(np.arange(4)), old.read(rows))


def test_the_first_vectors_settle_the_center_of_bits(tmp_path: Path) -> None:
    with shards(tmp_path, "binary") as written:
        written.append(unit(8, lean=1.0))
        written.append(-unit(8, lean=1.0))
    with shards(tmp_path, "binary", rows=16) as reopened:
        assert reopened.form.center.tolist() == center_of(unit(8, lean=1.0)).tolist()  # type: ignore[union-attr]


@pytest.mark.parametrize("damage", ["missing", "short", "not numbers"])
def test_bits_without_their_center_are_refused_with_the_command_that_mends_it(
    tmp_path: Path, damage: str
) -> None:
    with shards(tmp_path, "binary") as written:
        written.append(unit(3))
    center = tmp_path / "image-center.f32"
    if damage == "missing":
        center.unlink()
    elif damage == "short":
        os.truncate(center, 10)
    else:
        center.write_bytes(b"\xff" * 4 * DIMENSION)
    with pytest.raises(
        IndexDirectoryError, match=r"image-center\.f32 is missing or damaged; .*check --repair"
    ):
        shards(tmp_path, "binary", rows=3)
    with shards(tmp_path, "binary") as anew:  # nothing is left that needs it
        anew.append(unit(3, seed=5))
        assert anew.read(np.arange(3)).shape == (3, DIMENSION)
