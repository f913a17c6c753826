from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.ann.placement import Lookup, contains
from mmsearch.search.index.documents import Documents, common

ids = st.lists(st.one_of(st.integers(0, 40), st.integers(0, 10**9)), unique=True, max_size=30).map(sorted)


def array(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@given(ids, ids)
def test_common_members_are_found_in_their_order(items: list[int], others: list[int]) -> None:
    assert common(array(items[::-1]), array(others)).tolist() == [i for i in items[::-1] if i in others]
    assert contains(array(others), array(items)).tolist() == [item in others for item in items]


@given(ids, st.lists(st.integers(-5, 10**9 + 5), max_size=20))
def test_a_lookup_gives_the_value_or_minus_one(known: list[int], wanted: list[int]) -> None:
    values = {item: 7 * place for place, item in enumerate(known)}
    lookup = Lookup(array(known), array(list(values.values())))
    assert lookup(array(wanted)).tolist() == [values.get(item, -1) for item in wanted]


@given(ids, st.data())
def test_documents_know_their_items(items: list[int], data: st.DataObject) -> None:
    owners = data.draw(st.lists(st.integers(0, 5), min_size=len(items), max_size=len(items)))
    documents = Documents(array(items), array(owners), {})
    assert documents.of(array(items)).tolist() == owners
    for owner in set(owners):
        expected = [item for item, other in zip(items, owners, strict=True) if other == owner]
        assert documents.items_of(array([owner])).tolist() == expected
    assert documents.items_of(array(sorted(set(owners)))).tolist() == items
    assert documents.each_alone.of(array(items)).tolist() == items


def test_combinations_are_those_that_occur() -> None:
    documents = Documents(array([1, 2, 3, 4, 5]), array([1, 1, 2, 3, 3]), {})
    pictures, texts = array([1, 4]), array([2, 3])
    assert documents.combinations([pictures, texts]) == {(True, True), (False, True), (True, False)}
    assert documents.each_alone.combinations([pictures, texts]) == {
        (True, False),
        (False, True),
        (False, False),
    }
