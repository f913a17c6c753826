"""Filters against a slow interpreter of the same conditions in Python."""

from __future__ import annotations

import operator
import re
import sqlite3
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmsearch.errors import UsageError
from mmsearch.search.index.documents import Documents
from mmsearch.store.catalogue.conditions import And, Comparison, ModalityIs, Not, OneOf, Or, PathGlob
from mmsearch.store.catalogue.database import Database
from mmsearch.store.catalogue.dates.dates import read_date
from mmsearch.store.catalogue.fields import number_in, written
from mmsearch.store.folding import folded
from mmsearch.store.globs import path_pattern
from tests.unit.store.older import made_older

if TYPE_CHECKING:
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.catalogue.conditions import Condition
    from mmsearch.store.catalogue.values import StoredItem
    from mmsearch.types import FieldValue

LONG = "An account of " + "very " * 30 + "old things"
DOCUMENTS: dict[str, dict[str, FieldValue]] = {
    "scans/1.jpg": {"year": 1990, "creator": "Ada Lovelace", "color": True, "tags": "red; green"},
    "scans/2.jpg": {"year": "1991", "creator": "ada lovelace", "date": "1923-05-01", "tags": "Red"},
    "scans/old/3.jpg": {"year": 1850.5, "date": 1923, "creator": "Grace", "about": LONG},
    "4.txt": {"date": "1924", "tags": "blue; 7", "creator": "Ünal; Şahin", "about": LONG.upper() + "!"},
    "5.txt": {},
    "6.txt": {"date": "2019-07-04T23:30:00+02:00", "digits": 20190704},
    "7.txt": {"date": "2019/7/31 23:59", "digits": "20190731"},
    "8.txt": {"date": "2019:08:01 00:00:00", "days": "2019-08-01; 04.07.2019"},
    "9.txt": {"date": "2019-07-04T21:30:00.25Z", "digits": 20190732},
    "a.txt": {"date": "2019-07", "days": "2019-07-04 (reprint)"},
    "scans.txt": {"year": "unknown", "color": False, "tags": "green"},
}
DATED = ["6.txt", "7.txt", "8.txt", "9.txt", "a.txt"]
FIELDS = ["year", "creator", "color", "tags", "date", "digits", "days", "about"]

values = st.sampled_from(
    [
        *(1990, 1850.5, 1923, 7, -1, 1e300, True, False),
        *("1990", "1923-05", "ada lovelace", "GRACE", "red", "g", "", "7", "red; green", "ÜNAL", "şahin"),
        *(LONG, LONG.lower(), LONG[:99], LONG[:100], LONG[:101]),
        *("2019-07", "2019-07-04", "2019/07/31", "2019-08-01T00:00:00", "2019-07-04T21:30Z", "2019-13-01"),
        *("2019-07-04T21:30:00.50Z", "2019-07-31T23:59:59.50", "2019-08-01T00:00:00.50"),
        *("2019-07-04T23:30:00+02:00", "2019-07-04T21", "2019-07-04+02:00", 2019, 20190731, "20190704", "20"),
    ]
)
leaves = st.one_of(
    st.builds(
        Comparison, st.sampled_from(FIELDS), st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "~"]), values
    ),
    st.builds(OneOf, st.sampled_from(FIELDS), st.lists(values, max_size=3).map(tuple)),
    st.builds(PathGlob, st.sampled_from(["scans", "scans/**", "scans/*", "*.txt", "**", "[!s]*", "?.jpg"])),
    st.builds(ModalityIs, st.sampled_from(["image", "text", "audio"])),
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=6,
)


