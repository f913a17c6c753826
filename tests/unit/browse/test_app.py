"""The whole screen, driven by Textual's pilot; what must come is waited for by its state."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import mmsearch

pytest.importorskip("textual_image", reason="browsing comes with the browse extra")

from textual.widgets import Input, Static
from textual_image.widget import HalfcellImage

from mmsearch.browse.app import PAGE, Browse
from mmsearch.browse.detail import Detail
from mmsearch.browse.facets import Facets
from mmsearch.browse.grid import HitGrid
from mmsearch.browse.keys import KEYS, Keys
from tests.conftest import OBEYED

Steps = Callable[[Browse, Any], Awaitable[None]]
LONGEST = 60.0  # seconds that a state is waited for


def drive(
    library: mmsearch.Library,
    steps: Steps,
    *,
    text: str = "",
    pictures: bool = True,
    size: tuple[int, int] = (120, 36),
) -> tuple[str, ...] | None:
    """Do ``steps`` on a screen that shows the answer to ``text``; what it gave at its end."""

    async def run() -> tuple[str, ...] | None:
        app = Browse(library, HalfcellImage if pictures else None, text)
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.results is not None)
            await steps(app, pilot)
        return app.return_value

    return asyncio.run(run())


async def until(pilot: Any, holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = asyncio.get_running_loop().time() + LONGEST
    while not holds():
        assert asyncio.get_running_loop().time() < end, "it never came to be so"
        await pilot.pause(0.01)
    await pilot.pause()


def grid(app: Browse) -> HitGrid:
    return app.query_one(HitGrid)


def current(app: Browse) -> str:
    hit = grid(app).current
    assert hit is not None
    return hit.path


def told(app: Browse) -> str:
    return str(app.query_one("#told", Static).render())


def chips(app: Browse) -> str:
    return str(app.query_one("#chips", Static).render())


def pictures(app: Browse) -> int:
    return len(app.query(HalfcellImage))


@pytest.fixture
def collection(tmp_path: Path, demo_corpus: Path) -> Path:
    """The demo's photographs, with a place and a year each, as a manifest."""
    folder = tmp_path / "collection"
    shutil.copytree(demo_corpus / "photos", folder)
    rows = [
        {"path": file.name, "place": ("Paris", "Oslo")[number % 2], "year": 1990 + number % 3}
        for number, file in enumerate(sorted(folder.iterdir()))
    ]
    (folder / "records.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_what_is_typed_is_looked_for_and_shown_with_its_pictures(library: mmsearch.Library) -> None:
    async def steps(app: Browse, pilot: Any) -> None:
        assert len(grid(app).cells) == PAGE  # what came last
        assert app.query_one(Input).has_focus
        await pilot.press(*"coffee")
        await until(pilot, lambda: app.results is not None and app.results.query.text == "coffee")
        assert "coffee" in str(grid(app).cells[0].hit.text or grid(app).cells[0].hit.path).lower()
        await until(pilot, lambda: pictures(app) == sum(c.hit.modality == "image" for c in grid(app).cells))
        assert re.match(r"\d+ ", told(app))
        line = app.query_one("#line", Static)
        assert line.display
        assert all(cell.hit.beyond_chance for cell in grid(app).query("#guesses Cell"))  # type: ignore[attr-defined]

    drive(library, steps)


def test_keys_go_from_hit_to_hit_and_further_hits_come(library: mmsearch.Library) -> None:
    async def steps(app: Browse, pilot: Any) -> None:
        await pilot.press("down")
        assert grid(app).has_focus
        cells = [cell.hit.path for cell in grid(app).cells]
        columns = grid(app).columns
        assert columns == 4
        assert current(app) == cells[0]
        for key, at in (
            ("right", 1),
            ("l", 2),
            ("j", 2 + columns),
            ("h", 1 + columns),
            ("k", 1),
            ("left", 0),
        ):
            await pilot.press(key)
            assert current(app) == cells[at], key
        await pilot.press("end")
        assert current(app) == cells[-1]
        await until(pilot, lambda: len(grid(app).cells) > PAGE)
        paths = [cell.hit.path for cell in grid(app).cells]
        assert paths[:PAGE] == cells
        assert len(set(paths)) == len(paths)
        await pilot.press("slash")
        assert app.query_one(Input).has_focus
        await pilot.press("down", "ctrl+k")
        assert app.query_one(Input).has_focus

    drive(library, steps)


def test_enter_shows_a_hit_and_why_it_was_found_and_steps_lead_on(library: mmsearch.Library) -> None:
    async def steps(app: Browse, pilot: Any) -> None:
        await pilot.press("enter")  # in the box: to the hits
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Detail) and bool(app.screen.query(HalfcellImage)))
        facts = str(app.screen.query_one("#facts", Static).render())
        assert "photos/photo-04.png" in facts
        assert "why it was found" in facts
        assert "█" in facts
        first = app.screen.hit  # type: ignore[attr-defined]
        await pilot.press("right")
        await until(pilot, lambda: app.screen.hit is not first)  # type: ignore[attr-defined]
        await pilot.press("escape")
        assert not isinstance(app.screen, Detail)
        assert grid(app).at == 1

    drive(library, steps, text="a tabby cat modality:image")


def test_what_is_selected_is_given_at_the_end(library: mmsearch.Library, demo_corpus: Path) -> None:
    async def steps(app: Browse, pilot: Any) -> None:
        await pilot.press("down", "x", "right", "space", "right", "x", "x")
        assert chips(app) == "2 selected"
        await pilot.press("question_mark")
        assert isinstance(app.screen, Keys)
        await pilot.press("escape", "q")

    given = drive(library, steps, text="a tabby cat modality:image")
    assert given is not None
    assert len(given) == 2
    assert given[0] == str(demo_corpus.resolve() / "photos" / "photo-04.png")


