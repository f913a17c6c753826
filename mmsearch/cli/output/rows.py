"""Hits as rows, for pipes and spreadsheets: TSV and CSV with a header and chosen columns, or paths alone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal, TypeAlias

from mmsearch.errors import UsageError
from mmsearch.printable import in_a_line, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mmsearch.library import Library
    from mmsearch.search.results.hit import Hit

RowForm: TypeAlias = Literal["tsv", "csv", "paths", "paths0"]

COLUMNS: Mapping[str, Callable[[Hit], object]] = {
    "rank": lambda hit: hit.rank,
    "score": lambda hit: f"{hit.score:.4f}",
    "path": lambda hit: hit.path,
    "modality": lambda hit: hit.modality,
    "locator": lambda hit: hit.locator,
    "part": lambda hit: hit.locator.part,
    "text": lambda hit: hit.text,
    "strength": lambda hit: hit.strength,
    "expected_count": lambda hit: hit.evalue,
    "cosine": lambda hit: hit.cosine,
    "title": lambda hit: hit.title,
    "file": lambda hit: hit.file,
    "item_id": lambda hit: hit.item_id,
    "document_id": lambda hit: hit.document_id,
    "copies": lambda hit: hit.copies,
    "beyond_chance": lambda hit: hit.beyond_chance,
}
USUAL = ("rank", "score", "path", "modality", "locator", "text")


def row_form(*, as_json: bool, tsv: bool, csv: bool, paths: bool, paths0: bool) -> RowForm | None:
    """The one form of rows that is asked for, if any; UsageError for several forms."""
    if as_json + tsv + csv + paths + paths0 > 1:
        raise UsageError("choose one of --json, --tsv, --csv, --paths and --paths0")
    return "tsv" if tsv else "csv" if csv else "paths" if paths else "paths0" if paths0 else None


def chosen_columns(written: str | None, form: RowForm | None, library: Library) -> tuple[str, ...]:
    """The columns of ``--fields title,year``: what a hit has, or the fields of its document.

    Raises UsageError for one that there is not, and for columns without ``--tsv`` or ``--csv``.
    """
    if written is None:
        return USUAL
    if form not in ("tsv", "csv"):
        raise UsageError("--fields says which columns --tsv and --csv have: give one of these too")
    chosen = tuple(name.strip() for name in written.split(",") if name.strip())
    known = (*COLUMNS, *library.fields())
    for name in chosen:
        if name not in known:
            raise UsageError(f"no hit has a field {name!r}; there are {', '.join(known)}")
    if not chosen:
        raise UsageError("--fields names no column: write --fields path,title")
    return chosen


def print_rows(hits: Iterable[Hit], form: RowForm, columns: Sequence[str] = USUAL) -> None:
    """``hits`` in the ``form``: with ``columns`` under a header, or their files' paths.

    In a path and a cell of TSV, what is no plain character is an escape (a tab ``\\t``, a backslash ``\\\\``); after
    ``paths0`` paths are as they are, each ended by a NUL.
    """
    if form == "paths":
        sys.stdout.writelines(f"{in_a_line(hit.file)}\n" for hit in hits)
    elif form == "paths0":
        sys.stdout.flush()
        sys.stdout.buffer.writelines(hit.file.encode("utf-8", "surrogateescape") + b"\0" for hit in hits)
        sys.stdout.buffer.flush()
    else:
        print_table(columns, ([_cell(hit, name) for name in columns] for hit in hits), form)


def print_table(header: Sequence[str], rows: Iterable[Sequence[object]], form: Literal["tsv", "csv"]) -> None:
    """A ``header`` and ``rows`` of as many cells; None is an empty one."""
    written = ([_written(cell) for cell in row] for row in [header, *rows])
    if form == "tsv":
        sys.stdout.writelines("\t".join(map(escaped, row)) + "\n" for row in written)
        return
    import csv

    csv.writer(sys.stdout, lineterminator="\n").writerows(map(printable, row) for row in written)


def escaped(cell: str) -> str:
    """``cell`` within its column: tabs, line ends and backslashes as escapes, which can be undone."""
    return in_a_line(cell.replace("\\", "\\\\"))


def _cell(hit: Hit, name: str) -> object:
    return COLUMNS[name](hit) if name in COLUMNS else hit.fields.get(name)


def _written(cell: object) -> str:
    if cell is None:
        return ""
    return str(cell).lower() if isinstance(cell, bool) else str(cell)
