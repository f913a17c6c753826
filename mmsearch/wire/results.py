"""Results as plain dictionaries: the JSON that every face shares, `Results.to_dict` with what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmsearch.search.results.results import Results


def results_as_json(results: Results, *, text: str | None, explain: bool) -> dict[str, Any]:
    """What ``mmsearch query --json`` prints; ``text`` is the query as it was typed."""
    written = results.to_dict(explain=explain)
    return written if text is None else {**written, "query": text}


def recommended_as_json(results: Results, *, explain: bool) -> dict[str, Any]:
    """What ``mmsearch recommend --json`` prints."""
    written = results.to_dict(explain=explain)
    return {
        name: written[name]
        for name in ("version", "query", "notes", "searched", "generation", "seconds", "hits")
    }
