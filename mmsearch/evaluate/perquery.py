"""What happened to each query, one JSON object a line: to see where a system fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mmsearch.evaluate.experiment import Outcome

# Names of hits in a record: what a person looks at.
SHOWN = 10


def records(outcome: Outcome, measures: Sequence[str] | None = None) -> Iterator[dict[str, Any]]:
    """One record per query: what was asked, what is right, what came first, each measure, and the time.

    ``rank`` is that of the first right name, from 1; None when the run doesn't hold one. ``error`` says why a
    query could not be asked.
    """
    values = outcome.measures(measures)
    for query_id, content in outcome.task.queries.items():
        found = [name for name, _ in outcome.run.get(query_id, ())]
        relevant = [name for name, relevance in outcome.task.qrels[query_id].items() if relevance > 0]
        right = frozenset(relevant)
        milliseconds = outcome.milliseconds.get(query_id)
        yield {
            "task": outcome.task.name,
            "query_id": query_id,
            "query": query_id if isinstance(content, Path) else content,
            "relevant": relevant,
            "rank": next((rank for rank, name in enumerate(found, start=1) if name in right), None),
            "found": found[:SHOWN],
            "measures": {name: value[query_id] for name, value in values.items()},
            "milliseconds": None if milliseconds is None else round(milliseconds, 3),
            "error": outcome.not_asked.get(query_id),
        }


def write_records(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write ``rows`` to ``path``, one JSON object a line."""
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
