"""``mmsearch snapshot``: a consistent copy of an index."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmsearch.cli.options import DEFAULT_INDEX, AsJson, IndexDirectory, LogJson
from mmsearch.cli.output.terminal import say


def snapshot(
    to: Annotated[Path, typer.Argument(metavar="DEST", help="The new folder of the copy.")],
    index_dir: IndexDirectory = DEFAULT_INDEX,
    log_json: LogJson = False,
    as_json: AsJson = False,
) -> None:
    """Copy an index to DEST as it is at one moment, though another process may be writing to it.

    DEST is an index like any other: search it, or copy it back.
    """
    from mmsearch.cli.output.logs import log
    from mmsearch.cli.output.terminal import human_bytes, print_json
    from mmsearch.store.directory import IndexDirectory as Directory
    from mmsearch.store.snapshot import snapshot as copy

    with log(log_json):
        made = copy(Directory.open(index_dir), to)
    if as_json:
        print_json(
            {
                "index": str(index_dir),
                "snapshot": str(to),
                "generation": made.generation,
                "bytes_copied": made.copied,
                "bytes_linked": made.linked,
            }
        )
    else:
        linked = f", {human_bytes(made.linked)} linked" if made.linked else ""
        say(f"{to}: generation {made.generation}, {human_bytes(made.copied)} copied{linked}")
