"""``mmsearch tune``: learn from judgements how much each channel should count."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmsearch.cli.options import DEFAULT_INDEX, AsJson, IndexDirectory
from mmsearch.cli.output.terminal import say

if TYPE_CHECKING:
    from mmsearch.evaluate.judged import Judged
    from mmsearch.evaluate.tuning import Proposals, Tuning
    from mmsearch.library import Library


def tune(
    collection: Annotated[
        Path | None,
        typer.Argument(
            help="A test collection to learn from instead: captioned pictures (a zip, a folder), or texts in "
            "BEIR's layout. It is indexed for the time being, by the encoder of --index.",
            show_default=False,
        ),
    ] = None,
    index_dir: IndexDirectory = DEFAULT_INDEX,
    qrels: Annotated[
        Path | None, typer.Option(help="Judgements of the index's documents: TREC qrels, or BEIR's TSV.")
    ] = None,
    queries: Annotated[
        Path | None, typer.Option(help="Their queries: BEIR's JSONL, or lines of id, tab, text.")
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="What the collection asks; see `mmsearch evaluate --task`.")
    ] = None,
    split: Annotated[
        str, typer.Option(help="The collection's part to learn from.", show_default="test, or all")
    ] = "",
    sample: Annotated[int, typer.Option(min=0, help="Only so many of its pictures (or queries).")] = 0,
    folds: Annotated[
        int, typer.Option(help="Parts of the queries, each judged by what the others teach.")
    ] = 5,
    seed: Annotated[int, typer.Option(help="Draws other folds and another sample.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Keep the weights even if they don't help.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Keep nothing.")] = False,
    forget: Annotated[bool, typer.Option("--forget", help="Drop the weights that the index has.")] = False,
    as_json: AsJson = False,
) -> None:
    """Learn channel weights from judgements; keep them with the index if they help on queries held out."""
    from mmsearch.cluster.opening import open as open_library
    from mmsearch.errors import UsageError
    from mmsearch.evaluate.tuning import tune as learn

    own = qrels is not None and queries is not None
    if forget + own + (collection is not None) != 1 or (qrels is None) != (queries is None):
        raise UsageError("tune wants --qrels FILE with --queries FILE, or a test collection, or --forget")
    with open_library(index_dir) as library:
        if forget:
            library.keep_weights(None)
            say("every channel counts 1 again")
            return
        if collection is not None:
            proposals, notes = _from_collection(collection, task, split, sample, seed, library, quiet=as_json)
        else:
            assert qrels is not None
            assert queries is not None
            judged = _judged(qrels, queries, library)
            proposals, notes = _proposals(library, judged, quiet=as_json), judged.notes
        found = learn(proposals, folds=folds, seed=seed)
        kept = (found.helps or force) and not dry_run
        if kept:
            library.keep_weights(found.learned(str((collection or qrels or Path()).name)))
    if as_json:
        _print_json(found, proposals, notes, kept=kept)
    else:
        _print(found, notes, kept=kept, dry_run=dry_run)


def _judged(qrels: Path, queries: Path, library: Library) -> Judged:
    from mmsearch.datasets.trec import read_qrels
    from mmsearch.evaluate.judged import judged_documents, read_queries

    return judged_documents(library, read_queries(queries), read_qrels(qrels))


def _from_collection(
    collection: Path, task: str | None, split: str, sample: int, seed: int, library: Library, *, quiet: bool
) -> tuple[Proposals, tuple[str, ...]]:
    from mmsearch.datasets.collections import Captioned, Choice, open_collection
    from mmsearch.errors import UsageError
    from mmsearch.evaluate.experiment import Settings, indexed
    from mmsearch.evaluate.judged import judged_documents
    from mmsearch.evaluate.tasks import tasks_of

    if not library.encoders:
        raise UsageError(f"{library.directory.path} is empty: index the corpus first, tune afterwards")
    with open_collection(collection, Choice(split or None, sample or None, seed)) as opened:
        # One kind alone gives the weights nothing to do.
        usual = "mixed" if isinstance(opened, Captioned) else "text-to-text"
        [chosen] = tasks_of(opened, [task or usual])
        with indexed(chosen, Settings(library.encoders[0].name)) as (built, _, _):
            qrels = {
                query: {
                    chosen.sources[name].path: grade
                    for name, grade in judged.items()
                    if name in chosen.sources
                }
                for query, judged in chosen.qrels.items()
            }
            judged = judged_documents(built, chosen.queries, qrels)
            return _proposals(built, judged, quiet=quiet), (*opened.notes, *judged.notes)


def _proposals(library: Library, judged: Judged, *, quiet: bool) -> Proposals:
    from mmsearch.cli.evaluate import progress_bar
    from mmsearch.evaluate.tuning import propose

    with progress_bar(quiet=quiet) as bar:
        if bar is None:
            return propose(library, judged)
        return propose(library, judged, lambda done, total: bar("asking", done, total))


def _print(found: Tuning, notes: tuple[str, ...], *, kept: bool, dry_run: bool) -> None:
    from rich.table import Table

    from mmsearch.cli.output.comparison import shown_p
    from mmsearch.cli.output.terminal import console, escape

    out = console()
    table = Table("channel", "weight", "in the folds", box=None, pad_edge=False, header_style="bold")
    table.columns[1].justify = "right"
    for name, weight in found.weights.items():
        low, high = found.spread[name]
        table.add_row(escape(name), f"{weight:g}", f"{low:g} to {high:g}")
    out.print(table)
    c = found.comparison
    out.print(
        f"{c.measure} of {c.queries:,} queries, each held out: default {100 * c.first:.2f}, learned "
        f"{100 * c.second:.2f} ({100 * c.difference:+.2f}, p {shown_p(c.p)}; better {c.better:,}, equal {c.equal:,}, "
        f"worse {c.worse:,})"
    )
    for note in notes:
        out.print(escape(note))
    if kept:
        out.print("Kept: searches of this index use these weights from now on (--weights default: without).")
    elif dry_run:
        out.print("Nothing was kept (--dry-run).")
    else:
        out.print("Not kept: no gain that chance would not bring as well. --force keeps them all the same.")


def _print_json(found: Tuning, proposals: Proposals, notes: tuple[str, ...], *, kept: bool) -> None:
    from dataclasses import asdict

    from mmsearch.cli.output.terminal import print_json

    report: dict[str, Any] = {
        "weights": dict(found.weights),
        "spread": {name: list(between) for name, between in found.spread.items()},
        "trained": found.trained,
        "comparison": {**asdict(found.comparison), "difference": found.comparison.difference},
        "queries": len(proposals.queries),
        "helps": found.helps,
        "kept": kept,
        "notes": list(notes),
    }
    print_json(report)
