"""What a training run shows while it goes on: a bar in a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from mmsearch.cli.output.terminal import console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mmsearch.train.loop.loop import Progress

EVERY = 5.0  # seconds between lines


@contextmanager
def shown() -> Iterator[Callable[[Progress], None]]:
    """A callback that shows a run's progress for as long as the block runs."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich import progress

    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.fields[state]}"),
    )
    with progress.Progress(*columns, console=console(stderr=True)) as bar:
        yield show_in(bar)


def figures(measures: dict[str, float]) -> str:
    """Measures on one line, by name."""
    return "  ".join(f"{name} {value:.1f}" for name, value in sorted(measures.items()))


def show_in(bar: Any) -> Callable[[Progress], None]:
    """A callback that moves a rich ``bar``, a line of it for each phase, and prints dev figures above."""
    tasks: dict[str, Any] = {}

    def show(now: Progress) -> None:
        state = f"loss {now.loss:.3f}  {now.rate:.0f} pictures/s"
        if now.best is not None and now.best >= 0:
            state += f"  best {now.best:.2f}"
        if now.phase not in tasks:
            tasks[now.phase] = bar.add_task(now.phase, total=now.steps, state=state)
        bar.update(tasks[now.phase], completed=now.step, state=state)
        for name, measures in (now.dev or {}).items():
            bar.console.print(
                f"{now.phase} {now.step}/{now.steps}  {name}: {figures(measures)}", markup=False
            )

    return show


def _lines() -> Callable[[Progress], None]:
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
            typer.echo(f"  {name}: {figures(measures)}  best score {now.best:.2f}", err=True)

    return show
