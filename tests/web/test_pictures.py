"""Pictures as queries: chosen, dropped, pasted, with words beside them."""

from __future__ import annotations

import base64
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.web.conftest import Visit, names, settled, until

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: make test-web")
expect, Error = playwright.expect, playwright.Error
MOTORCYCLE = "photo-13.png"
# A file as it comes out of a drag or the clipboard, made in the page.
_GIVEN = """([data, type, event]) => {
  const bytes = Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], 'picture', { type }));
  const options = { bubbles: true, cancelable: true };
  if (event === 'paste') window.dispatchEvent(new ClipboardEvent('paste', { ...options, clipboardData: transfer }));
  else window.dispatchEvent(new DragEvent(event, { ...options, dataTransfer: transfer }));
}"""


def give(page: Page, file: Path, event: str, kind: str = "image/png") -> None:
    page.evaluate(_GIVEN, [base64.b64encode(file.read_bytes()).decode(), kind, event])


def searched(page: Page) -> list[str]:
    until(page, "new URL(location).searchParams.has('picture')")
    expect(page.locator(".given img")).to_be_visible()
    return names(page)


def test_a_dropped_picture_finds_the_other_picture_of_its_scene(visit: Visit, photographs: Path) -> None:
    page = visit()
    settled(page)
    give(page, photographs / "motorcycle_right.png", "dragenter")
    expect(page.locator("#drop")).to_be_visible()
    give(page, photographs / "motorcycle_right.png", "drop")
    assert searched(page)[0] == MOTORCYCLE
    expect(page.locator("#drop")).to_be_hidden()


def test_a_pasted_picture_is_searched_by(visit: Visit, photographs: Path) -> None:
    page = visit("/?q=")
    settled(page)
    give(page, photographs / "motorcycle_right.png", "paste")
    assert searched(page)[0] == MOTORCYCLE


def test_a_chosen_picture_and_words_go_together(visit: Visit, photographs: Path) -> None:
    page = visit()
    settled(page)
    page.locator("#file").set_input_files(photographs / "motorcycle_right.png")
    assert searched(page)[0] == MOTORCYCLE
    page.locator("#box").fill("what should I check before a ride?")
    until(page, "new URL(location).searchParams.has('q')")
    settled(page)
    assert "motorcycle.txt" in names(page)[:3]
    assert "picture=" in page.url
    page.get_by_role("button", name="Remove the picture").click()
    settled(page)
    assert "picture=" not in page.url


def test_what_is_no_picture_is_refused_in_words(visit: Visit, tmp_path: Path) -> None:
    page = visit()
    settled(page)
    text = tmp_path / "note.txt"
    text.write_text("no picture")
    give(page, text, "drop", "text/plain")
    expect(page.locator("#toast")).to_contain_text("no picture")
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n but no more")
    give(page, broken, "drop")
    expect(page.locator("#toast")).not_to_contain_text("no picture")
    expect(page.locator("#toast")).to_be_visible()
    assert "picture=" not in page.url


def test_a_picture_that_is_no_longer_kept_is_said_so(visit: Visit) -> None:
    page = visit(f"/?picture={'0' * 32}")
    expect(page.locator("#toast")).to_contain_text("drop it once more")
    until(page, "!location.search")
    assert names(page)


def test_of_two_pictures_the_later_is_searched_by_whichever_arrives_first(
    visit: Visit, photographs: Path
) -> None:
    page = visit()
    settled(page)
    held: list[Route] = []
    page.route("**/api/v1/pictures", lambda route: route.continue_() if held else held.append(route))
    give(page, photographs / "coffee.png", "drop")
    until_held(page, held)
    give(page, photographs / "chelsea.png", "drop")
    found = searched(page)
    address = page.url
    expect(page.locator(".given.waiting")).to_have_count(0)
    with page.expect_response("**/api/v1/pictures"):
        held[0].continue_()
    page.wait_for_timeout(200)
    assert (page.url, names(page)) == (address, found)


def test_what_is_gone_takes_nothing_newer_with_it(visit: Visit, photographs: Path) -> None:
    page = visit()
    settled(page)
    held: list[Route] = []

    page.route(
        "**/api/v1/search",
        lambda route: (
            held.append(route) if "pictures" in (route.request.post_data or "") else route.continue_()
        ),
    )
    page.evaluate(
        "history.pushState({}, '', '/?picture=' + '0'.repeat(32)); dispatchEvent(new PopStateEvent('popstate'))"
    )
    until_held(page, held)
    give(page, photographs / "chelsea.png", "drop")
    until(page, "location.search.includes('picture=') && !location.search.includes('0'.repeat(32))")
    older = [route for route in held if "0" * 32 in (route.request.post_data or "")]
    with page.expect_response(lambda answer: answer.status == 410):
        for route in older:
            route.continue_()
    page.wait_for_timeout(200)
    assert "picture=" in page.url
    page.unroute("**/api/v1/search")
    for route in held:
        with suppress(Error):  # what was given up meanwhile, or went on by itself
            route.continue_()
    assert searched(page)
    assert not page.locator("#toast", has_text="no longer kept").is_visible(), page.locator(
        "#toast"
    ).inner_text()


def until_held(page: Page, held: list[Route]) -> None:
    for _ in range(500):
        if held:
            return
        page.wait_for_timeout(10)
    pytest.fail("nothing was asked for")
