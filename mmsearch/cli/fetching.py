"""Encoders that are fetched when they are first asked for, with what a person wants to see meanwhile."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mmsearch.cli.output.terminal import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mmsearch.hub.get import Getting, Got


def have_encoder(name: str, *, quiet: bool = False) -> None:
    """Fetch the encoder ``name`` when it is one of the ladder that is not on this machine yet."""
    if not name or "/" in name or ":" in name:
        return
    from mmsearch.encoders.ladder import LADDER

    if name not in LADDER:
        return
    from mmsearch.encoders.registry import fetched_encoder

    if fetched_encoder(name) is None:
        from mmsearch.hub.get import Getting

        get(name, Getting(), quiet=quiet)


def get(name: str, how: Getting, *, quiet: bool = False) -> Got:
    """Get an encoder and say on stderr what goes on; nothing when it shall be ``quiet``."""
    from mmsearch.encoders.ladder import LADDER
    from mmsearch.hub.get import get_encoder

    def tell(line: str) -> None:
        if not quiet:
            say(line, stderr=True)

    if (rung := LADDER.get(name)) is not None:
        tell(f"{name} is {rung.model}, of {rung.languages}; licence: {rung.license}")
    with download_bar(quiet=quiet) as progress:
        return get_encoder(name, how, progress, tell)


@contextmanager
def download_bar(*, quiet: bool = False) -> Iterator[Callable[[int, int], None] | None]:
    """A bar on stderr with bytes, rate and time left; nothing in a pipe, or when it shall be ``quiet``."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    from mmsearch.cli.output.terminal import console

    columns = (
        TextColumn("fetching"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("fetching", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
