"""What an indexing run did, as a plain dictionary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmsearch.ingest.options import IndexReport


def report_as_json(report: IndexReport) -> dict[str, Any]:
    """What ``mmsearch index --json`` prints."""
    from mmsearch.media.kinds import missing_extras

    return {
        "added": report.added,
        "updated": report.updated,
        "renamed": report.renamed,
        "removed": report.removed,
        "unchanged": report.unchanged,
        "encoded": dict(report.encoded),
        "reused": report.reused,
        "seconds": round(report.seconds, 3),
        "skipped": [{"path": whole(entry.path), "reason": entry.reason} for entry in report.skipped],
        "unread": dict(report.unread),
        "unread_paths": [whole(path) for path in report.unread_paths],
        "install": missing_extras(report.unread),
        "offers": list(report.offers),
    }


def whole(path: str) -> str:
    """``path`` without lone surrogates, which neither JSON in UTF-8 nor a terminal can hold."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")
