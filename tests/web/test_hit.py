"""A hit by itself: why it was found, its neighbors, its fields, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.web.conftest import Visit, names, settled

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect = pytest.importorskip("playwright.sync_api", reason="no playwright: make test-web").expect


def opened(page: Page, place: int = 0) -> None:
    settled(page)
    page.locator("#grid .hit").nth(place).click()
    expect(page.locator("#panel")).to_be_visible()


def figure(text: str) -> float:
    return float(text.replace("−", "-").strip("=+ "))


def test_the_bars_add_up_to_the_score(visit: Visit) -> None:
    page = visit("/?q=green+tea+-coffee")
    opened(page)
    why = page.locator(".why:not(.waiting)")
    why.wait_for()
    parts = [figure(text) for text in why.locator("li:not(.sum) .why-figure").all_inner_texts()]
    total = figure(why.locator(".sum .why-figure").inner_text())
    assert len(parts) >= 2
    assert abs(sum(parts) - total) <= 0.001 * len(parts)
    ends = [
        bar.evaluate("one => [parseFloat(one.style.left), parseFloat(one.style.width)]")
        for bar in why.locator("li.gain .why-bar").all()
    ]
    at = 0.0
    for left, width in ends:  # each begins where the one before it ends
        assert abs(left - at) < 0.1
        at = left + width
    assert abs(at - 100) < 0.1


def test_neighbors_by_arrow_and_filmstrip_and_back_to_the_same_tile(visit: Visit) -> None:
    page = visit("/?q=a+cup+of+coffee")
    order = names(page)
    opened(page)
    expect(page.locator(".about-title")).to_have_text(order[0])
    page.keyboard.press("ArrowRight")
    expect(page.locator(".about-title")).to_have_text(order[1])
    page.locator(".strip button").nth(2).click()
    expect(page.locator(".about-title")).to_have_text(order[2])
    expect(page.locator(".place")).to_contain_text("3 of")
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.locator("#grid .hit").nth(2)).to_be_focused()
    assert "hit=" not in page.url


def test_a_field_that_is_clicked_filters_by_one(visit: Visit) -> None:
    page = visit("/?q=a+tabby+cat&kind=image")
    opened(page)
    page.locator("dd").get_by_role("button", name="Lima").click()
    settled(page)
    expect(page.locator("#panel")).to_be_hidden()
    assert parse_qs(urlsplit(page.url).query)["where"] == ["place:Lima"]


def test_a_folder_that_is_clicked_filters_by_it(visit: Visit) -> None:
    page = visit("/?q=green+tea")
    opened(page)
    page.locator(".crumbs").get_by_role("button", name="kitchen").click()
    settled(page)
    assert parse_qs(urlsplit(page.url).query)["where"] == ['path:"texts/kitchen/**"']
    assert 0 < len(names(page)) < 8


def test_a_picture_is_drawn_nearer_by_wheel_key_and_double_click(visit: Visit) -> None:
    page = visit("/?q=a+tabby+cat&kind=image")
    opened(page)
    image = page.locator(".media img")
    expect(image).to_be_visible()

    def scaled() -> bool:
        return "scale" in image.evaluate("one => one.style.transform")

    assert not scaled()
    page.keyboard.press("z")
    assert scaled()
    page.keyboard.press("Z")
    assert not scaled()
    image.dblclick()
    assert scaled()
    image.dblclick()
    image.hover()
    page.mouse.wheel(0, -400)
    assert scaled()


def test_similar_items_lead_on(visit: Visit) -> None:
    page = visit("/?q=a+cup+of+coffee&kind=image")
    opened(page)
    first = page.locator(".about-title").inner_text()
    page.locator(".alike button").first.click()
    expect(page.locator(".about-title")).not_to_have_text(first)
    page.go_back()
    expect(page.locator(".about-title")).to_have_text(first)


def test_the_file_can_be_downloaded_and_its_path_copied(visit: Visit) -> None:
    page = visit("/?q=a+tabby+cat&kind=image", permissions=["clipboard-read", "clipboard-write"])
    opened(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "photo-04.png"
    page.get_by_role("button", name="Copy path").click()
    expect(page.locator("#toast")).to_have_text("The path is copied")
    assert page.evaluate("navigator.clipboard.readText()").endswith("archive/photos/photo-04.png")


def test_a_text_is_read_whole_with_the_found_words_marked(visit: Visit) -> None:
    page = visit("/?q=green+tea&kind=text")
    opened(page)
    reading = page.locator(".reading")
    expect(reading).to_contain_text("steep the leaves")
    assert [mark.lower() for mark in reading.locator("mark").all_inner_texts()] == ["green", "tea"]


def test_an_address_with_a_hit_opens_it(visit: Visit) -> None:
    page = visit("/?q=a+cup+of+coffee")
    opened(page)
    title = page.locator(".about-title").inner_text()
    again = visit(page.url[page.url.index("/", 8) :])
    expect(again.locator("#panel")).to_be_visible()
    expect(again.locator(".about-title")).to_have_text(title)
