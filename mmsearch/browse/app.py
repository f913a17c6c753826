"""The screen: a box, the fields, the grid, a line that tells; and what each key does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import work
from textual.app import App
from textual.binding import Binding
from textual.containers import Horizontal
from textual.widgets import Footer, Input, Static
from textual.worker import get_current_worker

from mmsearch.browse.asked import MOST, Asked, answer
from mmsearch.browse.detail import SIDE, Detail
from mmsearch.browse.facets import Facets
from mmsearch.browse.grid import Cell, HitGrid
from mmsearch.browse.keys import Keys
from mmsearch.browse.told import chips_of, count_of
from mmsearch.errors import MediaError, MmsearchError
from mmsearch.library.facets import facet_fields
from mmsearch.printable import in_a_line

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.timer import Timer
    from textual.widget import Widget

    from mmsearch.library.library import Library
    from mmsearch.search.results.hit import Hit
    from mmsearch.search.results.results import Results

PAGE = 24  # hits at once
THUMBNAIL = 240  # pixels
PAUSE = 0.15  # seconds without a key before what is typed is looked for


class Browse(App[tuple[str, ...]]):
    """Search ``library``; gives the files that were selected. ``picture`` is the widget that shows pictures; None
    shows names alone."""

    CSS_PATH = "browse.tcss"
    TITLE = "mmsearch"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "to_box", "search"),
        Binding("ctrl+k", "to_box", "", show=False, priority=True),
        Binding("f", "to_facets", "filters"),
        Binding("escape", "step_back", "back", show=False),
        Binding("question_mark", "keys", "keys"),
        Binding("q", "end", "end"),
        Binding("ctrl+c", "end", "", show=False, priority=True),
    ]

    def __init__(self, library: Library, picture: type[Widget] | None, text: str = "") -> None:
        super().__init__()
        self.library, self.picture = library, picture
        self.asked = Asked(text)
        self.results: Results | None = None
        self.selected: dict[int, str] = {}  # item -> file
        self.fields: list[str] = []
        self._typing: Timer | None = None
        self._more_comes = False

    def compose(self) -> ComposeResult:
        """From top to bottom."""
        yield Input(
            self.asked.text, placeholder="describe what you look for", id="box", select_on_focus=False
        )
        yield Static(markup=False, id="chips")
        with Horizontal():
            yield Facets()
            yield HitGrid(plain=self.picture is None)
        yield Static(markup=False, id="told")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Show what came last, or what the command was given."""
        self.fields = facet_fields(self.library, self.library.fields())
        self.query_one("#box").focus()
        self._tell_chips()
        self._search(self.asked)

    # what is asked for

    def ask(self, asked: Asked) -> None:
        """Look for something else."""
        self.asked = asked
        self._tell_chips()
        self._search(asked)

    def on_input_changed(self, event: Input.Changed) -> None:
        """What is typed is looked for after a pause."""
        if self._typing is not None:
            self._typing.stop()
        if event.value != self.asked.text:
            asked = replace(self.asked, text=event.value, entered=False)
            self._typing = self.set_timer(PAUSE, lambda: self._typed(asked))

    def _typed(self, asked: Asked) -> None:
        if self.query("#chips"):  # not at the end, when nothing is there any more
            self.ask(asked)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """What is entered is looked for at once, and may name files."""
        if self._typing is not None:
            self._typing.stop()
        names_more = "@" in event.value or "://" in event.value
        if event.value != self.asked.text or (names_more and not self.asked.entered):
            self.ask(replace(self.asked, text=event.value, entered=True))
        self.query_one(HitGrid).focus()

    def on_facets_chosen(self, event: Facets.Chosen) -> None:
        """A value of a field becomes a chip, or is one no longer."""
        self.ask(self.asked.filtered(event.one))

    @work(thread=True, exclusive=True, group="search")
    def _search(self, asked: Asked, offset: int = 0) -> None:
        """Answer in a thread; an older answer never takes the place of a newer one."""
        worker = get_current_worker()
        facets = self.fields if offset == 0 else []
        try:
            results = answer(self.library, asked, k=PAGE, offset=offset, facets=facets)
        except (MmsearchError, OSError) as error:
            reason = str(error)
            if not worker.is_cancelled:
                self._in_app(lambda: self._refuse(asked, reason))
            return
        if not worker.is_cancelled:
            self._in_app(lambda: self._show(asked, results))

    def _in_app(self, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run something of the screen from a thread, unless the app has ended meanwhile."""

        if self.is_running:
            self.call_from_thread(cast("Callable[[], bool]", run))  # it awaits what must be awaited

    async def _refuse(self, asked: Asked, reason: str) -> None:
        """The hits that are there stay."""
        if asked == self.asked:
            self._more_comes = False
            self._tell(reason, wrong=True)

    async def _show(self, asked: Asked, results: Results) -> None:
        if asked != self.asked:
            return
        more = results.offset > 0
        self._more_comes = False
        grid = self.query_one(HitGrid)
        hits = results.hits
        if more:
            there = {cell.hit.document_id for cell in grid.cells}
            hits = tuple(hit for hit in hits if hit.document_id not in there)
        self.results = results
        cells = await grid.show(hits, selected=frozenset(self.selected), more=more)
        self._tell(count_of(results, len(grid.cells)))
        if not more:
            facets = self.query_one(Facets)
            facets.show(results.facets, asked.filters)
            facets.display = bool(facets.filters) and self.size.width >= 80
        if self.picture is not None:
            self._fetch([cell for cell in cells if cell.hit.modality == "image"])

    @work(thread=True, exclusive=False, group="pictures")
    def _fetch(self, cells: Sequence[Cell]) -> None:
        """The pictures of new cells, one after the other; none of cells that are gone."""
        for cell in cells:
            if not cell.is_attached or self.picture is None:
                continue
            self._in_app(self._put(cell, self.picture))

    def _put(self, cell: Cell, kind: type[Widget]) -> Callable[[], Coroutine[Any, Any, None]]:
        """What puts its picture into a cell, or the reason why there is none."""
        try:
            data = self._small(cell.hit, THUMBNAIL)
        except (MmsearchError, OSError) as error:
            reason = in_a_line(str(error))
            return lambda: cell.refuse(reason)
        return lambda: cell.show(data, kind)

    def _small(self, hit: Hit, side: int) -> bytes:
        if not hit.key:
            raise MediaError("no picture")
        return self.library.thumbnails.small(Path(hit.file), hit.key, side, hit.locator).data

    def on_hit_grid_nears_end(self, _event: HitGrid.NearsEnd) -> None:
        """Further hits, if there are any."""
        shown = len(self.query_one(HitGrid).cells)
        if self.results is not None and self.results.more and not self._more_comes and shown < MOST:
            self._more_comes = True
            self._search(self.asked, self.results.offset + len(self.results.hits))

    # what is done with hits

    async def on_hit_grid_asked(self, event: HitGrid.Asked) -> None:
        """A key in the grid."""
        await self._do(event.what)

    async def on_detail_asked(self, event: Detail.Asked) -> None:
        """The same key over the grid."""
        await self._do(event.what)

    async def _do(self, what: str) -> None:
        grid = self.query_one(HitGrid)
        hit = grid.current
        if what == "drop":
            self.ask(self.asked.without_last())
        elif what == "all":
            self._select({cell.hit.item_id: cell.hit.file for cell in grid.cells} | self.selected)
        elif hit is None:
            return
        elif what == "open":
            await self.push_screen(Detail(hit, self.picture))
            self._fetch_large(hit)
        elif what == "select":
            others = {item: file for item, file in self.selected.items() if item != hit.item_id}
            self._select(others if hit.item_id in self.selected else {**others, hit.item_id: hit.file})
        elif what == "copy":
            self.copy_to_clipboard(hit.file)
            self._tell(f"copied: {hit.file}")
        elif what in ("likes", "dislikes"):
            if isinstance(self.screen, Detail):
                self.pop_screen()
            self.ask(self.asked.clicked("likes" if what == "likes" else "dislikes", hit))

    def _select(self, selected: dict[int, str]) -> None:
        self.selected = selected
        self.query_one(HitGrid).mark_selected(frozenset(selected))
        self._tell_chips()

    async def on_detail_went(self, event: Detail.Went) -> None:
        """The hit beside, in the grid and over it."""
        grid = self.query_one(HitGrid)
        grid.go("left" if event.way == "left" else "right")
        if isinstance(self.screen, Detail) and grid.current is not None:
            await self.screen.show(grid.current)
            self._fetch_large(grid.current)

    @work(thread=True, exclusive=True, group="large")
    def _fetch_large(self, hit: Hit) -> None:
        screen, worker = self.screen, get_current_worker()
        if self.picture is None or hit.modality != "image" or not isinstance(screen, Detail):
            return
        try:
            data = self._small(hit, SIDE)
        except (MmsearchError, OSError) as error:
            reason = in_a_line(str(error))
            self._in_app(lambda: screen.refuse(hit, reason))
            return
        if not worker.is_cancelled:
            self._in_app(lambda: screen.show_picture(hit, data))

    # where the keys go

    def action_to_box(self) -> None:
        """To the search box, from anywhere."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        box = self.query_one("#box", Input)
        box.focus()
        box.cursor_position = len(box.value)

    def action_to_facets(self) -> None:
        """To the fields, or back to the grid."""
        facets = self.query_one(Facets)
        if not facets.filters:
            self._tell("no field of this collection has values that recur")
            return
        facets.display = True
        (self.query_one(HitGrid) if facets.has_focus else facets).focus()

    def action_step_back(self) -> None:
        """A step back: out of the fields, out of a selection, into the box, out of what it holds."""
        box = self.query_one("#box", Input)
        if self.query_one(Facets).has_focus:
            self.query_one(HitGrid).focus()
        elif box.has_focus:
            box.value = ""
        elif self.selected:
            self._select({})
        else:
            self.action_to_box()

    def on_key(self, event: Any) -> None:
        """Down leads out of the box."""
        if event.key == "down" and self.query_one("#box", Input).has_focus:
            event.stop()
            self.query_one(HitGrid).focus()

    async def action_keys(self) -> None:
        """The list of keys."""
        await self.push_screen(Keys())

    def action_end(self) -> None:
        """Give the selected files."""
        self.exit(tuple(self.selected.values()))

    # what is told

    def _tell(self, text: str, *, wrong: bool = False) -> None:
        told = self.query_one("#told", Static)
        told.set_class(wrong, "wrong")
        told.update(in_a_line(text))

    def _tell_chips(self) -> None:
        chips = self.query_one("#chips", Static)
        text = chips_of(self.asked, len(self.selected))
        chips.update(text)
        chips.display = bool(text)
