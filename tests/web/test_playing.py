"""Recordings and films are played where they were found, and pages of documents named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mmsearch
from tests.unit.media.sound.sample_sounds import noise, written
from tests.web.conftest import AXE, Visit, names, serving, settled, until, violations

pytest.importorskip("av", reason="sounds are read by the sound extra")
pytest.importorskip("pypdfium2", reason="PDF files come with the extra documents")
from benchmarks.shared import made_documents as made
from benchmarks.shared.filming import Shot, write_film

expect = pytest.importorskip("playwright.sync_api", reason="no playwright: make test-web").expect

SRT = "1\n00:00:04,000 --> 00:00:06,000\nThe lighthouse keeper counts gulls.\n"


@pytest.fixture(scope="module")
def cinema(tmp_path_factory: pytest.TempPathFactory, photographs: Path) -> Iterator[str]:
    """A service of a film with subtitles, a recording, and a PDF file."""
    folder = tmp_path_factory.mktemp("cinema") / "corpus"
    folder.mkdir()
    coffee, rocket = (
        np.asarray(Image.open(photographs / name).convert("RGB")) for name in ("coffee.png", "rocket.jpg")
    )
    # VP8: what every Chromium plays
    shots = [Shot(coffee, 3.0, moving=False), Shot(rocket, 4.0)]
    write_film(folder / "harbour.webm", shots, codec="libvpx", options={"deadline": "realtime"})
    (folder / "harbour.srt").write_text(SRT, encoding="utf-8")
    (folder / "hiss.wav").write_bytes(written(noise(4.0)))
    pages = [["Nothing to see here."], ["Marmalade is boiled for an hour."]]
    (folder / "recipes.pdf").write_bytes(made.pdf(pages))
    mmsearch.index(folder, folder.parent / "index").close()
    with serving(folder.parent / "index") as address:
        yield address


def test_a_film_opens_at_the_second_where_it_was_found(visit: Visit, cinema: str) -> None:
    page = visit("/?q=lighthouse+keeper+gulls", at=cinema)
    assert names(page)[0] == "harbour.webm"
    first = page.locator("#grid .tile").first
    expect(first.locator(".part")).to_contain_text("0:04")
    first.locator(".hit").click()
    film = page.locator(".media video")
    expect(film).to_be_visible()
    until(page, "Math.abs(document.querySelector('.media video').currentTime - 4) < 0.5")
    film.evaluate("one => { one.currentTime = 1 }")  # by a range of bytes
    until(
        page,
        "(one => !one.seeking && Math.abs(one.currentTime - 1) < 0.2)(document.querySelector('.media video'))",
    )
    expect(page.locator(".crumbs .part")).to_have_text("0:04")


def test_a_recording_is_played_and_stops_with_the_panel(visit: Visit, cinema: str) -> None:
    page = visit("/?kind=audio&q=noise", at=cinema)
    settled(page)
    page.locator("#grid .hit", has_text="hiss.wav").click()
    until(page, "document.querySelector('.media audio')?.readyState >= 1")
    assert page.locator(".media audio").evaluate("one => one.duration") == pytest.approx(4.0, abs=0.2)
    page.keyboard.press("Escape")
    expect(page.locator(".media audio")).to_have_count(0)


def test_a_sound_that_is_dropped_is_searched_by(visit: Visit, cinema: str) -> None:
    page = visit("/", at=cinema)
    settled(page)
    page.locator("#file").set_input_files(
        {"name": "like.wav", "mimeType": "audio/wav", "buffer": written(noise(2.0, seed=1))}
    )
    until(page, "new URL(location).searchParams.has('sound')")
    expect(page.locator(".given .heard")).to_be_visible()
    assert "hiss.wav" in names(page)
    page.get_by_role("button", name="Remove the sound").click()
    until(page, "!new URL(location).searchParams.has('sound')")
    expect(page.locator(".given")).to_have_count(0)


def test_a_page_of_a_document_is_named_and_its_passage_in_view(visit: Visit, cinema: str) -> None:
    page = visit("/?q=marmalade", at=cinema)
    assert names(page)[0] == "recipes.pdf"
    first = page.locator("#grid .tile").first
    expect(first.locator(".part")).to_have_text("page 2")
    first.locator(".hit").click()
    expect(page.locator(".crumbs .part")).to_have_text("page 2")
    expect(page.locator(".reading .found")).to_contain_text("Marmalade is boiled")


@pytest.mark.skipif(not AXE.exists(), reason="no axe.min.js in tests/web: make test-web fetches it")
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("asked", "player"), [("/?q=lighthouse+keeper+gulls", "video"), ("/?kind=audio&q=noise", "audio")]
)
def test_a_player_violates_no_rule_of_accessibility(
    visit: Visit, cinema: str, theme: str, asked: str, player: str
) -> None:
    page = visit(asked, at=cinema, color_scheme=theme)
    settled(page)
    page.locator("#grid .hit").first.click()
    expect(page.locator(f".media {player}")).to_be_visible()
    assert violations(page) == []
