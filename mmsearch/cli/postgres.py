"""``mmsearch postgres``: put the vectors of an index on PostgreSQL servers, and search them there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmsearch.cli.options import DEFAULT_INDEX, AsJson, IndexDirectory
from mmsearch.cli.output.terminal import say

if TYPE_CHECKING:
    from pathlib import Path

    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.directory import IndexDirectory as Directory

app = typer.Typer(no_args_is_help=True, help="Put vectors on PostgreSQL servers, and search them there.")


@app.command()
def attach(
    servers: Annotated[
        list[str],
        typer.Argument(
            metavar="ADDRESS...",
            help="postgresql://user@host:5432/database, without a password (that is for ~/.pgpass or PGPASSWORD). "
            "Several share the vectors.",
        ),
    ],
    approximate: Annotated[
        bool,
        typer.Option("--approximate", help="Search by HNSW: faster from a million on, and not quite exact."),
    ] = False,
    index_dir: IndexDirectory = DEFAULT_INDEX,
    as_json: AsJson = False,
) -> None:
    """Bring the vectors of an index to servers and search them there from then on; each run brings what is new."""
    from mmsearch.library.published import attach as bring

    sent = _changed(
        index_dir, lambda directory, catalogue: bring(directory, catalogue, servers, approximate=approximate)
    )
    _tell(
        {"index": str(index_dir), "servers": servers, "vectors": sent},
        f"{sent:,} vectors are searched there now",
        as_json,
    )


@app.command()
def push(
    anew: Annotated[bool, typer.Option("--anew", help="Send all of them again, into new tables.")] = False,
    index_dir: IndexDirectory = DEFAULT_INDEX,
    as_json: AsJson = False,
) -> None:
    """Bring the vectors that are not there yet, as each run does by itself when the servers can be reached."""
    from mmsearch.library.published import publish

    sent = _changed(index_dir, lambda directory, catalogue: publish(directory, catalogue, anew=anew))
    _tell({"index": str(index_dir), "vectors": sent}, f"{sent:,} vectors were sent", as_json)


@app.command()
def detach(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the tables where they are.")] = False,
    index_dir: IndexDirectory = DEFAULT_INDEX,
    as_json: AsJson = False,
) -> None:
    """Search the vectors here again, and delete them there."""
    from mmsearch.library.published import detach as leave

    gone = _changed(index_dir, lambda directory, _: leave(directory, keep=keep))
    _tell(
        {"index": str(index_dir), "tables": gone}, f"searched here again; {gone} tables were deleted", as_json
    )


def _changed(index_dir: Path, change: Callable[[Directory, Catalogue], int]) -> int:
    """What ``change`` gives, under the write lock of the index."""
    from mmsearch.store.catalogue.catalogue import Catalogue
    from mmsearch.store.directory import IndexDirectory as Directory

    directory = Directory.open(index_dir)
    with directory.write_lock(), Catalogue.open(directory.catalogue_path) as catalogue:
        return change(directory, catalogue)


def _tell(record: dict[str, Any], line: str, as_json: bool) -> None:
    if as_json:
        from mmsearch.cli.output.terminal import print_json

        print_json(record)
    else:
        say(line)
