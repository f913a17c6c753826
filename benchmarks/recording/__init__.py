"""A recording of 400 answers, to be compared with what other code answers: a change that should change none does not.

``python -m benchmarks recording --output FILE`` records what this checkout answers, ``--compare BEFORE AFTER`` lists
where two recordings differ, and ends with 1 if they do. Without either, what is recorded twice must be the same.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import chdir, closing
from pathlib import Path
from typing import Any

from benchmarks.recording.answers import Asker
from benchmarks.recording.commands import commands, mistaken_commands
from benchmarks.recording.comparison import RENAMED, Comparison, compare
from benchmarks.recording.corpora import make_corpora, make_indexes
from benchmarks.recording.request import Request
from benchmarks.recording.searches import searches
from benchmarks.recording.verbs import mistakes, tending, verbs
from benchmarks.shared.data import shared_data
from benchmarks.shared.figures import Figure, at_least, seen


def measure(scale: float = 1.0) -> list[Figure]:
    """Two recordings of the same code, of which each makes its indexes anew."""
    data = shared_data()
    if data is None:
        return [seen("recording", "not measured: no collections in ../shared/data or MMSEARCH_DATA")]
    found = compare(record(data, scale), record(data, scale))
    _print(found)
    return [at_least("requests that two recordings answer the same", found.requests, found.same, "", 0)]


def requests() -> list[Request]:
    """All that is asked, in the order in which it is: the last ones change their index."""
    return [*searches(), *verbs(), *commands(), *mistakes(), *mistaken_commands(), *tending()]


def record(data: Path, scale: float = 1.0) -> dict[str, Any]:
    """The answer to each request, by its name."""
    asked = requests()
    asked = asked[: max(1, int(scale * len(asked)))]
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        work = Path(folder).resolve()
        make_corpora(work, data)
        make_indexes(work)
        with closing(Asker(work)) as asker:
            return {request.name: asker.answer(request) for request in asked}


def main(words: Sequence[str] | None = None) -> None:
    """Record, or compare two recordings."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks recording", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--output", type=Path, metavar="FILE", help="record into this JSON file")
    what.add_argument(
        "--compare", type=Path, nargs=2, metavar=("BEFORE", "AFTER"), help="compare two such files"
    )
    parser.add_argument(
        "--but", action="append", default=[], metavar="FIELD", help="not this field; repeatable"
    )
    parser.add_argument(
        "--renamed", action="append", default=[], metavar="OLD=NEW", help="a field's earlier name; repeatable"
    )
    arguments = parser.parse_args(words)
    if arguments.compare:
        try:
            before, after = (json.loads(file.read_text(encoding="utf-8")) for file in arguments.compare)
            renamed = dict(RENAMED) | dict(pair.split("=", 1) for pair in arguments.renamed)
        except (OSError, ValueError) as error:
            parser.error(str(error))
        found = compare(before, after, but=arguments.but, renamed=renamed)
        _print(found)
        sys.exit(0 if found.equal else 1)
    data = shared_data()
    if data is None:
        parser.error("there are no collections in ../shared/data or MMSEARCH_DATA")
    output = arguments.output.absolute()
    answers = record(data)
    output.write_text(json.dumps(answers, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{output}: {len(answers)} requests")


def _print(found: Comparison) -> None:
    for request, lines in found.differences.items():
        print(request, *(f"  {line}" for line in lines), sep="\n")
    for when, names in (("before", found.only_before), ("after", found.only_after)):
        if names:
            print(f"fields only {when}:", ", ".join(f"{name} ({count:,})" for name, count in names.items()))
    print(f"{found.same} of {found.requests} requests are answered the same")
