from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.store.catalogue.fields import FOLDED_LENGTH, field_rows, field_value, number_in


@given(st.text() | st.integers() | st.booleans() | st.floats(allow_nan=False))
def test_the_first_row_gives_the_value_back(value: str | int | float | bool) -> None:
    row = field_rows("field", value)[0]
    given_back = field_value(row.kind, row.text, row.number)
    assert given_back == value
    assert type(given_back) is type(value)


def test_a_list_is_one_row_as_it_is_and_one_for_each_part() -> None:
    rows = field_rows("tags", "Red; green; 7; Red")
    assert [(row.kind, row.text, row.folded, row.number) for row in rows] == [
        ("list", "Red; green; 7; Red", "red; green; 7; red", None),
        ("part", "Red", "red", None),
        ("part", "green", "green", None),
        ("part", "7", "7", 7.0),
    ]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1990, 1990.0),
        ("1990", 1990.0),
        (" -1.5e3 ", -1500.0),
        ("1990-05-01", 1990.0),
        ("1990-05", 1990.0),
        ("1990-05-01T10:00:00", 1990.0),
        ("1990-5", None),
        ("1_000", None),
        ("٣", None),
        ("nan", None),
        (math.inf, None),
        (10**400, None),
        ("about 1990", None),
        ("", None),
        (True, 1.0),
    ],
)
def test_a_number_is_what_is_written_as_one_and_a_date_is_its_year(
    value: str | int | float, number: float | None
) -> None:
    assert number_in(value) == number


def test_only_the_first_characters_of_a_long_value_are_indexed() -> None:
    [row] = field_rows("description", "X" * 5000)
    assert row.text == "X" * 5000
    assert row.folded == "x" * FOLDED_LENGTH
