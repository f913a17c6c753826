"""More like this, less like this, and several at once."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.web.conftest import Visit, names, settled

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect = pytest.importorskip("playwright.sync_api", reason="no playwright: make test-web").expect


def test_more_like_this_recommends_and_can_be_undone(visit: Visit) -> None:
    page = visit("/?kind=image")
    settled(page)
    page.get_by_role("link", name="photo-04.png").click()
    page.get_by_role("button", name="More like this").click()
    expect(page.locator("#panel")).to_be_hidden()
    settled(page)
    chip = page.locator(".chip.more")
    expect(chip).to_contain_text("photo-04.png")
    assert "photo-04.png" not in names(page)
    expect(page.locator("#count")).to_contain_text("most alike first")
    chip.get_by_role("button").click()
    settled(page)
    assert "like=" not in page.url
    assert "photo-04.png" in names(page)


def test_plus_and_minus_steer_a_search_by_words(visit: Visit) -> None:
    page = visit("/?q=something+round&kind=image")
    before = names(page)
    page.locator("#grid .hit").first.focus()
    page.keyboard.press("-")
    settled(page)
    expect(page.locator(".chip.less")).to_contain_text(before[0])
    after = names(page)
    assert after[0] != before[0]
    assert "q=something+round" in page.url
    page.go_back()
    settled(page)
    assert names(page) == before


def test_less_like_this_alone_waits_for_something_to_look_for(visit: Visit) -> None:
    page = visit("/?kind=image")
    settled(page)
    page.locator("#grid .hit").first.focus()
    page.keyboard.press("-")
    settled(page)
    expect(page.locator("#toast")).to_contain_text("once something is looked for")
    assert len(names(page)) == 18


def choose(page: Page) -> None:
    """Select the second to the fourth picture."""
    settled(page)
    page.locator("#grid .hit").nth(1).focus()
    page.keyboard.press("Space")
    page.locator("#grid .hit").nth(3).click(modifiers=["Shift"])
    expect(page.locator("#selection")).to_contain_text("3 items selected")


def saved(page: Page, button: str) -> bytes:
    with page.expect_download() as download:
        page.locator("#selection").get_by_role("button", name=button).click()
    return Path(download.value.path()).read_bytes()


def test_several_are_selected_and_exported_as_lists_and_files(visit: Visit) -> None:
    page = visit("/?kind=image&sort=path")
    choose(page)
    listed = json.loads(saved(page, "List (JSON)"))
    assert "photo-02.png" in json.dumps(listed)
    rows = list(csv.reader(io.StringIO(saved(page, "List (CSV)").decode())))
    assert len(rows) == 4
    with zipfile.ZipFile(io.BytesIO(saved(page, "Files (ZIP)"))) as archive:
        found = {Path(name).name for name in archive.namelist()}
    assert {"photo-02.png", "photo-03.png", "photo-04.png"} <= found


def test_x_takes_back_and_escape_clears(visit: Visit) -> None:
    page = visit("/?kind=image&sort=path")
    choose(page)
    page.locator("#grid .hit").nth(3).focus()
    page.keyboard.press("x")
    expect(page.locator("#selection")).to_contain_text("2 items selected")
    page.keyboard.press("Escape")
    expect(page.locator("#selection")).to_be_hidden()


def test_more_like_the_selected(visit: Visit) -> None:
    page = visit("/?kind=image&sort=path")
    choose(page)
    page.locator("#selection").get_by_role("button", name="More like these").click()
    settled(page)
    expect(page.locator(".chip.more")).to_have_count(3)
    expect(page.locator("#selection")).to_be_hidden()


def test_a_finger_that_rests_on_a_picture_selects_it(visit: Visit) -> None:
    page = visit("/?kind=image&sort=path", phone=True)
    settled(page)
    page.evaluate(
        "() => { const hit = document.querySelector('#grid .hit');"
        " const at = (type) => hit.dispatchEvent(new PointerEvent(type, { bubbles: true, pointerType: 'touch' }));"
        " at('pointerdown'); setTimeout(() => { at('pointerup'); hit.click(); }, 600); }"
    )
    expect(page.locator("#selection")).to_contain_text("1 item selected")
    page.wait_for_timeout(300)
    expect(page.locator("#panel")).to_be_hidden()
