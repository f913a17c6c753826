"""The hits as a grid of cells, with a line between matches and guesses; one cell is the current one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Grid, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from mmsearch.browse.moves import is_last_row, moved
from mmsearch.browse.pictures import shown
from mmsearch.browse.sizes import Cells
from mmsearch.browse.told import excerpt_of, name_of
from mmsearch.errors import MmsearchError
from mmsearch.search.results.hit import LINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import Click, Resize
    from textual.widget import Widget

    from mmsearch.browse.moves import Way
    from mmsearch.search.results.hit import Hit

WIDTH = 28  # of a cell, with its border
PICTURE = Cells(WIDTH - 4, 9)
_PLAIN_HEIGHT = 3


class Cell(Vertical):
    """One hit: its picture or the beginning of its text, and its name."""

    def __init__(self, hit: Hit, number: int, *, plain: bool) -> None:
        super().__init__(classes="plain" if plain else "")
        self.hit, self.number, self.plain = hit, number, plain
        self.set_class(hit.beyond_chance, "guess")

    def compose(self) -> ComposeResult:
        """A place for the picture, the name below."""
        is_picture = self.hit.modality == "image"
        if not self.plain:
            text = "" if is_picture else excerpt_of(self.hit)
            yield Vertical(Static(text, markup=False), classes="picture")
        yield Static(markup=False, classes="name")
        if self.plain:
            yield Static(excerpt_of(self.hit), markup=False, classes="excerpt")

    def on_mount(self) -> None:
        """Its name."""
        self.mark(selected=self.has_class("selected"))

    def mark(self, *, selected: bool) -> None:
        """Show whether it is selected."""
        self.set_class(selected, "selected")
        sign = "✓" if selected else " "
        self.query_one(".name", Static).update(f"{sign}{self.hit.strength:>3.0f}  {name_of(self.hit)}")

    async def show(self, data: bytes, kind: type[Widget]) -> None:
        """Put a picture (a WebP file) into its place."""
        place = self.query(".picture").first(Vertical) if self.query(".picture") else None
        if place is None:
            return  # a newer answer took its place
        try:
            picture = shown(kind, data, PICTURE)
        except MmsearchError as error:
            await self.refuse(str(error))
            return
        await place.remove_children()
        await place.mount(picture)

    async def refuse(self, reason: str) -> None:
        """Say why there is no picture."""
        for place in self.query(".picture Static").results(Static):
            place.update(f"({reason})")

    def on_click(self, event: Click) -> None:
        """A click goes there; a second one opens it."""
        event.stop()
        self.post_message(HitGrid.Clicked(self.number))


class HitGrid(VerticalScroll, can_focus=True):
    """All cells. It says when another hit becomes the current one, is opened, selected, or liked more or less."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move('left')", "", show=False),
        Binding("right,l", "move('right')", "", show=False),
        Binding("up,k", "move('up')", "", show=False),
        Binding("down,j", "move('down')", "", show=False),
        Binding("home", "move('first')", "", show=False),
        Binding("end", "move('last')", "", show=False),
        Binding("enter", "open", "open"),
        Binding("x,space", "select", "select"),
        Binding("ctrl+a", "select_all", "", show=False),
        Binding("plus", "click('likes')", "more like it"),
        Binding("minus", "click('dislikes')", "less like it"),
        Binding("c", "copy", "copy path", show=False),
        Binding("backspace", "drop", "", show=False),
    ]

    class Clicked(Message):
        """A cell was clicked."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    class Asked(Message):
        """Something is to be done with the current hit: ``what`` (open, select, likes, dislikes, copy, all, drop)."""

        def __init__(self, what: str) -> None:
            super().__init__()
            self.what = what

    class NearsEnd(Message):
        """The last row is the current one: more hits are wanted."""

    def __init__(self, *, plain: bool) -> None:
        super().__init__()
        self.plain = plain
        self.at = 0

    def compose(self) -> ComposeResult:
        """Matches, the line, guesses."""
        yield Grid(id="matches")
        yield Static(LINE, markup=False, id="line")
        yield Grid(id="guesses")

    @property
    def cells(self) -> list[Cell]:
        """All cells in order."""
        return [*self.query("#matches Cell").results(Cell), *self.query("#guesses Cell").results(Cell)]

    @property
    def current(self) -> Hit | None:
        """The hit that keys act on."""
        cells = self.cells
        return cells[self.at].hit if cells else None

    @property
    def columns(self) -> int:
        """How many cells stand in a row."""
        return 1 if self.plain else max(1, (self.size.width - 1) // WIDTH)

    async def show(self, hits: Sequence[Hit], *, selected: frozenset[int], more: bool = False) -> list[Cell]:
        """Show ``hits`` instead of what is there, or ``more`` of them behind it; the new cells."""
        matches, guesses = self.query_one("#matches", Grid), self.query_one("#guesses", Grid)
        first = len(self.cells) if more else 0
        cells = [Cell(hit, first + number, plain=self.plain) for number, hit in enumerate(hits)]
        for cell in cells:
            cell.set_class(cell.hit.item_id in selected, "selected")
        with self.app.batch_update():
            if not more:
                self.at = 0
                await matches.remove_children()
                await guesses.remove_children()
            await matches.mount(*(cell for cell in cells if not cell.hit.beyond_chance))
            await guesses.mount(*(cell for cell in cells if cell.hit.beyond_chance))
            self._arrange()
            self._mark()
        if not more:
            self.scroll_home(animate=False)
        return cells

    def mark_selected(self, selected: frozenset[int]) -> None:
        """Show which hits are selected, by their items."""
        for cell in self.cells:
            cell.mark(selected=cell.hit.item_id in selected)

    def go(self, way: Way) -> None:
        """Make another hit the current one."""
        self._go_to(moved(self.at, way, columns=self.columns, matches=self._matches(), total=len(self.cells)))

    def on_resize(self, _event: Resize) -> None:
        """As many columns as there is room for."""
        self._arrange()

    def on_hit_grid_clicked(self, event: Clicked) -> None:
        """Go to the clicked hit; open it if it was there already."""
        self.focus()
        if event.number == self.at:
            self.post_message(self.Asked("open"))
        else:
            self._go_to(event.number)

    def action_move(self, way: Way) -> None:
        """A key goes to another hit."""
        self.go(way)

    def action_open(self) -> None:
        """Open the current hit."""
        self.post_message(self.Asked("open"))

    def action_select(self) -> None:
        """Select the current hit, or no longer."""
        self.post_message(self.Asked("select"))

    def action_select_all(self) -> None:
        """Select all that are shown."""
        self.post_message(self.Asked("all"))

    def action_click(self, side: str) -> None:
        """More or less like the current hit."""
        self.post_message(self.Asked(side))

    def action_copy(self) -> None:
        """Copy the path of the current hit."""
        self.post_message(self.Asked("copy"))

    def action_drop(self) -> None:
        """Take the last chip away."""
        self.post_message(self.Asked("drop"))

    def _matches(self) -> int:
        return len(self.query("#matches Cell"))

    def _go_to(self, number: int) -> None:
        self.at = number
        self._mark()
        cells = self.cells
        if cells:
            self.scroll_to_widget(cells[self.at], animate=False)
        if is_last_row(self.at, columns=self.columns, matches=self._matches(), total=len(cells)):
            self.post_message(self.NearsEnd())

    def _mark(self) -> None:
        for number, cell in enumerate(self.cells):
            cell.set_class(number == self.at, "current")

    def _arrange(self) -> None:
        guesses = self.query_one("#guesses", Grid)
        for grid in (self.query_one("#matches", Grid), guesses):
            grid.styles.grid_size_columns = self.columns
            grid.styles.grid_rows = f"{_PLAIN_HEIGHT if self.plain else PICTURE.height + 3}"
        self.query_one("#line").display = bool(guesses.children)
