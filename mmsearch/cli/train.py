"""``mmsearch train``: train an encoder by a recipe, or adapt one to pairs of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from mmsearch.train.adapt import Adapted
    from mmsearch.train.judging import Judged
    from mmsearch.train.loop import Progress

ADAPTING = "Adapting"  # the panel of help that these options stand in


def train(
    output: Annotated[
        Path,
        typer.Option(
            help="Where the weights go, or the adapted encoder; a run that was cut off goes on there."
        ),
    ],
    recipe: Annotated[
        Path | None, typer.Argument(help="A TOML file; recipes/ has some.", exists=True, dir_okay=False)
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="The folder that the recipe's sources lie in.", exists=True)
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write curves for TensorBoard into OUTPUT/tensorboard.")
    ] = False,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="Adapt this encoder: pocket, a directory, a training run, openclip:ARCHITECTURE/PRETRAINED.",
            rich_help_panel=ADAPTING,
        ),
    ] = None,
    pairs: Annotated[
        Path | None,
        typer.Option(
            help="Your captioned pictures: a folder, manifest, zip or tar.",
            exists=True,
            rich_help_panel=ADAPTING,
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="Only records of this split; else those of 'train' where there is one.",
            rich_help_panel=ADAPTING,
        ),
    ] = None,
    keep: Annotated[
        Path | None,
        typer.Option(
            help="Captioned pictures of what must not be lost: half hold back, half measure.",
            exists=True,
            rich_help_panel=ADAPTING,
        ),
    ] = None,
    most_lost: Annotated[
        float,
        typer.Option(help="Points that may be lost on --keep, on average.", min=0, rich_help_panel=ADAPTING),
    ] = 2.0,
    held_out: Annotated[
        float, typer.Option(help="Share of the pictures that judges the result.", rich_help_panel=ADAPTING)
    ] = 0.2,
    precision: Annotated[
        str | None,
        typer.Option(help="fp32, fp16 or int8, for a source not yet compiled.", rich_help_panel=ADAPTING),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Save what is no better, too.", rich_help_panel=ADAPTING)
    ] = False,
) -> None:
    """Train an encoder by RECIPE, or adapt one to your pairs: --from pocket --pairs FOLDER. Needs the torch extra.

    Compile what RECIPE gives with `mmsearch encoder compile`; an adapted encoder is ready for `index --encoder`.
    """
    from mmsearch.errors import UsageError

    if (recipe is None) == (source is None):
        raise UsageError("give a RECIPE with --data to train by, or --from ENCODER with --pairs to adapt")
    if recipe is not None:
        if data is None:
            raise UsageError("--data is missing: the folder that the recipe's sources lie in")
        _train(recipe, data, output, tensorboard)
    else:
        if pairs is None:
            raise UsageError("--pairs is missing: a folder, manifest, zip or tar of your captioned pictures")
        settings = (split, most_lost, held_out, precision)
        _adapt(source, pairs, output, keep, settings, force)


def _train(recipe: Path, data: Path, output: Path, tensorboard: bool) -> None:
    from contextlib import ExitStack

    from mmsearch.cli.terminal import human_bytes
    from mmsearch.cli.training import figures, shown
    from mmsearch.errors import MissingExtraError
    from mmsearch.train.recipe import Recipe

    chosen = Recipe.load(recipe)
    try:
        from mmsearch.train.boards import tensorboard as board
        from mmsearch.train.loop import train as run
        from mmsearch.train.state import WEIGHTS_FILE
    except ModuleNotFoundError as error:
        raise MissingExtraError("training", "torch") from error
    with ExitStack() as stack:
        listeners = [stack.enter_context(shown())]
        if tensorboard:
            listeners.append(stack.enter_context(board(output / "tensorboard")))

        def progress(now: Progress) -> None:
            for listener in listeners:
                listener(now)

        result = run(chosen, data, output, progress=progress)
    if not result.leads:
        return
    weights = result.output / WEIGHTS_FILE
    typer.echo(f"{weights}: {human_bytes(weights.stat().st_size)}, dev score {result.best:.2f}")
    for name, measures in result.dev.items():
        typer.echo(f"  {name}: " + figures(measures))
    typer.echo(f"next: mmsearch encoder compile {output} ENCODER_DIRECTORY --precision int8")


def _adapt(
    source: str | None,
    pairs: Path,
    output: Path,
    keep: Path | None,
    settings: tuple[str | None, float, float, str | None],
    force: bool,
) -> None:
    import time

    from mmsearch.errors import MissingExtraError

    try:
        from mmsearch.train.adapt import Adaptation, adapt
    except ModuleNotFoundError as error:
        raise MissingExtraError("adapting an encoder", "torch") from error
    split, most_lost, held_out, precision = settings
    start = time.monotonic()
    adapt(
        str(source),
        pairs,
        output,
        Adaptation(held_out=held_out, split=split, most_lost=most_lost, precision=precision),
        keep=keep,
        force=force,
        progress=lambda line: typer.echo(line, err=True),
        judged=_print_judged,
    )
    minutes = (time.monotonic() - start) / 60
    typer.echo(
        f"{output}: ready after {minutes:.1f} min; use it with `mmsearch index CORPUS --encoder {output}`"
    )


def _print_judged(result: Adapted) -> None:
    from mmsearch.cli.terminal import console

    table = console()
    table.print(
        f"fitted to {result.fitted} pictures: {result.epochs} epochs, {result.share:.0%} of the way; R is text→image, "
        "S image→text (Success), in percent"
    )
    for one, what in ((result.own, "held out"), (result.kept, "to keep")):
        if one is not None:
            table.print(_judged_table(one, what))


def _judged_table(one: Judged, what: str) -> Table:
    from rich.table import Table

    table = Table(
        title=f"{one.name}, {what}: {one.pictures} pictures, {one.captions} captions", title_justify="left"
    )
    names = {
        f"{way}@{depth}": f"{letter}@{depth}"
        for way, letter in (("t2i", "R"), ("i2t", "S"))
        for depth in (1, 5, 10)
    }
    for heading in ("", *names.values(), "mean"):
        table.add_column(heading, justify="right")
    for heading, figures in (("before", one.before), ("after", one.after)):
        values = [figures[name] for name in names]
        table.add_row(heading, *(f"{value:.1f}" for value in (*values, sum(values) / len(values))))
    changes = [one.after[name] - one.before[name] for name in names]
    table.add_row("change", *(f"{change:+.1f}" for change in (*changes, sum(changes) / len(changes))))
    return table
