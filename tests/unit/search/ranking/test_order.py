from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from mmsearch.search.ranking.order import Order, in_order
from mmsearch.types import FieldValue


@pytest.mark.parametrize(
    "ordered",
    [
        pytest.param(["9", "10", "1,5", "n.d."], id="numeric text as numbers"),
        pytest.param([9, "9.5", 10, "100"], id="numbers however they are stored"),
        pytest.param(
            ["1989", 1990, "1990-05-01", "1990-05-01T10:00", 1991, "unknown"], id="a year before its days"
        ),
        pytest.param(
            ["2019-07-04", "2019/7/5", "2019:07:06 12:00:00", "20190707", "08.07.2019"],
            id="spellings of dates",
        ),
        pytest.param(
            ["2019-07-04T12:00+09:00", "2019-07-04T04:00Z", "2019-07-04T01:00-05:00"], id="instants"
        ),
        pytest.param(["2019-07-04T01:00-05:00", "2019-07-04T04:00"], id="clocks where a zone is missing"),
        pytest.param(["apples", "Birnen", "çay", None], id="text without case"),
    ],
)
def test_a_column_is_sorted_as_filters_compare_it(
    build: Callable[[Sequence[Any]], Any], doc: Any, ordered: list[FieldValue | None]
) -> None:
    shuffled = [*ordered[1::2], *ordered[::2]]
    documents = [
        doc(f"{n}.txt", passages=["words"], fields={} if value is None else {"value": value})
        for n, value in enumerate(shuffled)
    ]
    catalogue = build(documents).catalogue
    items = catalogue.select_items()
    for descending in (False, True):
        places = in_order(catalogue, items, Order("value", descending))
        expected = [value for value in ordered if value is not None]
        found = [shuffled[place] for place in places.tolist() if shuffled[place] is not None]
        assert found == (expected[::-1] if descending else expected)
        assert shuffled[places[-1]] is None or None not in ordered


def test_equal_values_stay_in_the_order_that_they_had(
    build: Callable[[Sequence[Any]], Any], doc: Any
) -> None:
    values: list[FieldValue] = ["10", 10.0, 10, "1e1", "2019-07-04", "2019/07/04"]
    catalogue = build(
        [doc(f"{n}.txt", passages=["words"], fields={"value": value}) for n, value in enumerate(values)]
    ).catalogue
    items = catalogue.select_items()
    assert in_order(catalogue, items, Order("value")).tolist() == [0, 1, 2, 3, 4, 5]
    assert in_order(catalogue, items, Order("value", descending=True)).tolist() == [4, 5, 0, 1, 2, 3]
    backwards = np.ascontiguousarray(items[::-1])
    assert in_order(catalogue, backwards, Order("value")).tolist() == [2, 3, 4, 5, 0, 1]
