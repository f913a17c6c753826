"""``mmsearch remove``: take documents out of an index."""

from __future__ import annotations

from typing import Annotated

import typer

from mmsearch.cli.options import DEFAULT_INDEX, AsJson, IndexDirectory
from mmsearch.cli.output.terminal import say


def remove(
    paths: Annotated[list[str], typer.Argument(help="Paths as results show them, or globs: 'scans/**'.")],
    index_dir: IndexDirectory = DEFAULT_INDEX,
    as_json: AsJson = False,
) -> None:
    """Take documents out of an index. Files on disk are never touched; `compact` frees the space."""
    from mmsearch.cli.output.terminal import print_json
    from mmsearch.cluster.opening import open as open_library

    with open_library(index_dir) as library:
        removed = library.remove(paths)
    if as_json:
        print_json({"removed": removed})
    else:
        say(f"removed {removed} documents from {index_dir}")
