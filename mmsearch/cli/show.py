"""``mmsearch show``: one document, as the index knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mmsearch.cli.options import DEFAULT_INDEX, AsJson, IndexDirectory
from mmsearch.errors import UsageError

if TYPE_CHECKING:
    from mmsearch.store.catalogue.values import StoredItem


def show(
    document: Annotated[str, typer.Argument(help="A path as results show it (or its end), or #ITEM-ID.")],
    index_dir: IndexDirectory = DEFAULT_INDEX,
    as_json: AsJson = False,
) -> None:
    """Show a document: its fields and its items, with their locators and texts."""
    from mmsearch.library import open as open_library

    with open_library(index_dir) as library:
        documents = library.find(document)
    if not documents:
        raise UsageError(f"no document {document!r} in {index_dir}: paths are relative to the corpus")
    if as_json:
        from mmsearch.cli.output.terminal import print_json

        print_json({"documents": [_as_json(items) for items in documents]})
        return
    from rich.markup import escape

    from mmsearch.cli.output.terminal import console

    out = console()
    for items in documents:
        first = items[0]
        out.print(f"[bold]{escape(first.path)}[/]  {escape(first.title or '')}")
        out.print(f"in {escape(first.corpus_root)}", style="dim")
        for name, value in sorted(first.fields.items()):
            out.print(f"  {escape(name)}: {escape(str(value))}")
        for item in items:
            out.print(f"  [cyan]#{item.item_id}[/] {item.modality} {item.locator}  {escape(item.text or '')}")


def _as_json(items: list[StoredItem]) -> dict[str, Any]:
    first = items[0]
    return {
        "document_id": first.document_id,
        "path": first.path,
        "corpus": first.corpus_root,
        "title": first.title,
        "fields": dict(first.fields),
        "items": [
            {"item_id": i.item_id, "modality": i.modality, "locator": str(i.locator), "text": i.text}
            for i in items
        ],
    }