def test_escape_goes_a_step_back_each_time(library: mmsearch.Library) -> None:
    async def steps(app: Browse, pilot: Any) -> None:
        await pilot.press("down", "x", "escape")
        assert chips(app) == ""
        assert grid(app).has_focus
        await pilot.press("escape")
        assert app.query_one(Input).has_focus
        await pilot.press("escape")
        assert app.query_one(Input).value == ""

    assert drive(library, steps, text="a cat") is None


def test_more_and_less_like_it_are_chips_that_can_be_undone(library: mmsearch.Library) -> None:
    async def steps(app: Browse, pilot: Any) -> None:
        before = app.results
        await pilot.press("down", "plus")
        await until(pilot, lambda: app.results is not before)
        assert chips(app) == "[+ photos/photo-04.png]"
        assert "photos/photo-04.png" not in [cell.hit.path for cell in grid(app).cells]
        liked = app.results
        await pilot.press("minus")
        await until(pilot, lambda: app.results is not liked)
        assert chips(app).count("[− ") == 1
        for _ in range(2):
            now = app.results
            await pilot.press("backspace")
            await until(pilot, lambda now=now: app.results is not now)
        assert chips(app) == ""
        assert current(app) == "photos/photo-04.png"

    drive(library, steps, text="a tabby cat modality:image")


def test_fields_filter(collection: Path, tmp_path: Path) -> None:
    async def steps(app: Browse, pilot: Any) -> None:
        facets = app.query_one(Facets)
        assert facets.display
        assert ("place", "Oslo") in facets.filters
        await pilot.press("down", "f")
        assert facets.has_focus
        facets.highlighted = facets.filters.index(("place", "Oslo"))
        before = app.results
        await pilot.press("enter")
        await until(pilot, lambda: app.results is not before)
        assert chips(app) == "[place: Oslo]"
        assert {cell.hit.fields["place"] for cell in grid(app).cells} == {"Oslo"}
        chosen = facets.get_option_at_index(facets.filters.index(("place", "Oslo")))
        assert str(chosen.prompt).startswith("✓ Oslo")
        await pilot.press("escape")
        assert grid(app).has_focus

    with mmsearch.index(collection, tmp_path / "i") as library:
        drive(library, steps)


def test_without_pictures_names_stand_in_a_list(library: mmsearch.Library) -> None:
    async def steps(app: Browse, pilot: Any) -> None:
        assert grid(app).columns == 1
        await pilot.press("down", "down")
        assert grid(app).at == 1
        assert pictures(app) == 0
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Detail))
        assert not app.screen.query_one("#large").display

    drive(library, steps, text="a cat", pictures=False)


def test_a_query_that_can_not_be_read_is_told_and_the_hits_stay(library: mmsearch.Library) -> None:
    async def steps(app: Browse, pilot: Any) -> None:
        before = [cell.hit.path for cell in grid(app).cells]
        await pilot.press(*" (red")
        await until(pilot, lambda: "at character" in told(app))
        assert app.query_one("#told").has_class("wrong")
        assert [cell.hit.path for cell in grid(app).cells] == before

    drive(library, steps, text="a cat")


def test_a_picture_that_is_gone_or_broken_says_so_in_its_place(small_corpus: Path, tmp_path: Path) -> None:
    async def steps(app: Browse, pilot: Any) -> None:
        def reasons() -> list[str]:
            return [str(one.render()) for one in app.query(".picture Static").results(Static)]

        await until(pilot, lambda: any("(no such file)" in text for text in reasons()))
        await until(pilot, lambda: pictures(app) == 2)

    with mmsearch.index(small_corpus, tmp_path / "i") as library:
        (small_corpus / "coffee.png").unlink()
        drive(library, steps)


def test_nothing_that_a_terminal_obeys_reaches_the_screen(hostile_index: Path) -> None:
    async def steps(app: Browse, pilot: Any) -> None:
        await pilot.press("down", "plus", "x")
        await until(pilot, lambda: not app.workers._workers)
        screens = [app.export_screenshot()]
        await pilot.press("backspace", "enter")
        await until(pilot, lambda: isinstance(app.screen, Detail))
        screens.append(app.export_screenshot())
        for screen in screens:
            assert not [sign for sign in OBEYED if sign in screen]
        assert any("\\x1b" in screen for screen in screens)

    with mmsearch.open(hostile_index) as library:
        drive(library, steps, text="a cup of tea")


@pytest.mark.parametrize("size", [(30, 10), (60, 20), (200, 60)])
def test_small_and_large_terminals_have_as_many_columns_as_fit(
    library: mmsearch.Library, size: tuple[int, int]
) -> None:
    async def steps(app: Browse, pilot: Any) -> None:
        assert grid(app).columns == max(1, (size[0] - 2) // 28)
        await pilot.press("down", "j", "enter")
        await until(pilot, lambda: isinstance(app.screen, Detail))
        await pilot.press("escape", "question_mark")

    drive(library, steps, text="a cat", size=size)


def test_every_key_of_the_list_does_something() -> None:
    bound = {
        key
        for owner in (Browse, HitGrid, Detail)
        for binding in owner.BINDINGS
        for key in binding.key.split(",")  # type: ignore[union-attr]
    }
    names = {
        "/": "slash",
        "+": "plus",
        "-": "minus",
        "?": "question_mark",
        "↑": "up",
        "↓": "down",
        "←": "left",
    }
    for keys, _ in KEYS:
        for key in re.split(r"\s+(?:or|and)?\s*", keys):
            name = {"→": "right", "Esc": "escape", **names}.get(key, key.lower())
            assert name in bound, key
