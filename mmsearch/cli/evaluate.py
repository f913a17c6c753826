"""``mmsearch evaluate``: measure the search on a test collection, and compare two rankings."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmsearch.cli.options import AsJson, EncoderName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mmsearch.evaluate.beir import TextCollection
    from mmsearch.evaluate.collections import Captioned
    from mmsearch.evaluate.experiment import Outcome
    from mmsearch.evaluate.significance import Comparison

COMPARED = ("nDCG@10", "RR@10", "R@10", "Success@1")
ARROWS = {"text-to-image": "text→image", "image-to-text": "image→text", "text-to-text": "text→text"}


def evaluate(
    collection: Annotated[
        Path | None,
        typer.Argument(
            help="Captioned pictures (a folder, zip or tar with records.jsonl, a manifest, Karpathy's JSON, "
            "WebDataset tars) or judged texts in BEIR's layout.",
            show_default=False,
        ),
    ] = None,
    encoder: EncoderName = "",
    task: Annotated[
        list[str] | None, typer.Option(help="text-to-image or image-to-text only; repeatable.")
    ] = None,
    measure: Annotated[
        list[str] | None, typer.Option("--measure", "-m", help="R@10, Success@1, nDCG@10, …; repeatable.")
    ] = None,
    depth: Annotated[
        int, typer.Option(min=0, help="Hits looked at for each query; 0 = 10, or 100 of BEIR's texts.")
    ] = 0,
    split: Annotated[
        str, typer.Option(help='The part to measure on; "all" is everything.', show_default="test, or all")
    ] = "",
    sample: Annotated[int, typer.Option(min=0, help="Only so many pictures (or queries); 0 = all.")] = 0,
    seed: Annotated[int, typer.Option(help="Draws another sample.")] = 0,
    images: Annotated[
        Path | None, typer.Option(help="The pictures' folder, if they don't lie beside their list.")
    ] = None,
    index_dir: Annotated[
        Path | None, typer.Option("--index", "-i", help="Keep the indexes in this folder and use them again.")
    ] = None,
    per_query: Annotated[
        Path | None, typer.Option(help="Write what happened to each query to this JSONL file.")
    ] = None,
    run: Annotated[Path | None, typer.Option(help="Write the rankings to this TREC run file.")] = None,
    write_qrels: Annotated[
        Path | None, typer.Option(help="Write the judgements to this TREC qrels file.")
    ] = None,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(help="Compare two TREC runs by --qrels, with a paired test.", show_default=False),
    ] = None,
    score: Annotated[Path | None, typer.Option(help="Measure this TREC run by --qrels.")] = None,
    qrels: Annotated[Path | None, typer.Option(help="The judgements for --compare and --score.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure the search on COLLECTION: index it, ask it, print how often and how fast it is right."""
    from mmsearch.errors import UsageError
    from mmsearch.evaluate.collections import Choice, open_collection

    if compare is not None or score is not None:
        if qrels is None or collection is not None:
            raise UsageError("--compare and --score want --qrels FILE and no collection")
        if compare is not None:
            _compare(compare, qrels, measure, as_json=as_json)
        if score is not None:
            _score(score, qrels, measure, as_json=as_json)
        return
    if collection is None:
        raise UsageError("name a collection, or two runs with --compare A.run B.run --qrels FILE")
    choice = Choice(split or None, sample or None, seed, images)
    with open_collection(collection, choice) as opened:
        outcomes = _run(opened, task, encoder, depth, index_dir, measure, quiet=as_json)
        if per_query is not None:
            from mmsearch.evaluate.perquery import records, write_records

            write_records(per_query, (record for o in outcomes for record in records(o, measure)))
    if run is not None:
        from mmsearch.evaluate.trec import write_run

        write_run(run, {query: ranked for o in outcomes for query, ranked in o.run.items()})
    if write_qrels is not None:
        from mmsearch.evaluate.trec import write_qrels as write

        write(write_qrels, {query: judged for o in outcomes for query, judged in o.task.qrels.items()})
    if as_json:
        _print_json(opened, outcomes, measure)
    else:
        _print(opened, outcomes, measure)


def _run(
    collection: Captioned | TextCollection,
    only: Sequence[str] | None,
    encoder: str,
    depth: int,
    index_dir: Path | None,
    measures: Sequence[str] | None,
    *,
    quiet: bool,
) -> list[Outcome]:
    from mmsearch.encoders.registry import DEFAULT_ENCODER
    from mmsearch.evaluate.experiment import Settings, run
    from mmsearch.evaluate.measures import require
    from mmsearch.evaluate.tasks import tasks_of

    require(measures or ())
    tasks = tasks_of(collection, only or (), depth or None)
    with _progress(quiet=quiet) as progress:
        settings = Settings(encoder or DEFAULT_ENCODER, index_dir, progress)
        return [run(task, settings) for task in tasks]


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """A progress bar on stderr; nothing in a pipe."""
    import sys

    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from mmsearch.cli.terminal import console

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        tasks = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what)
            bar.update(tasks[what], completed=done, total=total)

        yield tell