def passes(condition: Condition, item: StoredItem) -> bool:
    match condition:
        case And(parts):
            return all(passes(part, item) for part in parts)
        case Or(parts):
            return any(passes(part, item) for part in parts)
        case Not(part):
            return not passes(part, item)
        case ModalityIs(modality):
            return item.modality == modality
        case PathGlob(pattern):
            return re.fullmatch(path_pattern(pattern), item.path) is not None
        case OneOf(field, listed):
            return any(passes(Comparison(field, "=", value), item) for value in listed)
        case Comparison(field, "!=", value):
            return field in item.fields and not passes(Comparison(field, "=", value), item)
        case Comparison(field, sign, value):
            if field not in item.fields:
                return False
            stored = item.fields[field]
            parts = stored.split("; ") if isinstance(stored, str) and "; " in stored else []
            return any(compares(one, sign, value) for one in [stored, *parts])


def compares(stored: FieldValue, sign: str, value: FieldValue) -> bool:
    if sign == "~":
        return folded(written(value)) in folded(written(stored))
    compare = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}[
        sign
    ]
    wanted, date = span(value), span(stored, years=True)
    if wanted is not None and date is not None:
        zoned = wanted.zone is not None and date.zone is not None
        shift = timedelta(minutes=(date.zone or 0) - (wanted.zone or 0)) if zoned else timedelta()
        start, end = date.start - shift, date.end - shift
        return {
            "=": wanted.start <= start and end <= wanted.end,
            "<": end <= wanted.start,
            "<=": end <= wanted.end,
            ">": start >= wanted.end,
            ">=": start >= wanted.start,
        }[sign]
    if isinstance(value, str) and wanted is not None:
        return False
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        number = number_in(stored)
        return number is not None and bool(compare(number, value))
    # beside a text that is no date, a date stands as it lies in the catalogue
    known = read_date(written(stored))
    return bool(compare(folded(written(stored)) if known is None else known.key, folded(written(value))))


class Span(NamedTuple):
    start: datetime
    end: datetime
    zone: int | None


