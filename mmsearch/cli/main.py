"""The ``mmsearch`` command: registers the verbs and turns errors into one line and an exit status.

Exit status: 0 done (also when nothing matches) · 1 failed · 2 the request makes no sense · 3 finished, with
files skipped · 4 the index is missing or damaged · 5 the encoder is unknown or not the index's own · 6 an
extra is not installed · 130 interrupted.
"""

from __future__ import annotations

import sys

import typer

from mmsearch.cli import (
    ask,
    check,
    compact,
    demo,
    duplicates,
    encoder,
    evaluate,
    index,
    query,
    recommend,
    remove,
    show,
    stats,
    tag,
    train,
    tune,
)
from mmsearch.errors import MmsearchError

app = typer.Typer(
    name="mmsearch",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Find pictures and texts by meaning, offline, from the first minute.",
    epilog=__doc__.split("\n\n", 1)[1].strip().replace("\n", " "),
)
app.command()(index.index)
app.command()(query.query)
app.command()(recommend.recommend)
app.command()(ask.ask)
app.command()(tag.tag)
app.command()(duplicates.duplicates)
app.command()(show.show)
app.command()(stats.stats)
app.command()(check.check)
app.command()(remove.remove)
app.command()(compact.compact)
app.command()(evaluate.evaluate)
app.command()(tune.tune)
app.command()(train.train)
app.command()(demo.demo)
app.add_typer(encoder.app, name="encoder")


@app.callback(invoke_without_command=True)
def _version(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
) -> None:
    if version:
        from mmsearch.version import __version__

        typer.echo(f"mmsearch {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> None:
    """Run the command line; errors that a user can mend are one line on stderr."""
    try:
        app()
    except MmsearchError as error:
        typer.echo(f"mmsearch: {error}", err=True)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        typer.echo(
            "mmsearch: interrupted; what was finished is kept, run the command again to go on", err=True
        )
        sys.exit(130)