def _print(
    collection: Captioned | TextCollection, outcomes: Sequence[Outcome], measures: Sequence[str] | None
) -> None:
    from rich.markup import escape
    from rich.table import Table

    from mmsearch.cli.terminal import console

    table = Table("", *(ARROWS[o.task.name] for o in outcomes), box=None, pad_edge=False, header_style="bold")
    for column in table.columns[1:]:
        column.justify = "right"
    means = [outcome.means(measures) for outcome in outcomes]
    for name in dict.fromkeys(name for values in means for name in values):
        table.add_row(name, *(f"{100 * values[name]:.1f}" if name in values else "" for values in means))
    for name, cells in _facts(outcomes):
        table.add_row(name, *cells, style="dim")
    out = console()
    out.print(f"[bold]{escape(collection.name)}[/], encoder {escape(outcomes[0].encoder)}")
    out.print(table)
    for note in _notes(collection, outcomes, measures):
        out.print(escape(note))


def _facts(outcomes: Sequence[Outcome]) -> list[tuple[str, list[str]]]:
    """The rows below the measures, which are percentages."""
    return [
        ("queries", [f"{len(o.task.queries):,}" for o in outcomes]),
        ("indexed", [f"{len(o.task.sources) - len(o.not_indexed):,}" for o in outcomes]),
        ("ms a query, p50", [f"{o.latency(0.5):.1f}" for o in outcomes]),
        ("ms a query, p95", [f"{o.latency(0.95):.1f}" for o in outcomes]),
        ("hits a query", [f"{o.task.depth}" for o in outcomes]),
    ]


def _notes(
    collection: Captioned | TextCollection, outcomes: Sequence[Outcome], measures: Sequence[str] | None
) -> list[str]:
    from mmsearch.evaluate.measures import available

    notes = list(collection.notes)
    for outcome in outcomes:
        for what, why in (("indexed", outcome.not_indexed), ("asked", outcome.not_asked)):
            if why:
                name, reason = next(iter(why.items()))
                lost = f"{len(why)} not {what}, and counted as not found"
                notes.append(f"{ARROWS[outcome.task.name]}: {lost} ({name}: {reason})")
    if measures is None:
        wanted = dict.fromkeys(name for outcome in outcomes for name in outcome.task.measures)
        if lacking := wanted.keys() - set(available(list(wanted))):
            notes.append(f'pip install "mmsearch[evaluate]" for {", ".join(sorted(lacking))}')
    return notes


def _print_json(
    collection: Captioned | TextCollection, outcomes: Sequence[Outcome], measures: Sequence[str] | None
) -> None:
    from mmsearch.cli.terminal import print_json

    print_json(
        {
            "collection": collection.name,
            "encoder": outcomes[0].encoder,
            "notes": list(collection.notes),
            "tasks": [
                {
                    "task": outcome.task.name,
                    "measures": outcome.means(measures),
                    "queries": len(outcome.task.queries),
                    "indexed": len(outcome.task.sources) - len(outcome.not_indexed),
                    "depth": outcome.task.depth,
                    "milliseconds_p50": round(outcome.latency(0.5), 3),
                    "milliseconds_p95": round(outcome.latency(0.95), 3),
                    "index_seconds": round(outcome.index_seconds, 3),
                    "not_indexed": dict(outcome.not_indexed),
                    "not_asked": dict(outcome.not_asked),
                }
                for outcome in outcomes
            ],
        }
    )


def _compare(runs: tuple[Path, Path], qrels: Path, measures: Sequence[str] | None, *, as_json: bool) -> None:
    from mmsearch.evaluate.measures import available, per_query
    from mmsearch.evaluate.significance import compare
    from mmsearch.evaluate.trec import read_qrels, read_run

    names = measures or available(COMPARED)
    judged = read_qrels(qrels)
    first, second = (per_query(names, judged, read_run(path)) for path in runs)
    found = [compare(name, first[name], second[name]) for name in names]
    if as_json:
        from mmsearch.cli.terminal import print_json

        print_json({"first": str(runs[0]), "second": str(runs[1]), "measures": [_as_json(c) for c in found]})
    else:
        _print_comparison(runs, found)


def _as_json(comparison: Comparison) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(comparison), "difference": comparison.difference, "queries": comparison.queries}


def _print_comparison(runs: tuple[Path, Path], found: Sequence[Comparison]) -> None:
    from rich.table import Table

    from mmsearch.cli.terminal import console

    headings = ("", runs[0].name, runs[1].name, "difference", "p", "better", "equal", "worse")
    table = Table(*headings, box=None, pad_edge=False, header_style="bold")
    for column in table.columns[1:]:
        column.justify = "right"
    for c in found:
        table.add_row(
            c.measure,
            f"{100 * c.first:.2f}",
            f"{100 * c.second:.2f}",
            f"{100 * c.difference:+.2f}",
            f"{c.p:.4f}",
            *(f"{count:,}" for count in (c.better, c.equal, c.worse)),
        )
    out = console()
    out.print(table)
    out.print(f"{found[0].queries:,} queries; p of the paired randomization test, two-sided")


def _score(path: Path, qrels: Path, measures: Sequence[str] | None, *, as_json: bool) -> None:
    from mmsearch.cli.terminal import console, print_json
    from mmsearch.evaluate.measures import available, mean, per_query
    from mmsearch.evaluate.trec import read_qrels, read_run

    judged = read_qrels(qrels)
    values = per_query(measures or available(COMPARED), judged, read_run(path))
    means = {name: mean(value) for name, value in values.items()}
    if as_json:
        print_json({"run": str(path), "queries": len(judged), "measures": means})
        return
    for name, value in means.items():
        console().print(f"{name:12} {100 * value:.2f}")
