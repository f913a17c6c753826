"""Two rankings compared, or one measured, from TREC files: ``mmsearch evaluate --compare`` and ``--score``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.evaluate.significance import Comparison

COMPARED = ("nDCG@10", "RR@10", "R@10", "Success@1")


def compare_runs(
    runs: tuple[Path, Path], qrels: Path, measures: Sequence[str] | None, *, as_json: bool
) -> None:
    """Print what two TREC runs reach by ``qrels``, and the paired test of their difference."""
    from mmsearch.datasets.trec import read_qrels, read_run
    from mmsearch.evaluate.measures import available, per_query
    from mmsearch.evaluate.significance import compare

    names = measures or available(COMPARED)
    judged = read_qrels(qrels)
    first, second = (per_query(names, judged, read_run(path)) for path in runs)
    found = [compare(name, first[name], second[name]) for name in names]
    if as_json:
        from mmsearch.cli.output.terminal import print_json

        print_json({"first": str(runs[0]), "second": str(runs[1]), "measures": [_as_json(c) for c in found]})
    else:
        _print_comparison(runs, found)


def _as_json(comparison: Comparison) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(comparison), "difference": comparison.difference, "queries": comparison.queries}


def shown_p(p: float) -> str:
    """A p value to four digits; drawn signs can't tell smaller ones apart."""
    return f"{p:.4f}" if p >= 0.0001 else "<0.0001"


def _print_comparison(runs: tuple[Path, Path], found: Sequence[Comparison]) -> None:
    from rich.table import Table

    from mmsearch.cli.output.terminal import console

    headings = ("", runs[0].name, runs[1].name, "difference", "p", "better", "equal", "worse")
    table = Table(*headings, box=None, pad_edge=False, header_style="bold")
    for column in table.columns[1:]:
        column.justify = "right"
    for c in found:
        table.add_row(
            c.measure,
            f"{100 * c.first:.2f}",
            f"{100 * c.second:.2f}",
            f"{100 * c.difference:+.2f}",
            shown_p(c.p),
            *(f"{count:,}" for count in (c.better, c.equal, c.worse)),
        )
    out = console()
    out.print(table)
    out.print(f"{found[0].queries:,} queries; p of the paired randomization test, two-sided")


def score_run(path: Path, qrels: Path, measures: Sequence[str] | None, *, as_json: bool) -> None:
    """Print what one TREC run reaches by ``qrels``."""
    from mmsearch.cli.output.terminal import console, print_json
    from mmsearch.datasets.trec import read_qrels, read_run
    from mmsearch.evaluate.measures import available, mean, per_query

    judged = read_qrels(qrels)
    values = per_query(measures or available(COMPARED), judged, read_run(path))
    means = {name: mean(value) for name, value in values.items()}
    if as_json:
        print_json({"run": str(path), "queries": len(judged), "measures": means})
        return
    for name, value in means.items():
        console().print(f"{name:12} {100 * value:.2f}")
