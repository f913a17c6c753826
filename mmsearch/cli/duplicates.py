"""``mmsearch duplicates``: what is in the index more than once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mmsearch.cli.options import DEFAULT_INDEX, AsJson, IndexDirectory, Paths, Where
from mmsearch.cli.output.rows import print_table
from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from mmsearch.search.duplicates.report import DuplicateReport


def duplicates(
    index_dir: IndexDirectory = DEFAULT_INDEX,
    where: Where = None,
    path: Paths = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Only equal files and texts; no file is read.")
    ] = False,
    mirrored: Annotated[
        bool, typer.Option("--mirrored", help="A picture and its mirror image are duplicates too.")
    ] = False,
    remember: Annotated[
        bool,
        typer.Option("--remember", help="From now on, searches show one of each group, with a count."),
    ] = False,
    as_json: AsJson = False,
    as_tsv: Annotated[
        bool, typer.Option("--tsv", help="Print group, kind, content, bytes, file; the one to keep first.")
    ] = False,
) -> None:
    """List documents that are there more than once, as they are or altered. Nothing is ever deleted."""
    from mmsearch.cluster.opening import open as open_library

    if as_json and as_tsv:
        raise UsageError("choose one of --json and --tsv")
    with open_library(index_dir) as library:
        report = library.duplicates(
            remember=remember, where=where, path=path, exact_only=exact, mirrored=mirrored
        )
    if as_json:
        from mmsearch.cli.output.terminal import print_json
        from mmsearch.wire.duplicates import duplicates_as_json

        print_json(duplicates_as_json(report))
    elif as_tsv:
        from mmsearch.wire.duplicates import kind_of

        rows = (
            (number, kind_of(group), one.content, one.size, one.file)
            for number, group in enumerate(report.groups, 1)
            for one in group.members
        )
        print_table(("group", "kind", "content", "bytes", "file"), rows, "tsv")
    else:
        _print(report)


def _print(report: DuplicateReport) -> None:
    from mmsearch.cli.output.terminal import console, escape, human_bytes
    from mmsearch.wire.duplicates import kind_of

    out = console()
    for note in report.notes:
        out.print(f"[dim]{escape(note)}[/]")
    for group in report.groups:
        out.print(
            f"[bold]{len(group.members)} {kind_of(group)}[/]  {human_bytes(group.spare_bytes)} to spare"
        )
        for one in group.members:
            size = "gone" if one.size is None else human_bytes(one.size)
            same = "=" if one.content == group.members[0].content else "~"
            out.print(f"  {same} {size:>9}  {escape(one.path)}")
    for path, reason in report.unreadable:
        out.print(f"[yellow]not compared[/] {escape(path)}: {escape(reason)}")
    if report.groups:
        spare = human_bytes(report.spare_bytes)
        out.print(
            f"{len(report.groups)} groups, {spare} to spare; = the same bytes as the first, ~ the same picture"
        )
    else:
        out.print("No duplicates.")