def span(value: FieldValue, *, years: bool = False) -> Span | None:
    """What the dates of these tests cover, by the clock, by Python's own reading of them."""
    text = written(value).removesuffix(" (reprint)") if years else written(value)
    if isinstance(value, bool) or not re.match(r"\d{4}|\d\d\.\d\d\.", text):
        return None
    if years and re.fullmatch(r"\d{4}", text):
        return Span(datetime(int(text), 1, 1), datetime(int(text) + 1, 1, 1), None)
    text = re.sub(r"(\d\d)\.(\d\d)\.(\d{4})", r"\3-\2-\1", text)
    text = re.sub(r"^(\d{4})[:/](\d\d?)[:/](\d\d?)", lambda m: f"{m[1]}-{m[2]:0>2}-{m[3]:0>2}", text)
    for form, more in FORMS.items():
        with suppress(ValueError):
            start = datetime.strptime(text, form)
            zone = start.utcoffset()
            end = start.replace(day=1, month=start.month + 1) if more is None else start + more
            minutes = None if zone is None else int(zone.total_seconds() // 60)
            if years and "%S" in form:  # what is stored to the second is an instant
                end = start + timedelta(microseconds=1)
            return Span(start.replace(tzinfo=None), end.replace(tzinfo=None), minutes)
    return None


FORMS = {
    "%Y-%m": None,
    "%Y%m%d": timedelta(days=1),
    "%Y-%m-%d": timedelta(days=1),
    "%Y-%m-%d%z": timedelta(days=1),
    "%Y-%m-%dT%H": timedelta(hours=1),
    "%Y-%m-%d %H:%M": timedelta(minutes=1),
    "%Y-%m-%dT%H:%M%z": timedelta(minutes=1),
    "%Y-%m-%dT%H:%M:%S": timedelta(seconds=1),
    "%Y-%m-%dT%H:%M:%S.%f": timedelta(milliseconds=100),
    "%Y-%m-%d %H:%M:%S": timedelta(seconds=1),
    "%Y-%m-%dT%H:%M:%S%z": timedelta(seconds=1),
    "%Y-%m-%dT%H:%M:%S.%f%z": timedelta(milliseconds=100),
}


@pytest.fixture
def filled(catalogue: Catalogue, writer: Any) -> Catalogue:
    writer.put(
        *(
            writer.document(path, picture=path, captions=(f"of {path}",), fields=fields, title=f"T {path}")
            for path, fields in DOCUMENTS.items()
        )
    )
    return catalogue


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(condition=conditions)
def test_documents_and_their_items_pass_alike(filled: Catalogue, condition: Condition) -> None:
    items = filled.select_items(condition)
    assert Documents.read(filled).passing(filled, condition).tolist() == items.tolist()
    documents = filled.select_documents(condition)
    if documents is not None:
        assert set(documents.tolist()) == set(filled.documents_of_items(items).tolist())


def test_equal_values_of_different_kinds_are_remembered_apart(filled: Catalogue) -> None:
    documents = Documents.read(filled)
    for value in (True, 1, 1.0, "1"):
        condition = Comparison("year", ">", value)
        assert documents.passing(filled, condition).tolist() == filled.select_items(condition).tolist()


def test_more_filters_than_are_remembered_do_no_harm(filled: Catalogue) -> None:
    documents = Documents.read(filled)
    for year in [*range(1980, 2000), 1990]:
        condition = Comparison("year", ">=", year)
        assert documents.passing(filled, condition).tolist() == filled.select_items(condition).tolist()
    with pytest.raises(UsageError, match="no document has a field 'size'"):
        documents.passing(filled, Comparison("size", "=", 1))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(condition=conditions)
def test_filters_are_exact(filled: Catalogue, condition: Condition) -> None:
    everything = filled.items(filled.select_items())
    expected = [item.item_id for item in everything if passes(condition, item)]
    assert filled.select_items(condition).tolist() == expected
    texts = [item.item_id for item in everything if item.modality == "text" and passes(condition, item)]
    assert filled.select_items(condition, ["text"]).tolist() == texts


def paths(catalogue: Catalogue, condition: Condition) -> list[str]:
    return [item.path for item in catalogue.items(catalogue.select_items(condition, ["image"]))]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Comparison("year", ">=", 1990), ["scans/1.jpg", "scans/2.jpg"]),
        (Comparison("date", "=", 1923), ["scans/2.jpg", "scans/old/3.jpg"]),
        (Comparison("date", ">", "1923-04"), ["scans/2.jpg", "4.txt", *DATED]),
        (Comparison("date", "=", "2019-07-04"), ["6.txt", "9.txt"]),
        (
            Comparison("date", "<=", "2019-07"),
            ["scans/2.jpg", "scans/old/3.jpg", "4.txt", *DATED[:2], *DATED[3:]],
        ),
        (Comparison("date", ">", "2019-07-31"), ["8.txt"]),
        (Comparison("date", ">=", "2019-07-31"), ["7.txt", "8.txt"]),
        (Comparison("date", "!=", "2019-07"), ["scans/2.jpg", "scans/old/3.jpg", "4.txt", "8.txt"]),
        (Comparison("date", "=", "2019-07-04T21:30Z"), ["6.txt", "9.txt"]),
        (OneOf("date", ("2019-07-31", "2019-08", "20190801")), ["7.txt", "8.txt"]),
        (OneOf("date", ("2019-07-04T21:30Z", 1923)), ["scans/2.jpg", "scans/old/3.jpg", "6.txt", "9.txt"]),
        (Comparison("digits", "=", "2019-07-31"), ["7.txt"]),
        (Comparison("date", "~", "2019/7"), ["7.txt"]),
        (Comparison("creator", "=", "Ada Lovelace"), ["scans/1.jpg", "scans/2.jpg"]),
        (Comparison("creator", "!=", "Ada Lovelace"), ["scans/old/3.jpg", "4.txt"]),
        (Comparison("tags", "=", "red"), ["scans/1.jpg", "scans/2.jpg"]),
        (Comparison("Tags", "=", "green"), ["scans/1.jpg", "scans.txt"]),
        (Comparison("color", "=", False), ["scans.txt"]),
        (Comparison("title", "~", "t SCANS/2"), ["scans/2.jpg"]),
        (Comparison("path", "=", "5.txt"), ["5.txt"]),
        (Not(Comparison("year", "<", 3000)), ["4.txt", "5.txt", *DATED, "scans.txt"]),
        (OneOf("year", (1990, 1850.5)), ["scans/1.jpg", "scans/old/3.jpg"]),
        (And(()), list(DOCUMENTS)),
        (Or(()), []),
    ],
)
def test_what_a_filter_means(filled: Catalogue, condition: Condition, expected: list[str]) -> None:
    assert paths(filled, condition) == expected


