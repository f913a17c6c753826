"""``mmsearch watch``: keep an index up to date while its corpus changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmsearch.cli.index import changes_in, progress_bar, tell
from mmsearch.cli.options import (
    DEFAULT_INDEX,
    ColumnMap,
    Dimensions,
    EncoderName,
    Exclude,
    FollowLinks,
    Fuse,
    Isolate,
    LogJson,
    MaxPixels,
    MaxSeconds,
    NewIndexDirectory,
    VectorForm,
    Workers,
)

if TYPE_CHECKING:
    from mmsearch.watch.watch import Run


def watch(
    corpus: Annotated[Path, typer.Argument(help="A folder, one file, or a manifest (CSV or JSONL).")],
    index_dir: NewIndexDirectory = DEFAULT_INDEX,
    encoder: EncoderName = "",
    exclude: Exclude = None,
    workers: Workers = 0,
    vectors: VectorForm = "",
    dimensions: Dimensions = 0,
    fuse: Fuse = "",
    follow_links: FollowLinks = True,
    columns: ColumnMap = None,
    isolate: Isolate = False,
    max_seconds: MaxSeconds = 30.0,
    max_pixels: MaxPixels = 200_000_000,
    polling: Annotated[
        bool | None,
        typer.Option(
            "--polling/--no-polling",
            help="Look at all files again and again: for network file systems, where it is the default.",
            show_default=False,
        ),
    ] = None,
    every: Annotated[
        float, typer.Option(min=0.1, max=3600.0, help="Seconds between two looks with --polling.")
    ] = 1.0,
    log_json: LogJson = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a JSON object a run, each on a line.")
    ] = False,
) -> None:
    """Build an index of CORPUS and keep it up to date while files come, change and go; Ctrl-C ends it."""
    from mmsearch.cli.fetching import have_encoder
    from mmsearch.cli.output.logs import log
    from mmsearch.ingest.manifest.columns import parse_columns
    from mmsearch.ingest.options import IndexOptions
    from mmsearch.media.limits import Limits
    from mmsearch.watch.watch import watch as runs_of

    named = parse_columns(columns or ())
    quiet = as_json or log_json
    have_encoder(encoder, quiet=quiet)
    teller = _JsonTeller() if as_json else _Teller(index_dir)
    with log(log_json), progress_bar(quiet=quiet) as progress:
        options = IndexOptions(
            exclude=tuple(exclude or ()),
            follow_links=follow_links,
            workers=workers,
            vectors=vectors or None,  # type: ignore[arg-type]  # IndexOptions refuses any other
            dimensions=dimensions or None,
            fuse=fuse or None,
            columns=named,
            isolate=isolate,
            limits=Limits(max_pixels=max_pixels, max_seconds=max_seconds),
            progress=progress,
            notice=None if quiet else tell,
        )
        for run in runs_of(
            corpus, index_dir, encoder=encoder or None, options=options, polling=polling, every=every
        ):
            teller(run)


class _Teller:
    """A line for the first run, and for each after that which changed something or mended a problem."""

    def __init__(self, index_dir: Path) -> None:
        self.index_dir = index_dir
        self.begun = False
        self.failed = False
        self.skipped: frozenset[tuple[str, str]] = frozenset()

    def __call__(self, run: Run) -> None:
        import time

        from mmsearch.cli.output.terminal import console, escape, say
        from mmsearch.printable import in_a_line
        from mmsearch.wire.runs import whole

        if run.report is None:
            self.failed = True
            say(f"mmsearch: {in_a_line(run.problem)}", stderr=True)
            return
        report, out = run.report, console()
        now = frozenset((entry.path, entry.reason) for entry in report.skipped)
        changes = changes_in(report, unchanged=not self.begun)
        if not self.begun:
            told = f"[bold]{escape(str(self.index_dir))}[/]: {', '.join(changes) or 'an empty corpus'}"
            out.print(f"{told}; watching")
        elif changes_in(replace(report, skipped=())) or now != self.skipped or self.failed:
            out.print(f"{time.strftime('%H:%M:%S')}  {', '.join(changes) or 'all is as it should be'}")
        for path, reason in sorted(now - self.skipped):
            out.print(f"  [yellow]skipped[/] {escape(whole(path))}: {escape(reason)}")
        out.file.flush()
        self.begun, self.failed, self.skipped = True, False, now


class _JsonTeller:
    """A JSON object for each run, and for each that could not be done."""

    def __call__(self, run: Run) -> None:
        from mmsearch.cli.output.terminal import print_json_line
        from mmsearch.wire.runs import report_as_json

        print_json_line(
            {"error": run.problem, "kind": run.kind} if run.report is None else report_as_json(run.report)
        )
