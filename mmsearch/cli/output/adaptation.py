"""What adapting and teaching an encoder show: progress, then tables of before and after."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mmsearch.cli.output.terminal import console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from mmsearch.train.adapt.adapt import Adapted
    from mmsearch.train.adapt.judging import Judged
    from mmsearch.train.languages.languages import Taught

HEADINGS = {
    f"{way}@{depth}": f"{letter}@{depth}"
    for way, letter in (("t2i", "R"), ("i2t", "S"))
    for depth in (1, 5, 10)
}


def adapt_and_show(
    source: str,
    pairs: Path,
    output: Path,
    keep: Path | None,
    settings: tuple[str | None, float, float | None, str | None],
    *,
    force: bool,
) -> None:
    """Adapt ``source`` to ``pairs``; ``settings``: split, most points lost, share held out, precision."""
    from mmsearch.errors import MissingExtraError

    try:
        from mmsearch.train.adapt.adapt import Adaptation, adapt
    except ModuleNotFoundError as error:
        raise MissingExtraError("adapting an encoder", "torch") from error
    split, most_lost, held_out, precision = settings
    chosen = Adaptation(split=split, most_lost=most_lost, precision=precision)
    if held_out is not None:
        chosen = replace(chosen, held_out=held_out)
    with _timed(output):
        adapt(
            source, pairs, output, chosen, keep=keep, force=force, progress=_progress, judged=_print_adapted
        )


def teach_and_show(
    source: str,
    files: list[Path],
    output: Path,
    keep: Path | None,
    settings: tuple[int, int, float | None, float, tuple[str, ...], str | None],
    *,
    force: bool,
) -> None:
    """Teach ``source`` what ``files`` translate; ``settings``: words, steps, share held out, most points lost,
    fields, split."""
    from mmsearch.errors import MissingExtraError

    try:
        from mmsearch.train.languages.languages import Teaching, teach
        from mmsearch.train.languages.wordlearning import Schedule
    except ModuleNotFoundError as error:
        raise MissingExtraError("teaching an encoder a language", "torch") from error
    words, steps, held_out, most_lost, fields, split = settings
    schedule = Schedule(steps=steps)
    chosen = Teaching(words=words, fields=fields, split=split, most_lost=most_lost, schedule=schedule)
    if held_out is not None:
        chosen = replace(chosen, held_out=held_out)
    with _timed(output):
        teach(source, files, output, chosen, keep=keep, force=force, progress=_progress, judged=_print_taught)


def _progress(line: str) -> None:
    typer.echo(line, err=True)


@contextmanager
def _timed(output: Path) -> Iterator[None]:
    start = time.monotonic()
    yield
    minutes = (time.monotonic() - start) / 60
    typer.echo(
        f"{output}: ready after {minutes:.1f} min; use it with `mmsearch index CORPUS --encoder {output}`"
    )


def _print_adapted(result: Adapted) -> None:
    table = console()
    table.print(
        f"fitted to {result.fitted} pictures: {result.epochs} epochs, {result.share:.0%} of the way; R is text→image, "
        "S image→text (Success), in percent"
    )
    for one, what in ((result.own, "held out"), (result.kept, "to keep")):
        if one is not None:
            title = f"{one.name}, {what}: {one.pictures} pictures, {one.captions} captions"
            table.print(_before_and_after(one, title))


def _print_taught(result: Taught) -> None:
    table = console()
    table.print(
        f"{result.pairs} pairs, {result.added} new word pieces, {result.learned} learned; R is translation→original, "
        "S original→translation, in percent"
    )
    for one in result.languages:
        table.print(_before_and_after(one, f"{one.name}, held out: {one.captions} pairs"))
    if result.kept is not None:
        title = (
            f"{result.kept.name}, to keep: {result.kept.pictures} pictures, {result.kept.captions} captions"
        )
        table.print(_before_and_after(result.kept, title))
    table.print(
        f"what was known: {result.same:.1%} of the originals have the vector that they had, mean cosine "
        f"{result.likeness:.4f}; pictures are untouched"
    )


def _before_and_after(one: Judged, title: str) -> Table:

    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for heading in ("", *HEADINGS.values(), "mean"):
        table.add_column(heading, justify="right")
    for heading, figures in (("before", one.before), ("after", one.after)):
        values = [figures[name] for name in HEADINGS]
        table.add_row(heading, *(f"{value:.1f}" for value in (*values, sum(values) / len(values))))
    changes = [one.after[name] - one.before[name] for name in HEADINGS]
    table.add_row("change", *(f"{change:+.1f}" for change in (*changes, sum(changes) / len(changes))))
    return table
