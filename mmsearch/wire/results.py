"""Results as plain dictionaries: the JSON that every face shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmsearch.wire import VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.search.results.hit import Hit, Neighbor
    from mmsearch.search.results.results import Results


def results_as_json(results: Results, *, text: str | None, explain: bool) -> dict[str, Any]:
    """What ``mmsearch query --json`` prints; ``text`` is the query as it was typed."""
    return {
        "version": VERSION,
        "query": text if text is not None else str(results.query),
        "nothing_matches": results.nothing_matches,
        "notes": list(results.notes),
        "pieces": list(results.pieces),
        "searched": results.searched,
        "offset": results.offset,
        "total": results.total,
        "total_is_exact": results.total_is_exact,
        "seconds": round(results.seconds, 4),
        "facets": {
            field: [{"value": value, "documents": documents} for value, documents in counted]
            for field, counted in results.facets.items()
        },
        "hits": [hit_as_json(hit, explain=explain) for hit in results],
    }


def recommended_as_json(results: Results, *, explain: bool) -> dict[str, Any]:
    """What ``mmsearch recommend --json`` prints."""
    return {
        "version": VERSION,
        "query": str(results.query),
        "notes": list(results.notes),
        "searched": results.searched,
        "seconds": round(results.seconds, 4),
        "hits": [hit_as_json(hit, explain=explain) for hit in results],
    }


def hit_as_json(hit: Hit, *, explain: bool) -> dict[str, Any]:
    """A hit as JSON; ``file`` is absolute, ``path`` relative to the corpus."""
    from dataclasses import asdict

    record: dict[str, Any] = {
        "rank": hit.rank,
        "score": round(hit.score, 6),
        "strength": round(hit.strength, 1),
        "expected_count": hit.evalue,
        "cosine": None if hit.cosine is None else round(hit.cosine, 6),
        "item_id": hit.item_id,
        "document_id": hit.document_id,
        "path": hit.path,
        "file": str(hit.file),
        "modality": hit.modality,
        "locator": str(hit.locator),
        "title": hit.title,
        "text": hit.text,
        "snippet": None if hit.snippet is None else asdict(hit.snippet),
        "fields": dict(hit.fields),
        "copies": hit.copies,
        "before": passages_as_json(hit.before),
        "after": passages_as_json(hit.after),
    }
    if explain:
        record["explanation"] = [asdict(reason) for reason in hit.explanation]
    return record


def passages_as_json(found: Sequence[Neighbor]) -> list[dict[str, Any]]:
    """What stands beside a hit or an answer."""
    return [{"item_id": one.item_id, "locator": str(one.locator), "text": one.text} for one in found]
