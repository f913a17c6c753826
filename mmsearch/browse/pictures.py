"""The widget that shows pictures in this terminal: Kitty's graphics, sixel, or half blocks everywhere else."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.widget import Widget

    from mmsearch.browse.sizes import Cells


def picture_widget(*, blocks: bool = False) -> type[Widget]:
    """What shows a picture; with ``blocks`` half blocks in any terminal.

    The terminal is asked what it can, so it must be called before an app has taken it.
    """
    from textual_image.renderable import Image as Found
    from textual_image.renderable import UnicodeImage
    from textual_image.widget import HalfcellImage, Image

    # letters instead of pictures are what it has for a pipe
    return HalfcellImage if blocks or Found is UnicodeImage else Image


def shown(kind: type[Any], data: bytes, room: Cells) -> Widget:
    """A picture, the WebP or JPEG in ``data``, as large as fits into so much ``room``."""
    from mmsearch.browse.sizes import cell_ratio, fitting
    from mmsearch.media.picture import inspect_picture

    fields = inspect_picture(data)
    cells = fitting(int(fields["width"]), int(fields["height"]), room, cell_ratio())
    widget: Widget = kind(BytesIO(data))
    widget.styles.width, widget.styles.height = cells
    return widget
