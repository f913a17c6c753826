"""``mmsearch enrich``: add to an index what models and programs find in it, or take it away again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmsearch.cli.options import DEFAULT_INDEX, AsJson, IndexDirectory
from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from mmsearch.ingest.enrich.enricher import Enricher

SKIPPED_SHOWN = 20


def enrich(
    kind: Annotated[str, typer.Argument(help="What to add: captions.")],
    file: Annotated[
        Path | None, typer.Argument(help='For captions: JSON lines, {"path": "a.jpg", "caption": "a cat"}.')
    ] = None,
    index_dir: IndexDirectory = DEFAULT_INDEX,
    where: Annotated[str, typer.Option(help="Only documents that pass this filter.")] = "",
    model: Annotated[str, typer.Option(help="The name of who wrote the captions; else the file's.")] = "",
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
    report = enriching.enrich(_enricher(kind, file, model), index_dir, where=where or None)
    skipped = [{"path": one.path, "reason": one.reason} for one in report.skipped]
    if as_json:
        counts = {"looked_at": report.looked_at, "found": report.found, "known": report.known}
        print_json({**counts, "skipped": skipped})
    else:
        known = f", {report.known} were looked at before" if report.known else ""
        say(f"{index_dir}: {report.found} {kind} in {report.looked_at} contents{known}")
        for one in report.skipped[:SKIPPED_SHOWN]:
            say(f"  skipped {one.path}: {one.reason}")
        if len(report.skipped) > SKIPPED_SHOWN:
            say(f"  … and {len(report.skipped) - SKIPPED_SHOWN} more")
    if skipped:
        raise typer.Exit(3)


def _enricher(kind: str, file: Path | None, model: str) -> Enricher:
    """The enricher of a ``kind`` that `mmsearch.library.enriching.KINDS` names."""
    from mmsearch.ingest.enrich.captions import Captions

    if file is None:
        raise UsageError(
            f'{kind} are read from a file of JSON lines: {{"path": "a.jpg", "caption": "a cat"}}'
        )
    if not file.exists():
        raise UsageError(f"there is no file {file}")
    return Captions(file, model or None)
