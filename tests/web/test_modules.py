"""The page's own reckoning: rows, sections, conditions and addresses, each a pure module."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import Visit

pytest.importorskip("playwright.sync_api", reason="no playwright: make test-web")


@pytest.fixture
def module(visit: Visit) -> Any:
    page = visit()

    def run(name: str, expression: str, argument: object = None) -> Any:
        return page.evaluate(
            f"async (given) => {{ const m = await import('/static/{name}.js'); return {expression}; }}",
            argument,
        )

    return run


@pytest.mark.parametrize("width", [320.0, 777.0, 1280.0, 2400.0])
def test_rows_fill_the_width_near_their_height(module: Any, width: float) -> None:
    shapes = [0.42 + (n * 37 % 29) / 10 for n in range(200)]
    done = module("layout", "m.rows(given[0], given[1], 200, 6)", [shapes, width])
    assert done["rows"][0]["first"] == 0
    for before, row in zip(done["rows"], done["rows"][1:], strict=False):
        assert row["first"] == before["last"] + 1
        assert abs(row["top"] - before["top"] - before["height"] - 6) < 1e-6
    for row in done["rows"][:-1]:
        last = row["boxes"][-1]
        assert abs(last["x"] + last["width"] - width) < 1e-6
        assert len(row["boxes"]) == 1 or 90 < row["height"] < 420
    assert done["rows"][-1]["last"] == 199


def test_an_open_row_is_held_back_until_it_is_full(module: Any) -> None:
    whole = module("layout", "m.rows(Array(13).fill(1), 1000, 200, 0, false)")
    open_ = module("layout", "m.rows(Array(13).fill(1), 1000, 200, 0, true)")
    assert whole["shown"] == 13
    assert open_["shown"] == 10


def test_sections_never_move_what_stands_there(module: Any) -> None:
    def hit(number: int, found: str, guess: bool = False) -> dict[str, Any]:
        return {"item_id": number, "found": found, "beyond_chance": guess}

    first = [hit(1, "looks"), hit(2, "says"), hit(3, "looks")]
    then = [hit(4, "looks"), hit(5, "says"), hit(6, "named", True)]
    sections = module("sections", "m.extended(m.extended([], given[0], true), given[1], true)", [first, then])
    told = [(one["kind"], [hit["item_id"] for hit in one["hits"]]) for one in sections]
    assert told == [("looks", [1, 3]), ("says", [2, 5]), ("looks", [4]), ("guess", [6])]
    alone = module("sections", "m.extended([], given, true)", [hit(1, "looks")])
    assert alone[0]["heading"] == ""


@pytest.mark.parametrize(
    ("text", "words", "filters"),
    [
        ("red car", "red car", []),
        ("cat year>=1990 dog", "cat dog", ["year>=1990"]),
        ('creator:"Ada Lovelace" ship', "ship", ['creator:"Ada Lovelace"']),
        ('color:(red, "dark blue")', "", ['color:(red, "dark blue")']),
        ("-year>1990", "", ["NOT year>1990"]),
        ('"year:1990"', '"year:1990"', []),
        ("(a year:1990)", "(a year:1990)", []),
        ("https://example.org/a.jpg", "https://example.org/a.jpg", []),
        ("2:red 12:30", "2:red 12:30", []),
        ("\\Re:Zero", "\\Re:Zero", []),
        ("year:", "year:", []),
        ('shelf:"upper ', 'shelf:"upper ', []),
        ("color:(red, ", "color:(red, ", []),
    ],
)
def test_filters_are_told_from_words(module: Any, text: str, words: str, filters: list[str]) -> None:
    assert module("conditions", "m.split(given)", text) == {"words": words, "filters": filters}


@pytest.mark.parametrize(
    "value", ["Paris", "Ada Lovelace", 'a "b" \\ c', "true", "2019", "x, y", "*", "é", 7, 2.5, True, ""]
)
def test_a_chosen_value_reads_back_in_the_query_language(module: Any, value: Any) -> None:
    from mmsearch.search.query.filters import parse_filter
    from mmsearch.store.catalogue.conditions import Comparison

    (written,) = module("conditions", "m.toggled([], 'date taken', given)", value)
    read = parse_filter(written)
    assert isinstance(read, Comparison)
    assert (read.field, read.operator, read.value) == ("date taken", "=", value)
    assert type(read.value) is type(value)
    assert module("conditions", "m.toggled([given[0]], 'date taken', given[1])", [written, value]) == []


def test_several_values_and_areas_read_back_too(module: Any) -> None:
    from mmsearch.search.query.filters import parse_filter

    several = module("conditions", "m.toggled(m.toggled([], 'place', 'New York'), 'place', 'Paris')")
    assert str(parse_filter(several[0])) == str(parse_filter('place in ("New York", Paris)'))
    area = module(
        "conditions", "m.area(['latitude', 'longitude'], {south: -10, north: 10, west: 170, east: -170})"
    )
    parse_filter(module("conditions", "m.all(given)", [area, "year>1"]))
    folder = module("conditions", "m.inFolder(given)", "a b/[x]*?")
    parse_filter(folder)


def test_the_address_reads_back_as_the_state(module: Any) -> None:
    state = {
        "text": "a cat & a <dog>",
        "filters": ['creator:"Ada"', "year>1"],
        "modality": "image",
        "pictures": ["0" * 32],
        "sounds": ["a" * 32],
        "like": [1, 2],
        "less": [3],
        "sort": "-date",
        "guesses": True,
        "hit": 7,
    }
    assert module("address", "m.read(m.write(given).slice(1))", state) == state
