from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays

from mmsearch.ann.choose import CODED_ROWS, SCANNED_ROWS, WarmingIndex, open_index, prepare
from mmsearch.ann.exact import ExactIndex
from mmsearch.ann.placement import BLOCK_ROWS, Placement, StoredRows
from mmsearch.store.precision import HalfForm, widen


@given(arrays(np.uint16, (3, 5)))
def test_widening_keeps_every_finite_value(bits: np.ndarray) -> None:
    halves = bits.view(np.float16)
    halves = np.where(np.isfinite(halves), halves, np.float16(1))
    np.testing.assert_array_equal(widen(halves), halves.astype(np.float32))


def rows_of(*sizes: int) -> StoredRows:
    count = sum(sizes)
    whole = np.random.default_rng(0).standard_normal((count, 4)).astype(np.float16)
    ends = np.cumsum(sizes)
    return StoredRows.of(
        [(end - size, whole[end - size : end]) for size, end in zip(sizes, ends, strict=True)], HalfForm(4)
    )


@pytest.mark.parametrize("sizes", [(5,), (2, 3), (1, 1, 3), (BLOCK_ROWS + 7, 20)])
def test_rows_run_through_several_files(sizes: tuple[int, ...]) -> None:
    rows = rows_of(*sizes)
    whole = np.concatenate(rows.arrays).astype(np.float32)
    wanted = np.random.default_rng(1).integers(0, sum(sizes), 9)
    query = np.ones(4, dtype=np.float32)

    assert rows.rows == sum(sizes)
    np.testing.assert_array_equal(rows.read(wanted), whole[wanted])
    np.testing.assert_allclose(rows.scan(query), whole @ query, atol=1e-5)
    np.testing.assert_allclose(rows.scan(query, first=3), (whole @ query)[3:], atol=1e-5)
    np.testing.assert_allclose(rows.scores(query, wanted), (whole @ query)[wanted], atol=1e-5)


def test_rows_with_a_gap_are_refused() -> None:
    with pytest.raises(ValueError, match="after 0 rows"):
        StoredRows.of([(2, np.zeros((2, 4), np.float16))], HalfForm(4))


@pytest.mark.parametrize("ids", [[2, 1], [1, 1]])
def test_ids_that_do_not_ascend_are_refused(ids: list[int]) -> None:
    with pytest.raises(ValueError, match="ascending"):
        Placement(np.array(ids), np.array([0, 1]))


def test_an_item_without_a_vector_is_refused() -> None:
    index = ExactIndex(Placement(np.array([3, 5]), np.array([0, 1])), rows_of(2))
    for ids in ([4], [6], [3, -1]):
        with pytest.raises(ValueError, match="not in this index"):
            index.scores(np.ones(4, np.float32), np.array(ids))


@pytest.mark.parametrize(("query", "depth"), [(np.ones(3, np.float32), 1), (np.ones(4, np.float32), -1)])
def test_a_query_that_does_not_fit_is_refused(query: np.ndarray, depth: int) -> None:
    index = ExactIndex(Placement(np.array([3]), np.array([0])), rows_of(1))
    with pytest.raises(ValueError, match=r"dimension|negative"):
        index.search(query, depth)


def test_a_small_index_needs_no_faiss(tmp_path: object) -> None:
    few = np.zeros((10, 4), np.float16)
    many = np.zeros((SCANNED_ROWS, 4), np.float16)
    assert isinstance(open_index(np.arange(10), np.arange(10), [(0, few)], 4), ExactIndex)
    warming = open_index(np.arange(SCANNED_ROWS), np.arange(SCANNED_ROWS), [(0, many)], 4)
    assert isinstance(warming, WarmingIndex)


def test_codes_are_made_for_many_rows_only(tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "image.codes"
    assert CODED_ROWS > 10
    assert not prepare([(0, np.zeros((10, 4), np.float16))], 4, lambda: np.ones((1, 4), np.float32), path)
    assert not path.exists()
