"""Why nothing passes a filter: said, so that an answer about nothing is not taken for one about everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmsearch.search.query.notation import written
from mmsearch.store.catalogue.conditions import conjuncts

if TYPE_CHECKING:
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.store.catalogue.conditions import Condition


def why_nothing_passes(condition: Condition | None, index: SearchIndex) -> tuple[str, ...]:
    """Notes on the parts of ``condition`` that nothing in ``index`` passes, or that nothing passes all of them.

    None when something does, or when there is nothing in the index at all.
    """
    if condition is None or not index.documents.ids.size or index.catalogue.select_items(condition).size:
        return ()
    parts = conjuncts(condition)
    alone = [part for part in parts if not index.catalogue.select_items(part).size]
    if alone:
        return tuple(f"nothing in this index passes {written(part)}" for part in alone)
    return (f"nothing in this index passes {' and '.join(map(written, parts))} together",)
