"""Tags as plain dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmsearch.wire import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def tags_from_json(record: Mapping[str, Any], cutoff: float | None) -> TagReport:
    """What ``tags_as_json`` wrote, which has those documents alone that got a tag; ``cutoff`` is what was asked for."""
    from mmsearch.library.tagging import TagReport
    from mmsearch.search.tags.tags import Tag, Tagged

    return TagReport(
        labels=tuple(record["labels"]),
        documents=tuple(
            Tagged(one["document_id"], tuple(Tag(**tag) for tag in one["tags"])) for one in record["tags"]
        ),
        cutoff=cutoff,
        field=record["field"],
        dry_run=record["dry_run"],
        changed=record["changed"],
        paths={one["document_id"]: one["path"] for one in record["tags"]},
        notes=tuple(record["notes"]),
        sidecars=record["sidecars_written"],
        failed=tuple((one["path"], one["reason"]) for one in record["sidecars_failed"]),
    )
