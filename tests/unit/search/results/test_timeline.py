"""Documents by date."""

from __future__ import annotations

from datetime import date, timedelta

from mmsearch.search.results.timeline import MOST_BINS, histogram


def test_a_few_days_are_counted_by_day_without_gaps() -> None:
    found = histogram("date", [("2019-07-30T10:00:00", 2), ("2019-07-30", 1), ("2019-08-02", 4)])
    assert found.unit == "day"
    assert [(one.first, one.documents) for one in found.bins] == [
        ("2019-07-30", 3), ("2019-07-31", 0), ("2019-08-01", 0), ("2019-08-02", 4),
    ]  # fmt: skip


def test_years_of_photographs_are_counted_by_month() -> None:
    found = histogram("date", [("2017-12-30", 2), ("2019-02-01", 1)])
    assert found.unit == "month"
    assert (found.bins[0].first, found.bins[-1].last, len(found.bins)) == ("2017-12", "2019-02", 15)


def test_dates_that_state_no_day_are_not_counted_by_day() -> None:
    assert histogram("date", [("2019-07", 3), ("2019-07-04", 3)]).unit == "month"


def test_years_may_be_numbers_and_centuries_are_bins_of_several_years() -> None:
    found = histogram(
        "year", [(1500, 1), ("1700", 9), ("1800-01-01", 2), (2020, 1), ("no date", 5), (True, 7)]
    )
    assert found.unit == "year"
    assert len(found.bins) <= MOST_BINS
    assert sum(one.documents for one in found.bins) == 13
    assert (found.bins[0].first, found.bins[0].last) == ("1500", "1509")


def test_every_document_with_a_day_is_counted_once() -> None:
    days = [((date(2000, 1, 1) + timedelta(days=37 * n)).isoformat(), n % 5) for n in range(500)]
    found = histogram("date", days)
    assert sum(one.documents for one in found.bins) == sum(count for _, count in days)
    assert all(one.last < other.first for one, other in zip(found.bins, found.bins[1:], strict=False))


def test_without_dates_there_are_no_bins() -> None:
    assert histogram("name", [("red", 2)]).bins == ()
