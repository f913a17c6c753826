"""A corpus that means harm: whatever stands in names, captions, fields and texts is shown, and never run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

import mmsearch
from tests.web.conftest import Visit, names, serving, settled

expect = pytest.importorskip("playwright.sync_api", reason="no playwright: make test-web").expect
SCRIPT = "<script>document.title='owned'</script>"
NAMES = (
    "<img src=x onerror=alert(1)>.png",
    "a & b \"c\" 'd'.png",
    "[x]*?.png",
    "x\u202egnp.exe.png",
    "plain.png",
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("hostile") / "<b>corpus<b>"
    (folder / "[a]*").mkdir(parents=True)
    for number, name in enumerate(NAMES):
        picture = Image.new("RGB", (200 + 40 * number, 160), (40 * number, 90, 200))
        ImageDraw.Draw(picture).ellipse((30, 30, 130, 130), fill=(255, 220, 0))
        file = folder / "[a]*" / name
        picture.save(file)
        fields = {
            "captions": [f"{SCRIPT} a yellow circle \u202e reversed"],
            "title": f"<b>bold</b> \u2066{number}\u2069",
            "creator": '"><svg onload=alert(4)>',
            "link": "javascript:alert(5)",
            'tick` "q" <i>': 'x" OR 1=1',
            "place": ["Here", "There"][number % 2],
        }
        file.with_suffix(".json").write_text(json.dumps(fields))
    (folder / "page.html").write_text(
        f"<h1>Yellow circle</h1>{SCRIPT}<p>&lt;script&gt;alert(7)&lt;/script&gt;</p>"
    )
    (folder / "text.txt").write_text(
        "A yellow circle on blue paper. <img src=https://evil.example/x.png> \u202eover\u202c and out." * 3
    )
    (folder / "shape.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg">{SCRIPT}<circle r="9"/></svg>'
    )
    directory = folder.parent / "index"
    mmsearch.index(folder, directory).close()
    with serving(directory) as address:
        yield address


def test_markup_is_shown_as_text_everywhere(visit: Visit, hostile: str) -> None:
    page = visit("/?q=yellow+circle", at=hostile)
    assert len(names(page)) == 7
    expect(page.locator("#grid")).to_contain_text("<script>")
    for place in range(7):
        page.locator("#grid .hit").nth(place).click()
        page.locator(".why:not(.waiting)").wait_for()
        page.keyboard.press("Escape")
        expect(page.locator("#panel")).to_be_hidden()
    assert page.title() != "owned"
    assert (
        page.locator("main script, aside script, dialog script, main svg [onload], main img[onerror]").count()
        == 0
    )


def test_characters_that_turn_writing_around_are_spelled_out(visit: Visit, hostile: str) -> None:
    page = visit("/?q=yellow+circle", at=hostile)
    settled(page)
    text = page.evaluate("document.body.innerText")
    assert "\\u202e" in text
    assert not any(sign in text for sign in "\u202e\u2066\u2069\x07")


def test_odd_values_and_folders_filter_by_what_they_are(visit: Visit, hostile: str) -> None:
    page = visit("/?q=yellow+circle&kind=image", at=hostile)
    settled(page)
    page.locator("#grid .hit").first.click()
    page.locator("dd").get_by_role("button", name='x" OR 1=1').click()
    settled(page)
    assert len(names(page)) == 5
    page.locator("#grid .hit").first.click()
    page.locator(".crumbs").get_by_role("button", name="[a]*").click()
    settled(page)
    assert len(names(page)) == 5
    expect(page.locator("#problem")).to_be_hidden()


def test_the_page_has_no_script_or_style_of_its_own_within(visit: Visit, service: str) -> None:
    page = visit()
    settled(page)
    assert (
        page.evaluate("document.querySelectorAll('script:not([src]), style, [style*=expression]').length")
        == 0
    )
    refused = page.evaluate(
        "() => new Promise((done) => {"
        " document.addEventListener('securitypolicyviolation', (e) => done(e.effectiveDirective));"
        " const made = document.createElement('script'); made.textContent = '1'; document.head.append(made);"
        " setTimeout(() => done('ran'), 2000); })"
    )
    assert refused.startswith("script-src")


def test_an_address_from_anybody_does_no_harm(visit: Visit) -> None:
    page = visit(
        "/?q=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E&where=%3Cb%3E:1&picture=../../x&like=abc&hit=-1&sort=<i>"
    )
    page.locator("#count, #problem").first.wait_for(state="attached")
    page.wait_for_timeout(500)
    assert page.locator("main img[onerror]").count() == 0


def test_a_service_with_a_token_asks_for_it(visit: Visit, index: Path, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-secret-of-more-than-a-few-signs-0123456789\n")
    token.chmod(0o600)
    with serving(index, "--token-file", str(token)) as address:
        page = visit("/", at=address)
        field = page.get_by_role("textbox", name="Token")
        field.fill("wrong")
        page.get_by_role("button", name="Go on").click()
        expect(page.locator(".wrong")).to_have_text("That is not it.")
        field.fill(token.read_text().strip())
        page.get_by_role("button", name="Go on").click()
        expect(page.locator("#sign-in")).to_be_hidden()
        assert len(names(page)) > 10
        page.close()
