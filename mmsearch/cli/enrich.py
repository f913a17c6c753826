"""``mmsearch enrich``: add to an index what models and programs find in it, or take it away again."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmsearch.cli.options import DEFAULT_INDEX, AsJson, IndexDirectory
from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mmsearch.ingest.enrich.enricher import Enricher
    from mmsearch.ingest.enrich.run import EnrichReport

SKIPPED_SHOWN = 20


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on stderr; nothing in a pipe."""
    import sys

    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import Progress

    from mmsearch.cli.output.terminal import console

    with Progress(console=console(stderr=True), transient=True) as bar:
        task = bar.add_task("looking", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def enrich(
    kind: Annotated[
        str,
        typer.Argument(
            help="What to add: ocr (what is written in pictures), speech (what is said in recordings), captions (of a "
            "file)."
        ),
    ],
    file: Annotated[
        Path | None, typer.Argument(help='For captions: JSON lines, {"path": "a.jpg", "caption": "a cat"}.')
    ] = None,
    index_dir: IndexDirectory = DEFAULT_INDEX,
    where: Annotated[str, typer.Option(help="Only documents that pass this filter.")] = "",
    model: Annotated[
        str,
        typer.Option(
            help="Of captions: who wrote them; else the file's name. Of speech: the folder or name of a Whisper model; "
            "else what MMSEARCH_SPEECH_MODEL names."
        ),
    ] = "",
    remove: Annotated[
        bool, typer.Option("--remove", help="Take away what this kind has added (with --model, by that one).")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add to documents what models and programs find in them; what was looked at is not looked at again."""
    from mmsearch.cli.output.terminal import print_json, say
    from mmsearch.library import enriching

    if kind not in enriching.KINDS:
        raise UsageError(f"enrich by what? {', '.join(enriching.KINDS)}, not {kind!r}")
    if remove:
        removed = enriching.remove_enrichment(kind, index_dir, model=model or None)
        if as_json:
            print_json({"removed": removed})
        else:
            say(f"removed {removed} {kind} from {index_dir}")
        return
    with progress_bar(quiet=as_json) as progress:
        report = enriching.enrich(
            _enricher(kind, file, model), index_dir, where=where or None, progress=progress
        )
    skipped = [{"path": one.path, "reason": one.reason} for one in report.skipped]
    if as_json:
        counts = {"looked_at": report.looked_at, "found": report.found, "known": report.known}
        print_json({**counts, "left_out": report.left_out, "skipped": skipped})
    else:
        print_report(kind, index_dir, report)
    if skipped:
        raise typer.Exit(3)


def print_report(kind: str, index_dir: Path, report: EnrichReport) -> None:
    """What a run did, for a person."""
    from mmsearch.cli.output.terminal import say
    from mmsearch.printable import in_a_line

    known = f", {report.known:,} were looked at before" if report.known else ""
    what = {"ocr": "written paragraphs", "speech": "spoken passages"}.get(kind, kind)
    say(f"{index_dir}: {report.found:,} {what} found in {report.looked_at:,} contents{known}")
    if report.left_out:
        say(
            f"  left out {report.left_out:,} that were not understood: unclear, or not in a language of the model"
        )
    for one in report.skipped[:SKIPPED_SHOWN]:
        say(f"  skipped {in_a_line(one.path)}: {in_a_line(one.reason)}")
    if len(report.skipped) > SKIPPED_SHOWN:
        say(f"  … and {len(report.skipped) - SKIPPED_SHOWN} more")


def _enricher(kind: str, file: Path | None, model: str) -> Enricher:
    """The enricher of a ``kind`` that `mmsearch.library.enriching.KINDS` names."""
    if kind == "ocr":
        from mmsearch.ingest.enrich.ocr import Ocr

        if file is not None or model:
            raise UsageError("ocr takes neither a file nor --model")
        return Ocr()
    if kind == "speech":
        from mmsearch.ingest.enrich.speech import Speech

        if file is not None:
            raise UsageError(f"speech is found in recordings, not listed in a file: leave {file} out")
        return Speech(model or None)
    from mmsearch.ingest.enrich.captions import Captions

    if file is None:
        raise UsageError(
            f'{kind} are read from a file of JSON lines: {{"path": "a.jpg", "caption": "a cat"}}'
        )
    if not file.exists():
        raise UsageError(f"there is no file {file}")
    return Captions(file, model or None)
