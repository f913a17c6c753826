"""The fields at the side: their values with counts, to filter by."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from mmsearch.printable import in_a_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textual.binding import BindingType

    from mmsearch.browse.asked import Filter
    from mmsearch.types import FieldValue

VALUES = 8  # of a field
WIDTH = 30


class Facets(OptionList):
    """It says which filter is chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "", show=False),
        Binding("k", "cursor_up", "", show=False),
        Binding("x,space", "select", "", show=False),
    ]

    class Chosen(Message):
        """A value of a field was chosen."""

        def __init__(self, one: Filter) -> None:
            super().__init__()
            self.one = one

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.filters: list[Filter | None] = []

    def show(self, counted: Mapping[str, Sequence[tuple[FieldValue, int]]], chosen: Sequence[Filter]) -> None:
        """The most frequent values of each field, those that are ``chosen`` with a mark."""
        at = self.highlighted
        self.clear_options()
        self.filters = []
        for field, values in counted.items():
            if not values:
                continue
            self.filters.append(None)
            self.add_option(Option(in_a_line(field), disabled=True))
            for value, documents in values[:VALUES]:
                self.filters.append((field, value))
                self.add_option(Option(line_of(value, documents, is_chosen=(field, value) in chosen)))
        if at is not None and at < len(self.filters):
            self.highlighted = at

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter chooses."""
        event.stop()
        if (one := self.filters[event.option_index]) is not None:
            self.post_message(self.Chosen(one))


def line_of(value: FieldValue, documents: int, *, is_chosen: bool) -> str:
    """ "✓ Paris          12"."""
    room = WIDTH - 12
    name = in_a_line(str(value))
    name = name if len(name) <= room else f"{name[: room - 1]}…"
    return f"{'✓' if is_chosen else ' '} {name:<{room}}{documents:>6}"