def test_the_dates_of_an_older_catalogue_are_read_anew(filled: Catalogue) -> None:
    path = filled.path
    filled.close()
    made_older(path, 2)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE fields SET number = NULL WHERE text LIKE '2019/%' OR text LIKE '2019:%'")
    connection.close()
    Database(path, write=True).close()
    with type(filled).open(path) as catalogue:
        assert paths(catalogue, Comparison("date", ">=", "2019-07-31")) == ["7.txt", "8.txt"]
        assert paths(catalogue, Comparison("date", ">", 2018)) == DATED


def test_an_unknown_field_is_named_with_those_that_there_are(filled: Catalogue) -> None:
    with pytest.raises(
        UsageError, match=r"'size'; the fields are: about, color, creator, date, days, digits, tags, "
    ):
        filled.select_items(Not(Comparison("size", "=", 1)))
    with pytest.raises(UsageError, match="'nope'"):
        filled.facets("nope")


def test_a_filter_on_an_index_without_fields_says_so(catalogue: Catalogue) -> None:
    with pytest.raises(UsageError, match="no fields"):
        catalogue.select_items(Comparison("year", "=", 1990))


def test_no_text_can_break_a_filter(filled: Catalogue) -> None:
    for text in ("'; DROP TABLE items; --", '"', "%", "?", "\0", "[", "\\", "\U0001f600"):
        for condition in (Comparison("creator", "=", text), Comparison("creator", "~", text), PathGlob(text)):
            assert isinstance(paths(filled, condition), list)
    assert len(filled.select_items()) == 2 * len(DOCUMENTS)


def test_long_filters_are_read_and_deep_ones_refused(filled: Catalogue) -> None:
    many = tuple(Comparison("year", "=", number) for number in range(3000) if number != 1991)
    assert paths(filled, Or(many)) == ["scans/1.jpg"]
    assert paths(filled, Not(And(tuple(Not(part) for part in many)))) == ["scans/1.jpg"]
    assert paths(filled, OneOf("year", (1990, *range(2000, 5000), "1991", LONG))) == [
        "scans/1.jpg",
        "scans/2.jpg",
    ]
    assert paths(filled, OneOf("path", ("5.txt", "SCANS.txt"))) == ["5.txt", "scans.txt"]
    deep: Condition = ModalityIs("image")
    for _ in range(300):
        deep = Or((And((deep, ModalityIs("image"))), ModalityIs("text")))
    with pytest.raises(UsageError, match="deeply nested"):
        filled.select_items(deep)


def test_facets_count_documents_by_value(filled: Catalogue) -> None:
    assert filled.facets("tags") == [("green", 2), ("red", 2), ("7", 1), ("blue", 1)]
    assert filled.facets("creator")[0] == ("Ada Lovelace", 2)
    assert filled.facets("color") == [(False, 1), (True, 1)]
    among = filled.select_items(PathGlob("scans/**"), ["text"])
    assert filled.facets("year", among) == [(1850.5, 1), (1990, 1), ("1991", 1)]
    assert filled.facets("year", among[:0]) == []


def test_fields_are_described(filled: Catalogue) -> None:
    fields = filled.fields()
    assert list(fields) == sorted(FIELDS)
    assert (fields["color"].kind, fields["color"].documents) == ("boolean", 2)
    assert (fields["year"].kind, fields["tags"].kind) == ("mixed", "text")
    assert set(fields["tags"].examples) <= {"green", "red", "Red", "7", "blue"}
