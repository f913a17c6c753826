"""Words in the box: what comes, what stays until then, and what the page says when nothing matches."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.web.conftest import Visit, names, search, settled, until

if TYPE_CHECKING:
    from playwright.sync_api import Route

driver = pytest.importorskip("playwright.sync_api", reason="no playwright: make test-web")
expect, Error = driver.expect, driver.Error
CAT, COFFEE = "photo-04.png", "photo-05.png"


def test_the_box_is_focused_and_words_find_a_picture_without_enter(visit: Visit) -> None:
    page = visit()
    expect(page.locator("#box")).to_be_focused()
    assert CAT in search(page, "a tabby cat")[:3]
    assert page.title().startswith("a tabby cat · ")


def test_an_empty_box_lists_the_collection(visit: Visit) -> None:
    page = visit()
    assert len(names(page)) >= 20
    expect(page.locator("#count")).to_have_text("54 items")


def test_old_results_stay_until_new_ones_are_there(visit: Visit) -> None:
    page = visit("/?q=a+cup+of+coffee")
    before = names(page)
    held: list[Route] = []
    page.route("**/api/v1/search", lambda route: held.append(route))
    page.locator("#box").fill("a tabby cat")
    until(page, "new URL(location).searchParams.get('q') === 'a tabby cat'")
    expect(page.locator("#busy")).to_be_visible()
    assert page.locator("#grid .named").all_inner_texts() == before
    page.unroute("**/api/v1/search")
    for route in held:
        with suppress(Error):  # the browser may have let it go on by itself
            route.continue_()
    assert CAT in names(page)[:3]


def test_a_late_answer_to_an_older_keystroke_replaces_nothing(visit: Visit) -> None:
    page = visit("/?kind=image")
    settled(page)
    held: list[Route] = []

    def hold(route: Route) -> None:
        asked = json.loads(route.request.post_data or "{}")
        if asked.get("text") == "a tabby cat" and asked.get("k", 0) > 1:
            held.append(route)
        else:
            route.continue_()

    page.route("**/api/v1/search", hold)
    page.locator("#box").fill("a tabby cat")
    until(page, "new URL(location).searchParams.get('q') === 'a tabby cat'")
    page.locator("#box").fill("a cup of coffee")
    until(page, "new URL(location).searchParams.get('q') === 'a cup of coffee'")
    assert COFFEE in names(page)[:3]
    assert len(held) == 1
    with suppress(Error):  # the page may have given it up, which is as good
        held[0].continue_()
    page.wait_for_timeout(300)
    assert COFFEE in names(page)[:3]


def test_what_differs_in_kind_stands_under_headings_and_a_line_ends_certainty(visit: Visit) -> None:
    page = visit("/?q=green+tea")
    settled(page)
    headings = page.locator(".heading").all_inner_texts()
    assert headings[:2] == ["Says it", "Looks like it"]
    assert headings[-1] == "Below this, chance would find as good"
    assert page.locator(".section.says .named").first.inner_text() == "tea.txt"
    assert page.locator(".section.guess .tile:not(.guess)").count() == 0
    assert page.locator(".section:not(.guess) .tile.guess").count() == 0


def test_found_words_are_marked(visit: Visit) -> None:
    page = visit("/?q=green+tea&kind=text")
    settled(page)
    marks = page.locator(".tile").first.locator("mark").all_inner_texts()
    assert [mark.lower() for mark in marks] == ["green", "tea"]


def test_nothing_matches_is_said_and_guesses_come_on_request(visit: Visit) -> None:
    page = visit()
    page.locator("#box").fill("penguins in Antarctica")
    until(page, "new URL(location).searchParams.has('q')")
    settled(page)
    expect(page.locator("#empty h2")).to_have_text("Nothing here matches")
    expect(page.locator(".tile")).to_have_count(0)
    expect(page.locator("#notes")).to_contain_text("Antarctica")
    page.get_by_role("button", name="Show the best guesses").click()
    settled(page)
    expect(page.locator(".heading").first).to_have_text("Below this, chance would find as good")
    assert page.locator(".tile.guess").count() > 3


def test_a_query_that_cannot_be_read_says_why_and_keeps_the_results(visit: Visit) -> None:
    page = visit("/?q=a+cup+of+coffee")
    before = names(page)
    page.locator("#box").fill('coffee "cup')
    page.locator("#box").press("Enter")
    expect(page.locator("#problem")).to_be_visible()
    expect(page.locator("#problem")).not_to_be_empty()
    assert page.locator("#grid .hit").count() >= len(before) // 2
    page.locator("#box").fill("coffee")
    expect(page.locator("#problem")).to_be_hidden()


def test_sorting_acts_at_once(visit: Visit) -> None:
    page = visit("/?kind=image")
    settled(page)
    page.get_by_label("Sorted by").select_option(label="Newest")
    newest = names(page)
    assert newest[0] == "photo-18.png"
    page.get_by_role("button", name="Descending: turn around").click()
    assert names(page)[0] == "photo-01.png"


def test_the_count_is_said_to_those_who_listen(visit: Visit) -> None:
    page = visit("/?q=a+tabby+cat")
    expect(page.locator("#said")).to_contain_text("match")


def test_endless_paging_shows_every_hit_once_and_keeps_few_elements(visit: Visit, many: str) -> None:
    page = visit("/?sort=path", at=many)
    settled(page)
    seen: set[str] = set()
    most = 0
    for _ in range(80):
        seen.update(names(page))
        most = max(most, page.locator("#grid .hit").count())
        if page.evaluate("innerHeight + scrollY >= document.body.scrollHeight - 2") and len(seen) >= 240:
            break
        page.mouse.wheel(0, 500)
        page.wait_for_timeout(60)
    assert len(seen) == 240
    assert most < 200
    expect(page.locator("#end")).to_have_text("That is all.")


def test_a_service_that_is_busy_is_asked_again(visit: Visit) -> None:
    page = visit()
    settled(page)
    refused: list[str] = []

    def busy(route: Route) -> None:
        if len(refused) < 2:
            refused.append(route.request.url)
            route.fulfill(status=503, headers={"Retry-After": "1"}, json={"detail": "too many are waiting"})
        else:
            route.fallback()

    page.route("**/api/v1/search", busy)
    found = search(page, "a tabby cat")
    assert len(refused) == 2
    assert found
    assert page.locator("#problem").is_hidden()


def test_rows_fill_the_width_and_keep_true_shapes(visit: Visit, many: str) -> None:
    page = visit("/?sort=path", at=many)
    settled(page)
    boxes = page.locator("#grid .tile").evaluate_all(
        "all => all.map((one) => { const b = one.getBoundingClientRect();"
        " const i = one.querySelector('img'); return [b.top, b.left, b.width, b.height, i.width / i.height,"
        " i.getAttribute('width') / i.getAttribute('height')]; })"
    )
    width = page.locator("#grid").bounding_box()
    assert width is not None
    rows: dict[int, list[list[float]]] = {}
    for box in boxes:
        rows.setdefault(round(box[0]), []).append(box)
    complete = [row for _, row in sorted(rows.items())][:-1]
    assert len(complete) >= 3
    for row in complete:
        end = max(box[1] + box[2] for box in row)
        assert abs(end - (width["x"] + width["width"])) < 1.5
    assert all(abs(box[2] / box[3] - box[5]) < 0.02 for box in boxes if 0.42 <= box[5] <= 3.4)


def test_a_new_file_in_the_index_shows_without_a_reload(
    visit: Visit, browser: object, tmp_path: object
) -> None:
    from pathlib import Path

    from PIL import Image

    import mmsearch
    from tests.web.conftest import serving

    folder = Path(str(tmp_path)) / "corpus"
    folder.mkdir()
    Image.new("RGB", (90, 60), "red").save(folder / "one.png")
    directory = Path(str(tmp_path)) / "index"
    mmsearch.index(folder, directory).close()
    with serving(directory) as address:
        page = visit("/", at=address)
        assert names(page) == ["one.png"]
        Image.new("RGB", (60, 60), "blue").save(folder / "two.png")
        mmsearch.index(folder, directory).close()
        expect(page.locator("#grid .hit")).to_have_count(2)
        page.close()
