from __future__ import annotations

import operator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.store.catalogue.dates.dates import Date, compares, key_compares, read_date

SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq}
moments = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)).map(
    lambda moment: moment.replace(microsecond=0)
)
zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2019-07", Date("2019-07")),
        ("2019-07-04", Date("2019-07-04")),
        (" 2019-7-4 ", Date("2019-07-04")),
        ("2019/07/04", Date("2019-07-04")),
        ("2019/7/4 6:30", Date("2019-07-04t06:30")),
        ("2019.07.04", Date("2019-07-04")),
        ("04.07.2019", Date("2019-07-04")),
        ("4.7.2019 06:30", Date("2019-07-04t06:30")),
        ("2019:07:04 12:30:00", Date("2019-07-04t12:30:00")),
        ("2019-07-04T12", Date("2019-07-04t12")),
        ("2019-07-04t12:30:00.250", Date("2019-07-04t12:30:00.25")),
        ("2019-07-04T12:30:00,5", Date("2019-07-04t12:30:00.5")),
        ("2019-07-04T12:30:00.000Z", Date("2019-07-04t12:30:00", 0)),
        ("2019-07-04 12:30:00 +02:00", Date("2019-07-04t12:30:00", 120)),
        ("2019-07-04T12:30-0530", Date("2019-07-04t12:30", -330)),
        ("2019-07-04T12:30:60Z", Date("2019-07-04t12:30:59", 0)),
        ("2019-07-04+02:00", Date("2019-07-04", 120)),
        ("20190704", Date("2019-07-04")),
        ("20190704T123000Z", Date("2019-07-04t12:30:00", 0)),
        ("1990-00-00", Date("1990")),
        ("1990-05-00", Date("1990-05")),
        ("2024-02-29", Date("2024-02-29")),
    ],
)
def test_a_date_is_read_in_its_spelling(text: str, date: Date) -> None:
    assert read_date(text) == date


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "2019",
            "2019-7",
            "04/07/2019",
            "7/4/2019",
            "2023-02-29",
            "2019-13-01",
            "2019-00-04",
            "0000-00-00",
        ),
        *("2019-07-04T25:00", "2019-07-04 12:61", "2019-07-04T12:30:00+99:00", "2019-07-041", "12345678"),
        *("2019-07-04 afternoon", "١٩٩٠-05-01", "2019-07-04T12:30:00." + "1" * 99, "1990-00-00T12", "12.30"),
    ],
)
def test_what_may_be_something_else_is_no_date(text: str) -> None:
    assert read_date(text) is None


@given(st.text("0123456789-:/.TZ+ ", max_size=70))
def test_any_text_is_a_date_or_none_and_its_key_says_the_same(text: str) -> None:
    date = read_date(text)
    if date is not None:
        assert key_compares(date.key, "=", date.key)
        assert compares(date, ">=", date)
        assert not compares(date, "<", date)


@given(moments, moments, st.sampled_from([4, 7, 10, 13, 16, 19]))
def test_a_second_is_in_before_or_after_all_of_a_date_of_less_precision(
    moment: datetime, wanted: datetime, length: int
) -> None:
    stored, text = read_date(moment.isoformat()), wanted.isoformat()[:length]
    date = Date(text) if length == 4 else read_date(text)
    assert stored is not None
    assert date is not None
    for sign, compare in SIGNS.items():
        assert compares(stored, sign, date) == compare(moment.isoformat()[:length], text)


@given(moments, zones, moments, zones)
def test_dates_with_zones_are_compared_as_instants(
    moment: datetime, zone: timezone, wanted: datetime, other: timezone
) -> None:
    first, second = moment.replace(tzinfo=zone), wanted.replace(tzinfo=other)
    one, two = read_date(first.isoformat()), read_date(second.isoformat())
    assert one is not None
    assert two is not None
    for sign, compare in SIGNS.items():
        assert compares(one, sign, two) == compare(first - second, timedelta())


def test_what_is_stored_to_the_second_is_an_instant() -> None:
    stored = Date("2019-07-04t12:30:00", 0)
    assert compares(stored, "<", Date("2019-07-04t12:30:00.5", 0))
    assert compares(stored, "=", Date("2019-07-04t12:30:00", 0))
    assert not compares(stored, "<", Date("2019-07-04t12:30:00", 0))
    assert not compares(Date("2019-07-04t12:30", 0), "<", Date("2019-07-04t12:30:00.5", 0))
    assert compares(Date("2019-07-04t12:30:00.75"), "=", Date("2019-07-04t12:30:00"))


def test_a_zone_that_only_one_of_two_has_means_nothing() -> None:
    east, nowhere = Date("2019-07-04t01:00", 600), Date("2019-07-04")
    assert compares(east, "=", nowhere)
    assert compares(Date("2019-07-04"), "=", Date("2019-07-04", 600))
    assert not compares(east, "=", Date("2019-07-04", 0))
    assert datetime(2019, 7, 4, 1, tzinfo=timezone(timedelta(hours=10))).astimezone(UTC).day == 3


@pytest.mark.parametrize("sign", ["=", "<", "<=", ">", ">="])
def test_a_month_is_neither_before_nor_after_a_day_of_it(sign: str) -> None:
    assert compares(Date("2019-07"), sign, Date("2019-07-04")) is False
