"""Tags as plain dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmsearch.wire import VERSION

if TYPE_CHECKING:
    from mmsearch.library.tagging import TagReport


def tags_as_json(report: TagReport) -> dict[str, Any]:
    """What ``mmsearch tag --json`` prints: counts, and the tags of each document that got any."""
    return {
        "version": VERSION,
        "field": report.field,
        "dry_run": report.dry_run,
        "documents": len(report.documents),
        "tagged": report.tagged,
        "changed": report.changed,
        "labels": report.counts,
        "notes": list(report.notes),
        "sidecars_written": report.sidecars,
        "sidecars_failed": [{"path": path, "reason": reason} for path, reason in report.failed],
        "tags": [
            {
                "path": report.paths.get(one.document_id),
                "document_id": one.document_id,
                "tags": [
                    {
                        "label": tag.label,
                        "expected_count": tag.expected_count,
                        "score": tag.score,
                        "cosine": tag.cosine,
                        "item_id": tag.item_id,
                    }
                    for tag in one.tags
                ],
            }
            for one in report.documents
            if one.tags
        ],
    }
