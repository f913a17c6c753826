"""``mmsearch browse``: search in a terminal that shows pictures."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mmsearch.cli.options import DEFAULT_INDEX, IndexDirectory
from mmsearch.cli.output.terminal import say
from mmsearch.errors import MissingExtraError, UsageError
from mmsearch.printable import in_a_line


def browse(
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[QUERY]...", help="What is looked for at first.")
    ] = None,
    index_dir: IndexDirectory = DEFAULT_INDEX,
    pictures: Annotated[
        bool, typer.Option("--pictures/--no-pictures", help="Show pictures, or names alone.")
    ] = True,
    blocks: Annotated[
        bool, typer.Option("--blocks", help="Half blocks, also where the terminal has graphics.")
    ] = False,
) -> None:
    """Search an index in the terminal, with pictures; what is selected with x is printed at the end, a path a line."""
    from mmsearch.cluster.opening import open as open_library

    with open_library(index_dir) as library:
        if not is_terminal():
            raise UsageError("browse needs a terminal; `mmsearch query` answers in a pipe")
        try:
            from mmsearch.browse.app import Browse
            from mmsearch.browse.pictures import picture_widget
            from mmsearch.browse.terminal import end_with_terminal

            kind = picture_widget(blocks=blocks) if pictures else None
        except ImportError as error:
            if (error.name or "").startswith("mmsearch"):
                raise
            raise MissingExtraError("browsing in the terminal", "browse") from error
        end_with_terminal()
        selected = Browse(library, kind, " ".join(words or ())).run()
    for file in selected or ():
        say(in_a_line(file))


def is_terminal() -> bool:
    """Whether keys come from a terminal and there is one to draw on; what is selected may go into a pipe."""
    return sys.stdin.isatty() and sys.stderr.isatty()
