"""Keep the groups of near-duplicate pictures that a report found with the index."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.store.kept.copies import read_groups, write_groups

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from mmsearch.search.duplicates.report import DuplicateReport
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.store.directory import IndexDirectory


def remember(report: DuplicateReport, index: SearchIndex, directory: IndexDirectory) -> None:
    """Keep the groups of near-duplicate pictures of ``report``: searches from now on show one of each.

    What was remembered of pictures that the index does not hold now is kept: they may come back.
    """
    groups = [group for group in report.groups if group.modality == "image" and not group.exact]
    items = [member.item_id for group in groups for member in group.members]
    with directory.write_lock():
        keys = index.catalogue.content_keys(np.array(items, dtype=np.int64))
        found = [{keys[one.item_id] for one in group.members if one.item_id in keys} for group in groups]
        earlier: dict[int, set[bytes]] = defaultdict(set)
        for key, number in read_groups(directory.path).items():
            earlier[number].add(key)
        there = {key for group in earlier.values() for key in group if _is_there(index, key)}
        write_groups(directory.path, with_absent(found, list(earlier.values()), there))


def with_absent(
    found: Sequence[Set[bytes]], earlier: Sequence[Set[bytes]], there: Set[bytes]
) -> list[Set[bytes]]:
    """The groups that were ``found`` among the keys that are ``there``, with what ``earlier`` groups know of others.

    What is absent joins the group that was found of its companions; where none was, it stays with a companion that
    is alone, for nobody has compared the two. Companions that are there and were found to differ are parted.
    """
    groups = [set(group) for group in found]
    for group in map(set, earlier):
        absent, present = group - there, group & there
        if not absent:
            continue
        company = next((one for one in groups if one & present), None)
        if company is not None:
            company |= absent
        else:
            groups.append(absent | present if len(present) == 1 else absent)
    return [*groups]


def _is_there(index: SearchIndex, key: bytes) -> bool:
    corpora = index.catalogue.corpora()
    return any(index.catalogue.documents_with_key(corpus.corpus_id, key) for corpus in corpora)
