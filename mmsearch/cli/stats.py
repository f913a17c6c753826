"""``mmsearch stats``: what an index holds."""

from __future__ import annotations

from typing import Annotated

import typer

from mmsearch.cli.options import DEFAULT_INDEX, AsJson, IndexDirectory


def stats(
    index_dir: IndexDirectory = DEFAULT_INDEX,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on, with a line for each change, until Ctrl-C.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what an index holds: documents, items, encoders, fields, size on disk."""
    if watch:
        from mmsearch.cli.output.changes import follow

        follow(index_dir, as_json=as_json)
    from mmsearch.cli.output.terminal import console, human_bytes, print_json
    from mmsearch.cluster.opening import open as open_library

    with open_library(index_dir) as library:
        overview = library.overview()
    if as_json:
        from mmsearch.wire.overview import overview_as_json

        print_json(overview_as_json(overview))
        return
    now, records, learned = overview.statistics, overview.encoders, overview.learned
    from rich.table import Table

    from mmsearch.cli.output.terminal import escape
    from mmsearch.types import SEVERAL

    out = console()
    items = ", ".join(f"{count:,} {SEVERAL[modality]}" for modality, count in sorted(now.items.items()))
    out.print(
        f"[bold]{escape(str(index_dir))}[/]: {now.documents:,} documents, {items or 'no items'}, "
        f"{human_bytes(overview.size)}"
    )
    for corpus in now.corpora:
        out.print(f"corpus   {escape(corpus.root)}")
    for (name, modality), rows in sorted(now.vectors.items()):
        form = f"{records[name].dimension} dimensions, {records[name].precision}"
        out.print(f"encoder  {escape(name)}: {rows:,} {modality} vectors ({form})")
    for address in overview.servers:
        out.print(f"searched on {escape(address)}")
    for one in overview.enrichments:
        what = one.enrichment
        out.print(
            f"enriched {escape(what.kind)} by {escape(what.model)} {escape(what.version)}: "
            f"{one.findings:,} found in {one.contents:,} contents, {one.items:,} items"
        )
    if overview.thumbnails.files:
        small = overview.thumbnails
        out.print(f"pictures {small.files:,} thumbnails, {human_bytes(small.bytes)}")
    if learned is not None:
        values = ", ".join(f"{name} {weight:g}" for name, weight in learned.values.items())
        out.print(
            f"weights  {escape(values)} (learned from {escape(learned.judgements)}, {learned.queries:,} queries: "
            f"{learned.measure} {100 * learned.default:.1f} → {100 * learned.learned:.1f}, p {learned.p:.2g})"
        )
    for name, count in now.unreadable.items():
        out.print(
            f"{count:,} texts are in scripts or signs that {escape(name)} can't read: found by words alone"
        )
    if now.tombstones:
        out.print(f"{now.tombstones:,} vectors are of removed items: `mmsearch compact` frees their space")
    if overview.fields:
        table = Table("field", "kind", "documents", "most frequent values", box=None, pad_edge=False)
        for name, info in sorted(overview.fields.items()):
            examples = ", ".join(str(value) for value in info.examples)
            table.add_row(escape(name), info.kind, f"{info.documents:,}", escape(examples))
        out.print(table)
