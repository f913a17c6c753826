"""Duplicates as plain dictionaries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmsearch.wire import VERSION

if TYPE_CHECKING:
    from mmsearch.search.duplicates.report import DuplicateGroup, DuplicateReport


def duplicates_as_json(report: DuplicateReport) -> dict[str, Any]:
    """What ``mmsearch duplicates --json`` prints; the first member of each group is the one to keep."""
    from dataclasses import asdict

    return {
        "version": VERSION,
        "groups": [
            {
                "kind": kind_of(group),
                "modality": group.modality,
                "spare_bytes": group.spare_bytes,
                "members": [asdict(one) for one in group.members],
            }
            for group in report.groups
        ],
        "spare_bytes": report.spare_bytes,
        "searched": report.searched,
        "compared": report.compared,
        "notes": list(report.notes),
        "unreadable": [{"path": path, "reason": reason} for path, reason in report.unreadable],
    }


def kind_of(group: DuplicateGroup) -> str:
    """``exact`` for equal content, ``near`` for what was made of one another."""
    return "exact" if group.exact else "near"
