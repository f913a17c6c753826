"""The page in a real browser, before a real service of a real small index. ``make test-web`` runs these."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from PIL import Image, ImageDraw

import mmsearch

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

REPOSITORY = Path(__file__).parents[2]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
AXE = Path(__file__).parent / "axe.min.js"
WIDE, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
PLACES = {
    "Lisbon": (38.72, -9.14),
    "Paris": (48.86, 2.35),
    "Nairobi": (-1.29, 36.82),
    "Lima": (-12.05, -77.04),
}


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    reason = why_not(config)
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.web)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


def violations(page: Page) -> list[tuple[str, str, str]]:
    """The rules of accessibility that ``page`` violates, by axe: the rule, what violates it, and how to mend it."""
    until(page, "[...document.images].every((one) => one.complete)")
    page.evaluate(AXE.read_text())  # a script element would be refused by the page's own policy
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        (one["id"], one["nodes"][0]["html"][:160], one["nodes"][0]["failureSummary"])
        for one in found["violations"]
    ]


def why_not(config: pytest.Config) -> str | None:
    """Why there is no browser to test with."""
    if "web" not in (config.option.markexpr or ""):
        return "tests in a browser: make test-web"
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "no playwright: make test-web installs it"
    if not Path(CHROMIUM).exists():
        return f"no browser at {CHROMIUM}: apt-get install chromium, or say where in CHROMIUM"
    return None


@contextmanager
def serving(index: Path, *options: str) -> Iterator[str]:
    """The address of a service of ``index``, in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "mmsearch", "serve", "--index", str(index), "--port", "0", *options]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        heard = ""
        for line in process.stdout:
            heard += line
            if found := re.search(r"http://[\w.\[\]:]+:\d+", line):
                yield found[0]
                return
        pytest.fail(f"mmsearch serve did not start: {heard}")
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory, demo_corpus: Path) -> Path:
    """The demo's photographs and texts, the photographs with made-up dates, places and shelves."""
    folder = tmp_path_factory.mktemp("web") / "archive"
    shutil.copytree(demo_corpus, folder)
    for number, photo in enumerate(sorted((folder / "photos").iterdir())):
        place = list(PLACES)[number % len(PLACES)]
        latitude, longitude = PLACES[place]
        fields = {
            "date": f"{2015 + number // 4}-{number % 12 + 1:02}-{number + 1:02}",
            "place": place,
            "latitude": latitude + number / 100,
            "longitude": longitude + number / 100,
            "shelf": ("upper left", "upper right", "lower")[number % 3],
        }
        photo.with_suffix(".json").write_text(json.dumps(fields))
    directory = folder.parent / "index"
    mmsearch.index(folder, directory).close()
    return directory


@pytest.fixture(scope="session")
def service(index: Path) -> Iterator[str]:
    with serving(index) as address:
        yield address


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service of 240 small pictures of all shapes, for paging."""
    folder = tmp_path_factory.mktemp("many") / "swatches"
    folder.mkdir()
    for number in range(240):
        size = (60 + 40 * (number % 5), 60 + 30 * (number % 4))
        color = (number, 255 - number, number * 37 % 256)
        picture = Image.new("RGB", size, color)
        ImageDraw.Draw(picture).text((4, 4), str(number), fill="white")
        picture.save(folder / f"swatch-{number:03}.png")
    directory = folder.parent / "index"
    mmsearch.index(folder, directory).close()
    with serving(directory) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


Visit = Callable[..., "Page"]


@pytest.fixture
def visit(browser: Browser, service: str) -> Iterator[Visit]:
    """Opens a page of the service. It fails the test when it asks another host for anything, or has an error."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_page(path: str = "/", *, at: str = service, phone: bool = False, **options: object) -> Page:
        settings = {"viewport": PHONE if phone else WIDE, "has_touch": phone, "reduced_motion": "reduce"}
        context = browser.new_context(**{**settings, **options})  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        contexts.append(context)
        page = context.new_page()
        here = urlsplit(at).netloc

        def asked(address: str) -> None:
            found = urlsplit(address)
            if found.scheme not in ("blob", "data") and found.netloc != here:
                wrong.append(f"asked {address}")

        page.on("request", lambda request: asked(request.url))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (wrong.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(at + path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong, wrong


def until(page: Page, truth: str, argument: object = None, seconds: float = 15.0) -> None:
    """Wait until an expression is true in the page. (Playwright's own way evaluates a text, which the page forbids.)"""
    deadline = time.monotonic() + seconds
    while not page.evaluate(truth, argument):
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds} s: {truth} ({argument!r}) at {page.url}")
        page.wait_for_timeout(15)


def settled(page: Page) -> None:
    """Wait until the results of what is asked stand there: the page says in <html> what it shows."""
    until(page, "document.documentElement.dataset.shown === location.pathname + location.search")


def names(page: Page) -> list[str]:
    """The names of the hits that stand in the grid, in their order."""
    settled(page)
    return page.locator("#grid .named").all_inner_texts()


def search(page: Page, text: str) -> list[str]:
    """Type ``text`` into the box as a person does; the names of what is found."""
    page.locator("#box").press_sequentially(text, delay=15)
    until(page, "text => new URL(location).searchParams.get('q') === text", text.strip())
    return names(page)
