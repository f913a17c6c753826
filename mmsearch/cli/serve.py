"""``mmsearch serve``: the page, and the service behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmsearch.cli.options import DEFAULT_INDEX, IndexDirectory
from mmsearch.cli.output.terminal import say
from mmsearch.errors import MissingExtraError, UsageError


def serve(
    index_dir: IndexDirectory = DEFAULT_INDEX,
    host: Annotated[
        str | None,
        typer.Option(help="Answer other machines at this address, too: 0.0.0.0 for all. They need a token."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for any that is free.")] = 8080,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            help="A name under which the service may be asked, as behind a proxy: search.example.org."
        ),
    ] = None,
    proxy: Annotated[
        list[str] | None,
        typer.Option(
            help="The address of a reverse proxy that is believed for whom it asks; else this machine's."
        ),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(
            help="The token that each request must show; without it, one is made up where it is needed."
        ),
    ] = None,
    allow_write: Annotated[
        bool, typer.Option("--allow-write", help="Let feedback and tags be kept in the index.")
    ] = False,
    threads: Annotated[int, typer.Option(min=0, help="Searches at once; 0 for as many as cores.")] = 0,
    in_browser: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Serve the page, and an HTTP API, for an index."""
    from mmsearch.cluster.opening import open as open_library
    from mmsearch.serve.warming import begin, uncollected

    library = open_library(index_dir)
    begin(library)
    try:
        with uncollected():
            from mmsearch.serve.run import listen
            from mmsearch.serve.run import serve as run
            from mmsearch.serve.security.tokens import new_token, read_token
            from mmsearch.serve.settings import LOOPBACK, Settings
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "mmsearch":
            raise
        raise MissingExtraError("mmsearch serve", "serve") from error
    address = host or "127.0.0.1"
    if not address.strip():
        raise UsageError("--host is an address of this machine, such as 0.0.0.0")
    token = None if token_file is None else read_token(token_file)
    made_up = token is None and address not in LOOPBACK
    if made_up:
        token = new_token()
    listening = listen(address, port)
    port = listening.getsockname()[1]
    names = tuple(name.lower() for name in (*(allow_host or ()), *([] if host is None else [host])))
    settings = Settings(
        token=token,
        hosts=names,
        proxies=tuple(proxy or LOOPBACK),
        allow_write=allow_write,
        threads=threads,
    )
    shown = "127.0.0.1" if address in ("0.0.0.0", "::") else address
    page = f"http://{f'[{shown}]' if ':' in shown else shown}:{port}/"

    def ready() -> None:
        say(f"serving {index_dir} at {page} – Ctrl-C stops it")
        if made_up:
            say(f"token: {token}")
        if in_browser:
            import webbrowser

            webbrowser.open(page)

    run(library, settings, listening, ready)
