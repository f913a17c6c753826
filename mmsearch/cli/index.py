"""``mmsearch index``: build an index of a corpus, or bring it up to date."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmsearch.cli.options import (
    DEFAULT_INDEX,
    AsJson,
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
from mmsearch.cli.output.rows import escaped
from mmsearch.errors import RemovalError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from mmsearch.ingest.options import IndexOptions, IndexReport, Progress

SKIPPED_SHOWN = 20
KINDS_SHOWN = 12


def index(
    corpus: Annotated[Path, typer.Argument(help="A folder, one file, or a manifest (CSV or JSONL).")],
    index_dir: NewIndexDirectory = DEFAULT_INDEX,
    encoder: EncoderName = "",
    exclude: Exclude = None,
    moved_from: Annotated[
        Path | None, typer.Option(help="The corpus was in this folder when it was indexed; keep its vectors.")
    ] = None,
    verify: Annotated[bool, typer.Option(help="Read unchanged files too and compare their content.")] = False,
    strict: Annotated[bool, typer.Option(help="Exit with status 1 if any file was skipped.")] = False,
    workers: Workers = 0,
    vectors: VectorForm = "",
    dimensions: Dimensions = 0,
    fuse: Fuse = "",
    follow_links: FollowLinks = True,
    columns: ColumnMap = None,
    allow_removal: Annotated[
        bool,
        typer.Option("--allow-removal", help="Go on when the corpus has lost all or most of its documents."),
    ] = False,
    list_unread: Annotated[
        bool, typer.Option("--list-unread", help="Name the files of kinds that are not read.")
    ] = False,
    ocr: Annotated[
        bool, typer.Option("--ocr", help="Read what is written in pictures, afterwards (extra ocr).")
    ] = False,
    isolate: Isolate = False,
    max_seconds: MaxSeconds = 30.0,
    max_pixels: MaxPixels = 200_000_000,
    errors_to: Annotated[
        Path | None, typer.Option("--errors-to", help="Write all skipped files and reasons to this TSV file.")
    ] = None,
    shards: Annotated[
        int, typer.Option(min=0, help="Spread the index over so many shards: a cluster (docs/cluster.md).")
    ] = 0,
    ray: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS", help="Let the machines of a Ray cluster do the work: HOST:PORT or auto."
        ),
    ] = "",
    replicas: Annotated[
        int, typer.Option(min=0, help="Let so many processes of a Ray cluster answer for each shard.")
    ] = 0,
    log_json: LogJson = False,
    as_json: AsJson = False,
) -> None:
    """Build an index of CORPUS, or bring it up to date: only what is new or changed is encoded."""
    from mmsearch.cli.fetching import have_encoder
    from mmsearch.cli.output.logs import log
    from mmsearch.ingest.manifest.columns import parse_columns
    from mmsearch.ingest.options import IndexOptions
    from mmsearch.media.limits import Limits

    named = parse_columns(columns or ())
    have_encoder(encoder, quiet=as_json or log_json)
    if ocr:
        _refuse_clusters(index_dir, shards)
    with log(log_json), _removal_as_json(as_json), progress_bar(quiet=as_json or log_json) as progress:
        report = _indexed(
            corpus,
            index_dir,
            encoder or None,
            moved_from,
            shards or None,
            ray or None,
            replicas or None,
            IndexOptions(
                exclude=tuple(exclude or ()),
                follow_links=follow_links,
                verify=verify,
                workers=workers,
                vectors=vectors or None,  # type: ignore[arg-type]  # IndexOptions refuses any other
                dimensions=dimensions or None,
                fuse=fuse or None,
                columns=named,
                allow_removal=allow_removal,
                list_unread=list_unread,
                isolate=isolate,
                limits=Limits(max_pixels=max_pixels, max_seconds=max_seconds),
                progress=progress,
                notice=None if as_json or log_json else tell,
            ),
        )
    if ocr:
        _read_writing(index_dir, quiet=as_json or log_json)
    if errors_to is not None:
        rows = (f"{escaped(entry.path)}\t{escaped(entry.reason)}\n" for entry in report.skipped)
        errors_to.write_text("".join(rows), encoding="utf-8")
    if as_json:
        from mmsearch.cli.output.terminal import print_json
        from mmsearch.wire.runs import report_as_json

        print_json(report_as_json(report))
    else:
        _print_report(report, index_dir)
        if dimensions and report.added:
            _print_shortening(dimensions)
    if report.skipped:
        raise typer.Exit(1 if strict else 3)


def _indexed(
    corpus: Path,
    index_dir: Path,
    encoder: str | None,
    moved_from: Path | None,
    shards: int | None,
    ray: str | None,
    replicas: int | None,
    options: IndexOptions,
) -> IndexReport:
    """Index into a directory, or into a cluster where there is one or ``shards`` are asked for."""
    from mmsearch.cluster.opening import is_cluster

    if shards or ray or replicas or is_cluster(index_dir):
        from mmsearch.cluster.indexing import index as index_cluster

        if moved_from is not None:
            raise UsageError(
                "--moved-from is for index directories: index a corpus that has moved into a new cluster"
            )
        return index_cluster(
            corpus, index_dir, shards=shards, ray=ray, replicas=replicas, encoder=encoder, options=options
        )
    from mmsearch.library import index as build

    with build(
        corpus, index_dir=index_dir, encoder=encoder, moved_from=moved_from, options=options
    ) as library:
        assert library.report is not None
        return library.report


def _refuse_clusters(index_dir: Path, shards: int) -> None:
    from mmsearch.cluster.opening import is_cluster

    if shards or is_cluster(index_dir):
        raise UsageError("--ocr is for index directories: the shards of a cluster are enriched one by one")


def _read_writing(index_dir: Path, *, quiet: bool) -> None:
    """`mmsearch enrich ocr`, which says what it did to a person only."""
    from mmsearch.cli.enrich import print_report, progress_bar
    from mmsearch.ingest.enrich.ocr import Ocr
    from mmsearch.library.enriching import enrich

    with progress_bar(quiet=quiet) as progress:
        report = enrich(Ocr(), index_dir, progress=progress)
    if not quiet:
        print_report("ocr", index_dir, report)


@contextmanager
def _removal_as_json(as_json: bool) -> Iterator[None]:
    """That a run stopped before it removed most of a corpus, for programs too."""
    from mmsearch.cli.output.terminal import print_json

    try:
        yield
    except RemovalError as error:
        if as_json:
            print_json({"error": str(error), "documents": error.known, "lost": error.lost, "removed": 0})
        raise


@contextmanager
def progress_bar(*, quiet: bool = False) -> Iterator[Callable[[Progress], None] | None]:
    """A progress bar on stderr with rate and time left; nothing in a pipe, or when it shall be ``quiet``."""
    import sys

    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as ProgressBar

    from mmsearch.cli.output.terminal import console

    columns = (
        TextColumn("indexing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[skipped]}"),
    )
    with ProgressBar(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("indexing", total=None, rate="", skipped="")

        def advance(now: Progress) -> None:
            speed = bar.tasks[0].speed
            bar.update(
                task,
                completed=now.done,
                total=now.total,
                rate=f"{speed:.0f}/s" if speed else "",
                skipped=f"{now.skipped} skipped" if now.skipped else "",
            )

        yield advance


def tell(notice: str) -> None:
    """A notice of what takes long, on stderr."""
    typer.echo(f"mmsearch: {notice}", err=True)


def _print_report(report: IndexReport, index_dir: Path) -> None:
    from mmsearch.cli.output.terminal import console, escape
    from mmsearch.types import SEVERAL
    from mmsearch.wire.runs import whole

    out = console()
    changes = changes_in(report, unchanged=True)
    encoded = ", ".join(f"{count} {SEVERAL[name]}" for name, count in sorted(report.encoded.items()) if count)
    rate = sum(report.encoded.values()) / max(report.seconds, 1e-9)
    speed = f" ({rate:.0f}/s)" if encoded and report.seconds > 1 else ""
    out.print(
        f"[bold]{escape(str(index_dir))}[/]: {', '.join(changes) or 'an empty corpus: nothing to index'}"
    )
    out.print(f"encoded {encoded or 'nothing'} in {report.seconds:.1f} s{speed}")
    for entry in report.skipped[:SKIPPED_SHOWN]:
        out.print(f"  [yellow]skipped[/] {escape(whole(entry.path))}: {escape(entry.reason)}")
    if len(report.skipped) > SKIPPED_SHOWN:
        out.print(f"  … and {len(report.skipped) - SKIPPED_SHOWN} more: --errors-to FILE writes all of them")
    _print_unread(report, out)


def changes_in(report: IndexReport, *, unchanged: bool = False) -> list[str]:
    """ "3 added", "1 removed", … what there was of it."""
    counted = (
        (report.added, "added"),
        (report.updated, "updated"),
        (report.renamed, "renamed"),
        (report.removed, "removed"),
        (report.unchanged if unchanged else 0, "unchanged"),
        (len(report.skipped), "skipped"),
    )
    return [f"{count} {what}" for count, what in counted if count]


def _print_unread(report: IndexReport, out: Console) -> None:
    from mmsearch.cli.output.terminal import escape
    from mmsearch.media.kinds import missing_extras
    from mmsearch.wire.runs import whole

    if report.unread:
        kinds = list(report.unread.items())
        counts = [f"{count} {escape(kind)}" for kind, count in kinds[:KINDS_SHOWN]]
        if len(kinds) > KINDS_SHOWN:
            rest = kinds[KINDS_SHOWN:]
            counts.append(f"{sum(count for _, count in rest)} of {len(rest)} other kinds")
        hint = "" if report.unread_paths else " (--list-unread names them)"
        out.print(f"[yellow]not read[/]: {', '.join(counts)}{hint}")
        if extras := missing_extras(report.unread):
            install = f'pip install "mmsearch[{",".join(extras)}]"'
            count = sum(n for kind, n in kinds if missing_extras([kind]))
            which = "them" if count == sum(report.unread.values()) else f"{count} of them"
            out.print(f"  {escape(install)} reads {which}")
    for path in report.unread_paths:
        out.print(f"  [yellow]not read[/] {escape(whole(path))}")
    for offer in report.offers:
        out.print(escape(whole(offer)))


def _print_shortening(dimensions: int) -> None:
    from mmsearch.cli.output.terminal import console

    console().print(
        f"vectors keep {dimensions} dimensions: pocket loses little down to 128; an encoder that was neither trained "
        "for that nor calibrated loses much; `mmsearch evaluate` measures what",
        soft_wrap=True,
    )
