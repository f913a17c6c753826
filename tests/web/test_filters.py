"""Filters: written, counted, dragged, clicked; each stands as a chip and can be taken away."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.web.conftest import Visit, names, settled, until

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

expect = pytest.importorskip("playwright.sync_api", reason="no playwright: make test-web").expect


def where(page: Page) -> list[str]:
    return parse_qs(urlsplit(page.url).query).get("where", [])


def drag(page: Page, on: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag from one place of an element to another, both as shares of its size."""
    on.scroll_into_view_if_needed()
    box = on.bounding_box()
    assert box is not None

    def at(place: tuple[float, float]) -> tuple[float, float]:
        return box["x"] + place[0] * box["width"], box["y"] + place[1] * box["height"]

    page.mouse.move(*at(start))
    page.mouse.down()
    page.mouse.move(*at(end), steps=5)
    page.mouse.up()


def test_a_value_that_is_clicked_filters_and_others_can_be_added(visit: Visit) -> None:
    page = visit()
    page.get_by_role("button", name="Lisbon 5").click()
    settled(page)
    assert where(page) == ["place:Lisbon"]
    assert len(names(page)) == 5
    page.get_by_role("button", name="Paris 5").click()
    settled(page)
    assert where(page) == ["place:(Lisbon, Paris)"]
    assert len(names(page)) == 10
    page.get_by_role("button", name="Remove the filter place Lisbon, Paris").click()
    settled(page)
    assert where(page) == []


def test_clicks_that_are_faster_than_the_counts_add_up(visit: Visit) -> None:
    page = visit()
    for name in ("Lisbon", "Paris"):
        page.locator(f"[data-facet='place={name}']").wait_for()
    click = "name => document.querySelector(`[data-facet='place=${name}']`).click()"
    page.evaluate(f"['Lisbon', 'Paris'].forEach({click})")
    settled(page)
    assert where(page) == ["place:(Lisbon, Paris)"]
    assert len(names(page)) == 10


def test_a_filter_that_is_typed_becomes_a_chip(visit: Visit) -> None:
    page = visit()
    settled(page)
    page.locator("#box").press_sequentially('cat shelf:"upper left" ')
    until(page, "new URL(location).searchParams.has('where')")
    settled(page)
    assert where(page) == ['shelf:"upper left"']
    expect(page.locator("#box")).to_have_value("cat ")
    expect(page.locator(".chip.filter")).to_contain_text("upper left")


def test_dragging_over_dates_filters_by_them(visit: Visit) -> None:
    page = visit()
    bars = page.locator(".bars")
    bars.wait_for()
    assert page.locator(".bars g rect").count() > 3
    drag(page, bars, (0.02, 0.5), (0.3, 0.5))
    settled(page)
    (condition,) = where(page)
    assert condition.startswith("date:2015")
    assert 0 < len(names(page)) < 18
    expect(page.locator(".chip.filter")).to_contain_text("date")
    page.get_by_label("From this date").fill("2016")
    page.get_by_label("To this date").fill("2016")
    page.get_by_role("button", name="Set").click()
    settled(page)
    assert where(page) == ["date:2016..2016"]
    assert len(names(page)) == 4


def test_dragging_a_rectangle_on_the_map_filters_by_place(visit: Visit) -> None:
    page = visit()
    world = page.locator(".world")
    world.wait_for()
    assert page.locator(".dots circle").count() >= 4
    expect(page.locator(".land")).to_have_attribute("d", pytest.importorskip("re").compile("^M"))
    box, dots = world.bounding_box(), []
    assert box is not None
    for circle in page.locator(".dots circle").all():
        spot = circle.bounding_box()
        assert spot is not None
        dots.append((spot["x"] + spot["width"] / 2 - box["x"], spot["y"] + spot["height"] / 2 - box["y"]))
    south = [dot for dot in dots if dot[1] > 0.6 * box["height"]]
    assert 0 < len(south) < len(dots)
    drag(page, world, (0.0, 0.6), (0.999, 0.999))
    settled(page)
    (condition,) = where(page)
    assert condition.startswith("latitude:")
    found = len(names(page))
    assert 0 < found < 18
    page.get_by_role("button", name="Whole world").click()
    settled(page)
    assert where(page) == []


def test_kinds_are_chosen_with_a_click(visit: Visit) -> None:
    page = visit()
    page.get_by_role("button", name="Texts").click()
    settled(page)
    expect(page.locator("#count")).to_have_text("36 pass the filters")
    assert all(name.endswith(".txt") for name in names(page))


def test_filters_that_nothing_passes_offer_a_way_out(visit: Visit) -> None:
    page = visit("/?where=place:Lisbon&where=place:Paris")
    expect(page.locator("#empty h2")).to_have_text("Nothing passes the filters")
    page.locator("#empty").get_by_role("button", name="Without the filters").click()
    settled(page)
    assert where(page) == []


def test_an_index_without_dates_and_places_shows_neither(visit: Visit, many: str) -> None:
    page = visit(at=many)
    settled(page)
    page.wait_for_timeout(600)
    expect(page.locator(".dates")).to_have_count(0)
    expect(page.locator(".places")).to_have_count(0)


def test_bars_of_dates_are_chosen_by_keyboard(visit: Visit) -> None:
    page = visit()
    bars = page.locator(".bars")
    bars.wait_for()
    for _ in range(40):
        page.keyboard.press("Tab")
        if bars.evaluate("one => one === document.activeElement"):
            break
    expect(bars).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(bars).to_have_attribute("aria-valuetext", re.compile(r"2015 – .*: \d+ items?$"))
    page.keyboard.press("Enter")
    settled(page)
    (condition,) = where(page)
    assert condition.startswith("date:2015")
    assert 0 < len(names(page)) < 18
    expect(bars).to_be_focused()


def test_a_rectangle_on_the_map_is_moved_by_keyboard(visit: Visit) -> None:
    page = visit()
    world = page.locator(".world")
    world.wait_for()
    world.focus()
    for _ in range(30):
        page.keyboard.press("ArrowDown")
    for _ in range(30):
        page.keyboard.press("ArrowLeft")
    for _ in range(30):
        page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".places .chart-said")).to_have_text(re.compile(r": [1-9]\d* items?$"))
    page.keyboard.press("Enter")
    settled(page)
    (condition,) = where(page)
    assert condition.startswith("latitude:")
    assert 0 < len(names(page)) < 18
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Escape")  # drops the rectangle, and nothing else
    expect(page.locator(".world .chosen")).to_have_attribute("width", "0")
    expect(world).to_be_focused()
