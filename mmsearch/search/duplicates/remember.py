"""Keep the groups of near-duplicate pictures that a report found with the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mmsearch.store.copies import write_groups

if TYPE_CHECKING:
    from mmsearch.search.duplicates.report import DuplicateReport
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.store.directory import IndexDirectory


def remember(report: DuplicateReport, index: SearchIndex, directory: IndexDirectory) -> None:
    """Keep the groups of near-duplicate pictures of ``report``: searches from now on show one of each."""
    groups = [group for group in report.groups if group.modality == "image" and not group.exact]
    items = [member.item_id for group in groups for member in group.members]
    with directory.write_lock():
        keys = index.catalogue.content_keys(np.array(items, dtype=np.int64))
        write_groups(
            directory.path,
            ([keys[one.item_id] for one in group.members if one.item_id in keys] for group in groups),
        )
