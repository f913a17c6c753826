"""``mmsearch train``: train an encoder by a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from mmsearch.train.loop import Progress

EVERY = 5.0  # seconds between lines


def train(
    recipe: Annotated[
        Path, typer.Argument(help="A TOML file; recipes/ has some.", exists=True, dir_okay=False)
    ],
    data: Annotated[Path, typer.Option(help="The folder that the recipe's sources lie in.", exists=True)],
    output: Annotated[Path, typer.Option(help="Where the weights go; a run that was cut off goes on there.")],
) -> None:
    """Train an encoder by RECIPE. Needs the torch extra. Compile the result with `mmsearch encoder compile`."""
    from mmsearch.cli.terminal import human_bytes
    from mmsearch.errors import MissingExtraError
    from mmsearch.train.recipe import Recipe

    chosen = Recipe.load(recipe)
    try:
        from mmsearch.train.loop import train as run
        from mmsearch.train.state import WEIGHTS_FILE
    except ModuleNotFoundError as error:
        raise MissingExtraError("training", "torch") from error
    result = run(chosen, data, output, progress=_printer())
    weights = result.output / WEIGHTS_FILE
    typer.echo(f"{weights}: {human_bytes(weights.stat().st_size)}, dev score {result.best:.2f}")
    for name, measures in result.dev.items():
        typer.echo(f"  {name}: " + _figures(measures))
    typer.echo(f"next: mmsearch encoder compile {output} ENCODER_DIRECTORY --precision int8")


def _printer() -> Callable[[Progress], None]:
    import time

    last = -EVERY

    def show(now: Progress) -> None:
        nonlocal last
        if now.dev is None and time.monotonic() - last < EVERY:
            return
        last = time.monotonic()
        left = (now.steps - now.step) * now.seconds_a_step
        line = f"{now.phase} {now.step}/{now.steps}  loss {now.loss:.3f}  {now.rate:.0f} pictures/s"
        typer.echo(f"{line}  {left / 60:.0f} min left in this phase", err=True)
        for name, measures in (now.dev or {}).items():
            typer.echo(f"  {name}: {_figures(measures)}  best score {now.best:.2f}", err=True)

    return show


def _figures(measures: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:.1f}" for name, value in sorted(measures.items()))
