from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.search.channels.signals import Signals, peaks, taken
from mmsearch.search.index.documents import Documents


def array(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def signals(values: np.ndarray) -> Signals:
    return Signals(values, 10.0 + values, 100.0 + values)


def same(one: Signals, other: Signals) -> bool:
    pairs = zip(
        (one.evidence, one.surprise, one.unit), (other.evidence, other.surprise, other.unit), strict=True
    )
    return all(np.array_equal(mine, theirs, equal_nan=True) for mine, theirs in pairs)


def test_the_peak_of_a_document_is_its_highest_item_and_of_equal_ones_the_first() -> None:
    documents = Documents(array([1, 2, 3, 4, 5]), array([10, 10, 20, 20, 30]), {})
    items, told = array([1, 2, 4, 3]), np.array([1.0, 3.0, 2.0, 2.0])
    places = peaks(array([10, 20, 30]), documents, items, told)
    assert taken(items, places, -1).tolist() == [2, 3, -1]
    assert same(signals(told).at(places), signals(np.array([3.0, 2.0, np.nan])))
    assert peaks(array([10]), documents, items[:0], told[:0]).tolist() == [-1]


@given(st.integers(0, 4), st.lists(st.integers(0, 3), max_size=6))
def test_rows_of_a_stack_are_the_stack_of_rows(channels: int, rows: list[int]) -> None:
    columns = [signals(np.arange(4.0) + 7 * n) for n in range(channels + 1)]
    stacked = Signals.stack(columns)
    assert stacked.evidence.shape == (4, channels + 1)
    chosen = array(rows)
    assert same(stacked[chosen], Signals.stack([one[chosen] for one in columns]))
    assert same(Signals.concatenate([stacked[:2], stacked[2:]]), stacked)


def test_nothing_is_filled_with_what_may_be_said_at_most() -> None:
    known = signals(np.array([[1.0, np.nan], [np.nan, np.nan]]))
    most = signals(np.array([[5.0, np.nan]]))
    assert same(known.filled(most), signals(np.array([[1.0, np.nan], [5.0, np.nan]])))
    assert same(Signals.empty((2, 2)).filled(Signals.empty((1, 2))), Signals.empty((2, 2)))


def test_what_is_not_kept_says_nothing() -> None:
    kept = np.array([[True, False], [False, False]])
    found = signals(np.array([[1.0, 2.0]])).where(kept)
    assert same(found, signals(np.array([[1.0, np.nan], [np.nan, np.nan]])))


@pytest.mark.parametrize("shape", [0, 3, (0, 2), (2, 0), (2, 3)])
def test_nothing_said_has_any_shape(shape: int | tuple[int, ...]) -> None:
    nothing = Signals.empty(shape)
    assert nothing.evidence.shape == np.empty(shape).shape
    assert np.isnan(nothing.unit).all()
