"""``mmsearch query``: search an index."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmsearch.cli.options import DEFAULT_INDEX, AsJson, IndexDirectory
from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from mmsearch.search.results import Hit, Results

TEXT_SHOWN = 200


def query(
    text: Annotated[
        str | None,
        typer.Argument(
            help='Words, "phrases", -minus, @picture.jpg, #item, filters: see docs/query-language.md.'
        ),
    ] = None,
    image: Annotated[
        list[str] | None,
        typer.Option("--image", help="A picture to search by: a file, a URL, or - for stdin."),
    ] = None,
    minus: Annotated[list[str] | None, typer.Option(help="Less of this.")] = None,
    index_dir: IndexDirectory = DEFAULT_INDEX,
    k: Annotated[int, typer.Option("-k", help="How many hits.")] = 10,
    modality: Annotated[str | None, typer.Option(help="Only items of this kind: image or text.")] = None,
    where: Annotated[
        str | None, typer.Option(help="Only documents whose fields match: 'year >= 1990'.")
    ] = None,
    path: Annotated[str | None, typer.Option(help="Only documents whose path matches this glob.")] = None,
    group: Annotated[str, typer.Option(help="One hit per document, or per item.")] = "document",
    fusion: Annotated[
        str | None, typer.Option(help="How channels are fused; see docs/query-language.md.")
    ] = None,
    cutoff: Annotated[float | None, typer.Option(help="Largest expected count of a hit.")] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Show best guesses beyond the cutoff too.")
    ] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show what each channel contributed.")] = False,
    as_json: AsJson = False,
    as_tsv: Annotated[
        bool, typer.Option("--tsv", help="Print rank, score, path, modality, locator, text.")
    ] = False,
    only_paths: Annotated[
        bool, typer.Option("--paths", help="Print the files' paths only, for a pipe.")
    ] = False,
    thumbnails: Annotated[
        str, typer.Option(help="auto, always or never: show pictures in terminals that can.")
    ] = "auto",
) -> None:
    """Search an index by words, pictures, or both."""
    from mmsearch.library import open as open_library

    if as_json + as_tsv + only_paths > 1:
        raise UsageError("choose one of --json, --tsv and --paths")
    if thumbnails not in ("auto", "always", "never"):
        raise UsageError(f"--thumbnails is auto, always or never, not {thumbnails!r}")
    options: dict[str, Any] = {"cutoff": cutoff} if cutoff is not None else {}
    if anyway:
        options["cutoff"] = None
    if fusion is not None:
        options["fusion"] = fusion
    # What is not a modality or a grouping is refused by the search, in the same words for all faces.
    options |= {"modality": modality, "where": where, "path": path, "group": group}
    with open_library(index_dir) as library:
        results = library.search(text, image=image or None, minus=minus or (), k=k, **options)
    if as_json:
        _print_json(text, results, explain=explain)
    elif as_tsv:
        for hit in results:
            row = (
                hit.rank,
                f"{hit.score:.4f}",
                hit.path,
                hit.modality,
                hit.locator,
                " ".join((hit.text or "").split()),
            )
            typer.echo("\t".join(str(value) for value in row))
    elif only_paths:
        for hit in results:
            typer.echo(str(hit.file))
    else:
        _print_results(results, explain=explain, thumbnails=thumbnails)


def _print_json(text: str | None, results: Results, *, explain: bool) -> None:
    from mmsearch.cli.terminal import print_json

    print_json(
        {
            "query": text if text is not None else str(results.query),
            "nothing_matches": results.nothing_matches,
            "notes": list(results.notes),
            "seconds": round(results.seconds, 4),
            "hits": [hit_as_json(hit, explain=explain) for hit in results],
        }
    )


def hit_as_json(hit: Hit, *, explain: bool) -> dict[str, Any]:
    """A hit as JSON; ``file`` is absolute, ``path`` relative to the corpus."""
    from dataclasses import asdict

    record: dict[str, Any] = {
        "rank": hit.rank,
        "score": round(hit.score, 6),
        "strength": round(hit.strength, 1),
        "expected_count": hit.evalue,
        "cosine": None if hit.cosine is None else round(hit.cosine, 6),
        "item_id": hit.item_id,
        "document_id": hit.document_id,
        "path": hit.path,
        "file": str(hit.file),
        "modality": hit.modality,
        "locator": str(hit.locator),
        "title": hit.title,
        "text": hit.text,
        "fields": dict(hit.fields),
    }
    if explain:
        record["explanation"] = [asdict(reason) for reason in hit.explanation]
    return record


def _print_results(results: Results, *, explain: bool, thumbnails: str) -> None:
    from rich.markup import escape

    from mmsearch.cli.terminal import console
    from mmsearch.cli.thumbnails import terminal_pictures

    out = console()
    for note in results.notes:
        out.print(f"[dim]{escape(note)}[/]")
    if not results:
        out.print("Nothing in this index matches.")
        if results.best_guesses:
            out.print("[dim]--anyway shows the nearest that there is.[/]")
        return
    show = terminal_pictures(thumbnails)
    for hit in results:
        _print_hit(out, hit, explain=explain)
        if show is not None and hit.modality == "image":
            show(Path(hit.file))


def _print_hit(out: Console, hit: Hit, *, explain: bool) -> None:
    from rich.markup import escape

    place = "" if hit.locator.kind == "whole" else f"  [dim]{hit.locator}[/]"
    title = f"  {escape(hit.title)}" if hit.title else ""
    out.print(f"[bold]{hit.rank:>3}[/]  [green]{hit.strength:>3.0f}[/]  {escape(hit.path)}{place}{title}")
    if hit.text and hit.text != hit.title:
        text = " ".join(hit.text.split())
        out.print(f"          [dim]{escape(text[:TEXT_SHOWN])}{'…' if len(text) > TEXT_SHOWN else ''}[/]")
    if explain:
        for reason in hit.explanation:
            level = f"raw {reason.raw:.3f}, {reason.calibrated:+.2f} scales above {reason.location:.3f}"
            out.print(
                f"          [cyan]{reason.contribution:+8.3f}[/]  {escape(reason.channel)} "
                f"{escape(repr(reason.part))}: {level}, weight {reason.weight:g}, item #{reason.item_id}"
            )
        out.print(f"        = {hit.score:8.3f}  expected by chance: {hit.evalue:.2g}")
