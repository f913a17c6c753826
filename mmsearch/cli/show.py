"""``mmsearch show``: one document, as the index knows it."""

from __future__ import annotations

from typing import Annotated

import typer

from mmsearch.cli.options import DEFAULT_INDEX, AsJson, IndexDirectory
from mmsearch.errors import UsageError


def show(
    document: Annotated[str, typer.Argument(help="A path as results show it (or its end), or #ITEM-ID.")],
    index_dir: IndexDirectory = DEFAULT_INDEX,
    as_json: AsJson = False,
) -> None:
    """Show a document: its fields and its items, with their locators and texts."""
    from mmsearch.cluster.opening import open as open_library

    with open_library(index_dir) as library:
        documents = library.find(document)
    if not documents:
        raise UsageError(f"no document {document!r} in {index_dir}: paths are relative to the corpus")
    if as_json:
        from mmsearch.cli.output.terminal import print_json
        from mmsearch.wire.documents import documents_as_json

        print_json(documents_as_json(documents))
        return
    from mmsearch.cli.output.terminal import console, escape

    out = console()
    for items in documents:
        first = items[0]
        out.print(f"[bold]{escape(first.path)}[/]  {escape(first.title or '')}")
        out.print(f"in {escape(first.corpus_root)}", style="dim")
        for name, value in sorted(first.fields.items()):
            out.print(f"  {escape(name)}: {escape(str(value))}")
        for item in items:
            text = escape(" ".join((item.text or "").split()))
            label = item.locator.text_label(item.modality)
            text = f"{label}: “{text}”" if label is not None else text
            out.print(f"  [cyan]#{item.item_id}[/] {item.modality} {item.locator}  {text}")
