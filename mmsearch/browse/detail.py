"""One hit over the grid: its picture, its fields, why it was found, its text."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from mmsearch.browse.pictures import shown
from mmsearch.browse.sizes import Cells
from mmsearch.browse.told import BAR, about, bars_of, name_of, passage_of
from mmsearch.errors import MmsearchError

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widget import Widget

    from mmsearch.search.results.hit import Hit

SIDE = 768  # pixels


class Detail(ModalScreen[None]):
    """It goes to the hits beside this one, and says so, with the same keys as the grid."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "dismiss", "back"),
        Binding("left,h,up,k", "go('left')", "before"),
        Binding("right,l,down,j", "go('right')", "after"),
        Binding("x,space", "do('select')", "select"),
        Binding("plus", "do('likes')", "more like it"),
        Binding("minus", "do('dislikes')", "less like it"),
        Binding("c", "do('copy')", "copy path"),
    ]

    class Went(Message):
        """To the hit before (left) or after (right)."""

        def __init__(self, way: str) -> None:
            super().__init__()
            self.way = way

    class Asked(Message):
        """Something is to be done with the hit; as `HitGrid.Asked`."""

        def __init__(self, what: str) -> None:
            super().__init__()
            self.what = what

    def __init__(self, hit: Hit, kind: type[Widget] | None) -> None:
        super().__init__()
        self.hit, self.kind = hit, kind

    def compose(self) -> ComposeResult:
        """The picture beside what is known."""
        with Vertical(id="detail"):
            with Horizontal():
                yield Vertical(id="large")
                with VerticalScroll():
                    yield Static(id="facts")
            yield Footer(show_command_palette=False)

    async def on_mount(self) -> None:
        """Fill it."""
        await self.show(self.hit)

    async def show(self, hit: Hit) -> None:
        """Another hit in the place of this one; its picture follows."""
        self.hit = hit
        place = self.query_one("#large", Vertical)
        place.display = hit.modality == "image" and self.kind is not None
        await place.remove_children()
        self.query_one("#facts", Static).update(facts_of(hit))

    async def show_picture(self, hit: Hit, data: bytes) -> None:
        """The picture of ``hit`` (a WebP file), if that is still the one."""
        if hit is not self.hit or self.kind is None:
            return
        place = self.query_one("#large", Vertical)
        room = Cells(max(10, place.size.width - 2), max(5, place.size.height))
        try:
            picture: Widget = shown(self.kind, data, room)
        except MmsearchError as error:
            picture = Static(f"({error})", markup=False)
        await place.remove_children()
        await place.mount(picture)

    async def refuse(self, hit: Hit, reason: str) -> None:
        """Say why there is no picture."""
        if hit is self.hit:
            await self.query_one("#large", Vertical).mount(Static(f"({reason})", markup=False))

    def action_go(self, way: str) -> None:
        """A key goes to the hit beside."""
        self.post_message(self.Went(way))

    def action_do(self, what: str) -> None:
        """A key acts on the hit."""
        self.post_message(self.Asked(what))


def facts_of(hit: Hit) -> Content:
    """All that is told of ``hit`` in words."""
    lines: list[tuple[str, str]] = [(f"{hit.rank}  {name_of(hit)}\n", "bold")]
    if hit.beyond_chance:
        lines.append(("a guess: chance would find as good\n", "$text-warning"))
    if text := passage_of(hit):
        lines.append((f"\n{text}\n", ""))
    lines.append(("\n", ""))
    for name, value in about(hit):
        lines += [(f"{name}  ", "$text-muted"), (f"{value}\n", "")]
    if bars := bars_of(hit):
        lines.append(("\nwhy it was found\n", "bold"))
        for bar in bars:
            lines += [(bar[:BAR], "$text-accent"), (f"{bar[BAR:]}\n", "")]
    return Content.assemble(*lines)
