"""The address, back and forward, and everything by keyboard alone."""

from __future__ import annotations

import pytest

from tests.web.conftest import Visit, names, search, settled, until

expect = pytest.importorskip("playwright.sync_api", reason="no playwright: make test-web").expect


def test_back_and_forward_go_through_what_was_looked_for(visit: Visit) -> None:
    page = visit()
    search(page, "a tabby cat")
    page.locator("#box").press("Enter")
    page.locator("#box").fill("")
    search(page, "a cup of coffee")
    coffee = names(page)
    page.go_back()
    settled(page)
    expect(page.locator("#box")).to_have_value("a tabby cat")
    assert "photo-04.png" in names(page)[:3]
    page.go_forward()
    settled(page)
    assert names(page) == coffee


def test_words_that_are_typed_make_one_step_of_history(visit: Visit) -> None:
    page = visit()
    settled(page)
    before = page.evaluate("history.length")
    search(page, "a tabby cat")
    assert page.evaluate("history.length") == before + 1


def test_back_returns_to_where_one_was(visit: Visit, many: str) -> None:
    page = visit("/?sort=path", at=many)
    settled(page)
    for _ in range(6):
        page.mouse.wheel(0, 500)
        page.wait_for_timeout(80)
    y = page.evaluate("scrollY")
    assert y > 1500
    page.keyboard.type("red")
    until(page, "new URL(location).searchParams.get('q') === 'red'")
    settled(page)
    assert page.evaluate("scrollY") == 0
    page.go_back()
    settled(page)
    until(page, "y => Math.abs(scrollY - y) < 3", y)


def test_the_address_holds_everything(visit: Visit) -> None:
    page = visit("/?q=a+photograph&kind=image&where=place:Lisbon&where=date:2015..2017&sort=-date")
    there = names(page)
    expect(page.locator("#box")).to_have_value("a photograph")
    expect(page.locator(".chip.filter")).to_have_count(2)
    expect(page.get_by_label("Sorted by")).to_have_value("-date")
    expect(page.get_by_role("button", name="Pictures")).to_have_attribute("aria-pressed", "true")
    again = visit(page.url[page.url.index("/", 8) :])
    assert names(again) == there


def test_the_keyboard_alone_does_everything(visit: Visit) -> None:
    page = visit("/?kind=image&sort=path")
    order = names(page)
    keys = page.keyboard
    keys.press("Escape")
    keys.press("/")
    expect(page.locator("#box")).to_be_focused()
    keys.press("ArrowDown")
    links = page.locator("#grid .hit")
    expect(links.nth(0)).to_be_focused()
    keys.press("l")
    expect(links.nth(1)).to_be_focused()
    keys.press("j")
    keys.press("k")
    expect(links.nth(1)).to_be_focused()
    keys.press("ArrowLeft")
    expect(links.nth(0)).to_be_focused()
    keys.press("x")
    expect(page.locator("#selection")).to_contain_text("1 item selected")
    keys.press("Escape")
    keys.press("Enter")
    expect(page.locator("#panel")).to_be_visible()
    expect(page.locator(".about-title")).to_have_text(order[0])
    keys.press("ArrowRight")
    expect(page.locator(".about-title")).to_have_text(order[1])
    keys.press("Escape")
    expect(links.nth(1)).to_be_focused()
    keys.press("+")
    settled(page)
    expect(page.locator(".chip.more")).to_contain_text(order[1])
    keys.press("Control+k")
    expect(page.locator("#box")).to_be_focused()
    keys.press("Escape")
    keys.press("?")
    expect(page.locator("#help")).to_be_visible()
    keys.press("Escape")
    expect(page.locator("#help")).to_be_hidden()


def test_up_from_the_first_row_leads_to_the_box(visit: Visit) -> None:
    page = visit("/?kind=image&sort=path")
    settled(page)
    page.locator("#grid .hit").first.focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#box")).to_be_focused()


def test_focus_stays_when_results_come_again(visit: Visit) -> None:
    page = visit("/?kind=image&sort=path")
    settled(page)
    page.get_by_role("button", name="Texts").focus()
    page.keyboard.press("Enter")
    settled(page)
    assert page.evaluate("document.activeElement !== document.body")


def test_a_picture_is_flicked_to_the_next_and_down_to_close(visit: Visit) -> None:
    page = visit("/?kind=image&sort=path", phone=True)
    order = names(page)
    page.locator("#grid .hit").first.tap()
    expect(page.locator(".about-title")).to_have_text(order[0])
    flick = """([dx, dy]) => {
      const stage = document.querySelector('.stage');
      const at = (type, x, y) => stage.dispatchEvent(new PointerEvent(type,
        { bubbles: true, pointerId: 7, pointerType: 'touch', clientX: x, clientY: y }));
      at('pointerdown', 200, 200);
      for (let n = 1; n <= 5; n += 1) at('pointermove', 200 + dx * n / 5, 200 + dy * n / 5);
      at('pointerup', 200 + dx, 200 + dy);
    }"""
    page.evaluate(flick, [-120, 4])
    expect(page.locator(".about-title")).to_have_text(order[1])
    page.evaluate(flick, [120, 4])
    expect(page.locator(".about-title")).to_have_text(order[0])
    page.evaluate(flick, [5, 160])
    expect(page.locator("#panel")).to_be_hidden()
