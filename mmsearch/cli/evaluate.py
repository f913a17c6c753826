"""``mmsearch evaluate``: measure the search on a test collection, and compare two rankings."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmsearch.cli.options import AsJson, EncoderName
from mmsearch.cli.output.comparison import compare_runs, score_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mmsearch.datasets.beir import TextCollection
    from mmsearch.datasets.collections import Captioned
    from mmsearch.evaluate.experiment import Outcome, Settings

ARROWS = {
    "text-to-image": "text→image",
    "image-to-text": "image→text",
    "mixed": "text→all",
    "text-to-text": "text→text",
}


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
        list[str] | None, typer.Option(help="text-to-image or image-to-text only, or mixed; repeatable.")
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
    fusion: Annotated[str | None, typer.Option(help="How channels are fused, as in `query`.")] = None,
    weights: Annotated[str | None, typer.Option(help="Of channels, as in `query`.")] = None,
    rerank: Annotated[str | None, typer.Option(help="cross-encoder:MODEL, as in `query`.")] = None,
    plots: Annotated[
        Path | None, typer.Option(help="Draw the scores, the calibration and the recall into this folder.")
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
    from mmsearch.cli.fetching import have_encoder
    from mmsearch.datasets.collections import Choice, open_collection
    from mmsearch.encoders.registry import DEFAULT_ENCODER
    from mmsearch.errors import UsageError
    from mmsearch.evaluate.experiment import Settings

    if compare is not None or score is not None:
        if qrels is None or collection is not None:
            raise UsageError("--compare and --score want --qrels FILE and no collection")
        if compare is not None:
            compare_runs(compare, qrels, measure, as_json=as_json)
        if score is not None:
            score_run(score, qrels, measure, as_json=as_json)
        return
    if collection is None:
        raise UsageError("name a collection, or two runs with --compare A.run B.run --qrels FILE")
    if plots is not None:
        from mmsearch.evaluate.plots import require_plots

        require_plots()
    have_encoder(encoder, quiet=as_json)
    choice = Choice(split or None, sample or None, seed, images)
    with open_collection(collection, choice) as opened:
        settings = Settings(
            encoder or DEFAULT_ENCODER,
            index_dir,
            observe=plots is not None,
            search=_search_options(fusion, weights, rerank),
        )
        outcomes = _run(opened, task, depth, measure, settings, quiet=as_json)
        if per_query is not None:
            from mmsearch.evaluate.perquery import records, write_records

            write_records(per_query, (record for o in outcomes for record in records(o, measure)))
    if plots is not None:
        from mmsearch.evaluate.plots import write_plots

        write_plots(plots, opened.name, outcomes)
    if run is not None:
        from mmsearch.datasets.trec import write_run

        write_run(run, {query: ranked for o in outcomes for query, ranked in o.run.items()})
    if write_qrels is not None:
        from mmsearch.datasets.trec import write_qrels as write

        write(write_qrels, {query: judged for o in outcomes for query, judged in o.task.qrels.items()})
    if as_json:
        _print_json(opened, outcomes, measure)
    else:
        _print(opened, outcomes, measure)


def _run(
    collection: Captioned | TextCollection,
    only: Sequence[str] | None,
    depth: int,
    measures: Sequence[str] | None,
    settings: Settings,
    *,
    quiet: bool,
) -> list[Outcome]:
    from dataclasses import replace

    from mmsearch.evaluate.experiment import run
    from mmsearch.evaluate.measures import require
    from mmsearch.evaluate.tasks import tasks_of

    require(measures or ())
    tasks = tasks_of(collection, only or (), depth or None)
    with progress_bar(quiet=quiet) as progress:
        return [run(task, replace(settings, progress=progress)) for task in tasks]


def _search_options(fusion: str | None, weights: str | None, rerank: str | None) -> dict[str, Any]:
    from mmsearch.search.ranking.weights import parse_weights

    options: dict[str, Any] = {"fusion": fusion, "rerank": rerank}
    if weights is not None:
        options["weights"] = parse_weights(weights)
    return {name: value for name, value in options.items() if value is not None}


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """A progress bar on stderr; nothing in a pipe."""
    import sys

    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from mmsearch.cli.output.terminal import console

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
    from rich.table import Table

    from mmsearch.cli.output.terminal import console, escape

    table = Table("", *(ARROWS[o.task.name] for o in outcomes), box=None, pad_edge=False, header_style="bold")
    for column in table.columns[1:]:
        column.justify = "right"
    means = [outcome.means(measures) for outcome in outcomes]
    for name in dict.fromkeys(name for values in means for name in values):
        table.add_row(name, *(f"{100 * values[name]:.1f}" if name in values else "" for values in means))
    for name, cells in _of_the_line(outcomes, measures):
        table.add_row(name, *cells)
    for name, cells in _facts(outcomes):
        table.add_row(name, *cells, style="dim")
    out = console()
    out.print(f"[bold]{escape(collection.name)}[/], encoder {escape(outcomes[0].encoder)}")
    out.print(table)
    for note in _notes(collection, outcomes, measures):
        out.print(escape(note))


def _of_the_line(outcomes: Sequence[Outcome], measures: Sequence[str] | None) -> list[tuple[str, list[str]]]:
    """What --strict would leave of recall and success, and how right what stands above the line is."""
    strictly = [outcome.means(measures, strictly=True) for outcome in outcomes]
    lines = [outcome.line() for outcome in outcomes]
    names = dict.fromkeys(
        name for values in strictly for name in values if name.startswith(("R@", "Success@"))
    )
    return [
        *(
            (
                f"{name} above the line",
                [f"{100 * values[name]:.1f}" if name in values else "" for values in strictly],
            )
            for name in names
        ),
        ("right of what is above", [f"{100 * line.precision:.1f}" for line in lines]),
        ("above of what is right", [f"{100 * line.recall:.1f}" for line in lines]),
        ("told nothing", [f"{100 * line.nothing:.1f}" for line in lines]),
    ]


def _facts(outcomes: Sequence[Outcome]) -> list[tuple[str, list[str]]]:
    """The rows below the measures, which are percentages."""
    return [
        ("queries", [f"{len(o.task.queries):,}" for o in outcomes]),
        ("indexed", [f"{len(o.task.sources) - len(o.not_indexed):,}" for o in outcomes]),
        ("ms a query, p50", [f"{o.latency(0.5):.1f}" for o in outcomes]),
        ("ms a query, p95", [f"{o.latency(0.95):.1f}" for o in outcomes]),
        ("hits a query", [f"{o.task.depth}" for o in outcomes]),
        ("index finds", [_found(o) for o in outcomes]),
    ]


def _found(outcome: Outcome) -> str:
    """How much of the truth the vector indexes find."""
    return "all (exact)" if outcome.ann_recall is None else f"{100 * outcome.ann_recall:.1f} %"


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
    from dataclasses import asdict

    from mmsearch.cli.output.terminal import print_json

    print_json(
        {
            "collection": collection.name,
            "encoder": outcomes[0].encoder,
            "notes": list(collection.notes),
            "tasks": [
                {
                    "task": outcome.task.name,
                    "measures": outcome.means(measures),
                    "strict_measures": outcome.means(measures, strictly=True),
                    "line": asdict(outcome.line()),
                    "queries": len(outcome.task.queries),
                    "indexed": len(outcome.task.sources) - len(outcome.not_indexed),
                    "depth": outcome.task.depth,
                    "milliseconds_p50": round(outcome.latency(0.5), 3),
                    "milliseconds_p95": round(outcome.latency(0.95), 3),
                    "index_is_exact": outcome.ann_recall is None,
                    "index_recall": 1.0 if outcome.ann_recall is None else outcome.ann_recall,
                    "index_seconds": round(outcome.index_seconds, 3),
                    "not_indexed": dict(outcome.not_indexed),
                    "not_asked": dict(outcome.not_asked),
                }
                for outcome in outcomes
            ],
        }
    )
