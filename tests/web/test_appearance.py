"""What it looks like: rules of accessibility, two themes, a phone, no jumps."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.web.conftest import AXE, Visit, names, settled, until, violations

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect = pytest.importorskip("playwright.sync_api", reason="no playwright: make test-web").expect


def listing(page: Page) -> None:
    page.locator(".facet-value").first.wait_for(state="attached")


def results(page: Page) -> None:
    page.goto(f"{page.url.split('?')[0]}?q=green+tea&where=width>0+OR+path:**")
    settled(page)


def nothing(page: Page) -> None:
    page.goto(f"{page.url.split('?')[0]}?q=penguins+in+Antarctica")
    page.locator("#empty h2").wait_for()


def hit(page: Page) -> None:
    page.goto(f"{page.url.split('?')[0]}?q=a+tabby+cat&kind=image")
    settled(page)
    page.locator("#grid .hit").first.click()
    page.locator(".why:not(.waiting)").wait_for()
    page.locator(".why summary").click()
    page.locator(".alike button").first.wait_for()


def text(page: Page) -> None:
    page.goto(f"{page.url.split('?')[0]}?q=green+tea&kind=text")
    settled(page)
    page.locator("#grid .hit").first.click()
    page.locator(".reading mark").first.wait_for()


def keys(page: Page) -> None:
    page.get_by_role("button", name="Keys (?)").click()


def chosen(page: Page) -> None:
    page.goto(f"{page.url.split('?')[0]}?kind=image&sort=path")
    settled(page)
    page.locator("#grid .hit").nth(1).focus()
    page.keyboard.press("x")
    page.keyboard.press("+")
    settled(page)


def filters(page: Page) -> None:
    listing(page)
    if page.locator("#filters").is_visible():
        page.locator("#filters").click()
    page.locator(".facet-value").first.click()
    settled(page)
    page.locator(".facet-value[aria-pressed=true]").first.wait_for()


STATES = (listing, results, nothing, hit, text, keys, chosen, filters)


@pytest.mark.skipif(not AXE.exists(), reason="no axe.min.js in tests/web: make test-web fetches it")
@pytest.mark.parametrize("phone", [False, True], ids=["wide", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES, ids=lambda one: one.__name__)
def test_no_rule_of_accessibility_is_violated(
    visit: Visit, state: Callable[[Page], None], theme: str, phone: bool
) -> None:
    page = visit(color_scheme=theme, phone=phone)
    settled(page)
    state(page)
    assert violations(page) == []


def test_a_phone_shows_all_in_its_width(visit: Visit) -> None:
    page = visit("/?q=green+tea", phone=True)
    settled(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#grid .hit").first.tap()
    page.locator(".why:not(.waiting)").wait_for()
    assert page.evaluate("document.getElementById('panel').scrollWidth <= innerWidth")


def test_filters_lie_over_a_phone_and_go_away_again(visit: Visit) -> None:
    page = visit("/", phone=True)
    settled(page)
    expect(page.locator("#side")).to_be_hidden()
    page.locator("#filters").click()
    expect(page.locator("#side")).to_be_visible()
    assert page.evaluate("document.getElementById('main').inert")
    page.locator("#side").get_by_role("button", name="Lisbon 5").click()
    settled(page)
    page.get_by_role("button", name="Close the filters").click()
    expect(page.locator("#side")).to_be_hidden()
    assert len(names(page)) == 5


def test_ways_in_for_those_who_do_not_know_what_is_there(visit: Visit) -> None:
    page = visit("/", phone=True)
    page.locator("#ways button").first.click()
    settled(page)
    assert "where=" in page.url


def test_the_theme_follows_the_system_until_one_is_chosen(visit: Visit) -> None:
    page = visit(color_scheme="dark")
    settled(page)
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    button = page.locator("#tools").get_by_role("button", name=re.compile("Colors"))
    button.click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
    button.click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    page.reload()
    settled(page)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark


def test_nothing_moves_while_pictures_load(visit: Visit) -> None:
    page = visit("/?kind=image")
    page.evaluate(
        "window.moved = 0; new PerformanceObserver((list) => list.getEntries().forEach((one) => {"
        " if (!one.hadRecentInput) window.moved += one.value; })).observe({ type: 'layout-shift', buffered: true })"
    )
    settled(page)
    until(page, "[...document.images].every((one) => one.complete)")
    page.locator(".bars").wait_for()
    assert page.evaluate("window.moved") < 0.02


def test_motion_is_left_out_for_those_who_ask_for_it(visit: Visit) -> None:
    page = visit("/?kind=image", reduced_motion="reduce")
    settled(page)
    assert (
        page.locator(".frame img").first.evaluate("one => getComputedStyle(one).transitionDuration") == "0s"
    )
    moving = visit("/?kind=image", reduced_motion="no-preference")
    settled(moving)
    assert (
        moving.locator(".frame img").first.evaluate("one => getComputedStyle(one).transitionDuration") != "0s"
    )
