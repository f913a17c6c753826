"""``mmsearch tag``: tag what an index holds by a list of labels, without training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmsearch.cli.options import DEFAULT_INDEX, AsJson, IndexDirectory, Paths, Where
from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from mmsearch.library.tagging import TagReport
    from mmsearch.search.tags.labels import Label

DOCUMENTS_SHOWN = 20
FAILED_SHOWN = 20


def tag(
    labels: Annotated[
        str,
        typer.Option(help="A file of labels, one a line, other words for it behind a comma; - for stdin."),
    ],
    index_dir: IndexDirectory = DEFAULT_INDEX,
    field: Annotated[str, typer.Option(help="The field that the tags go to.")] = "tags",
    where: Where = None,
    path: Paths = None,
    modality: Annotated[
        str | None, typer.Option(help="Look only at items of this kind: image or text.")
    ] = None,
    cutoff: Annotated[
        float | None,
        typer.Option(help="Tags that a picture of none of the labels may get by chance, on average."),
    ] = None,
    single: Annotated[
        bool, typer.Option("--single", help="The best label for each document, and always one.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the tags, write nothing.")] = False,
    write_sidecars: Annotated[
        bool,
        typer.Option("--write-sidecars", help="Write the tags of pictures to PICTURE.xmp beside them too."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tag documents by a list of labels: those that they show or tell of, which may be none."""
    from mmsearch.cluster.opening import open as open_library
    from mmsearch.search.query.defaults import TAG_CUTOFF
    from mmsearch.search.tags.request import TagRequest

    request = TagRequest(
        _labels(labels),
        where=where,
        path=path,
        modality=modality,  # type: ignore[arg-type]  # the request refuses any other
        cutoff=cutoff if cutoff is not None else None if single else TAG_CUTOFF,
        single=single,
    )
    with open_library(index_dir) as library:
        report = library.tag(request, field=field, dry_run=dry_run, sidecars=write_sidecars)
    if as_json:
        from mmsearch.cli.output.terminal import print_json
        from mmsearch.wire.tags import tags_as_json

        print_json(tags_as_json(report))
    else:
        _print_report(report)
    if report.failed:
        raise typer.Exit(3)


def _labels(source: str) -> tuple[Label, ...]:
    from mmsearch.search.tags.labels import read_labels

    try:
        data = typer.get_binary_stream("stdin").read() if source == "-" else Path(source).read_bytes()
        return read_labels(data.decode("utf-8"))
    except OSError as error:
        raise UsageError(f"the labels can't be read from {source}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{source} is not UTF-8: save the list of labels as UTF-8 text") from error


def _print_report(report: TagReport) -> None:
    from mmsearch.cli.output.terminal import console, escape

    out = console()
    for note in report.notes:
        out.print(f"[dim]{escape(note)}[/]")
    tagged = [one for one in report.documents if one.tags]
    for one in tagged[:DOCUMENTS_SHOWN]:
        labels = ", ".join(f"{escape(tag.label)} [dim]{tag.expected_count:.1g}[/]" for tag in one.tags)
        out.print(f"{escape(report.paths.get(one.document_id, ''))}  {labels}")
    if len(tagged) > DOCUMENTS_SHOWN:
        out.print(f"[dim]… and {len(tagged) - DOCUMENTS_SHOWN} more: --json shows all[/]")
    most_frequent = sorted(report.counts.items(), key=lambda entry: -entry[1])
    counts = ", ".join(f"{escape(label)} {count}" for label, count in most_frequent if count)
    done = "would get" if report.dry_run else "got"
    out.print(
        f"[bold]{report.tagged} of {len(report.documents)} documents[/] {done} tags: {counts or 'none'}"
    )
    if not report.dry_run:
        out.print(f"field {escape(report.field)}: {report.changed} documents changed")
    if report.sidecars:
        out.print(f"{report.sidecars} sidecars written")
    for path, reason in report.failed[:FAILED_SHOWN]:
        out.print(f"  [yellow]no sidecar[/] {escape(path)}: {escape(reason)}")
    if len(report.failed) > FAILED_SHOWN:
        out.print(f"  … and {len(report.failed) - FAILED_SHOWN} more: --json shows all")
