"""The list of keys, and what may be written into the box."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

KEYS = (
    ("/  or  Ctrl+K", "to the search box"),
    ("↑ ↓ ← →  or  h j k l", "from hit to hit; Home and End to the first and last"),
    ("Enter", "open it; in the box: search, and go to the hits"),
    ("Esc", "close; clear the selection; back to the box"),
    ("x  or  Space", "select it: the selected paths are printed at the end"),
    ("Ctrl+A", "select all that are shown"),
    ("+  and  -", "more like it, less like it"),
    ("c", "copy its path"),
    ("f", "filters; Enter adds one or takes it away"),
    ("Backspace", "take the last chip away"),
    ("?", "this list"),
    ("q  or  Ctrl+C", "the end"),
)
LANGUAGE = """\
In the box:  "an exact phrase"  -less  NOT any  2:(twice as much)
             year>=1990  place:Paris  #12  @picture.jpg (by Enter)"""


class Keys(ModalScreen[None]):
    """A list over the grid."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q,enter", "dismiss", "back")]

    def compose(self) -> ComposeResult:
        """One line a key."""
        lines = [f"{key:<24}{what}" for key, what in KEYS]
        with VerticalScroll(id="keys"):
            yield Static("\n".join([*lines, "", LANGUAGE]), markup=False)
