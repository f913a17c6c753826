"""The ``mmsearch`` command: registers the verbs and turns errors into one line and an exit status.

Exit status: 0 done (also when nothing matches) · 1 failed · 2 the request makes no sense · 3 finished, with
files skipped · 4 the index is missing or damaged · 5 the encoder is unknown or not the index's own · 6 an
extra is not installed · 7 a shard of a cluster can't be reached · 8 nor a database server · 130 interrupted ·
143 terminated.
"""

from __future__ import annotations

import os
import sys
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn, TextIO

import typer

from mmsearch.cli.options import INDEX_VARIABLE
from mmsearch.cli.output.terminal import say
from mmsearch.errors import EncoderWarning, MmsearchError, StoreWarning, UsageError
from mmsearch.printable import in_a_line

if TYPE_CHECKING:
    from collections.abc import Sequence

# In the order of the help. Each is the function of that name in a module of that name, or a group of verbs (``app``).
VERBS = (
    "index",
    "watch",
    "query",
    "browse",
    "recommend",
    "ask",
    "mcp",
    "tag",
    "duplicates",
    "enrich",
    "serve",
    "show",
    "stats",
    "check",
    "remove",
    "compact",
    "snapshot",
    "postgres",
    "evaluate",
    "tune",
    "train",
    "demo",
    "encoder",
)


def application(*verbs: str) -> typer.Typer:
    """The command line with ``verbs``, with all of them when none is named.

    A verb's options are built from its signature, which takes longer than a query takes to be answered for all of them.
    """
    app = typer.Typer(
        name="mmsearch",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Find pictures and texts by meaning, offline, from the first minute.",
        epilog=__doc__.split("\n\n", 1)[1].strip().replace("\n", " "),
    )
    app.callback(invoke_without_command=True)(_version)
    for verb in verbs or VERBS:
        module = import_module(f"mmsearch.cli.{verb}")
        group: typer.Typer | None = getattr(module, "app", None)
        if group is None:
            app.command()(getattr(module, verb))
        else:
            app.add_typer(group, name=verb)
    return app


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
    """Run the command line; errors that a user can mend, and warnings for users, are one line on stderr."""
    warnings.showwarning = _show_warning
    try:
        _check_arguments()
        application(*_named(sys.argv[1:]))()
    except MmsearchError as error:
        _refuse(str(error), error.exit_status)
    except UnicodeEncodeError as error:  # from Python's encoder of text that holds half a character
        from mmsearch.types import is_whole

        if is_whole(str(error.object)):
            raise
        _refuse("half a character can be neither searched for nor stored: write whole ones", 2)


def _named(arguments: Sequence[str]) -> tuple[str, ...]:
    """The verb that ``arguments`` begin with; none when it has to be looked for among all, as for the help."""
    return tuple(arguments[:1]) if arguments and arguments[0] in VERBS else ()


def _check_arguments() -> None:
    """UsageError for an argument whose bytes are no UTF-8, which Python hands on as halves of characters."""
    for argument in (*sys.argv[1:], os.environ.get(INDEX_VARIABLE, "")):
        if argument.isascii():
            continue  # without numpy, which comes with what asks
        from mmsearch.types import is_whole

        if not is_whole(argument):
            shown = argument.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            raise UsageError(
                f"{shown!r:.200} is not UTF-8: write it in UTF-8, or run mmsearch in a UTF-8 terminal"
            )


def _refuse(message: str, status: int) -> NoReturn:
    say(f"mmsearch: {in_a_line(message)}", stderr=True)
    sys.exit(status)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    if issubclass(category, (EncoderWarning, StoreWarning)):
        say(f"mmsearch: {in_a_line(str(message))}", stderr=True)
    else:
        say(warnings.formatwarning(message, category, filename, lineno, line).rstrip(), stderr=True)
