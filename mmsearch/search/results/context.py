"""The passages before and after one, in its document."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.errors import UsageError
from mmsearch.search.index.documents import common
from mmsearch.search.results.hit import Neighbor

if TYPE_CHECKING:
    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.results.hit import Hit
    from mmsearch.search.results.results import Results


def neighbors(
    index: SearchIndex, hit: Hit, count: int = 1
) -> tuple[tuple[Neighbor, ...], tuple[Neighbor, ...]]:
    """The ``count`` passages before and after the passage ``hit``, in document order, as far as there are.

    Both empty for a picture, a title or a caption. Raises UsageError for a negative count.
    """
    if count < 0:
        raise UsageError(f"how many passages around a hit? at least 0, not {count}")
    if not count or hit.locator.kind != "characters":
        return (), ()
    items = index.documents.items_of(np.array([hit.document_id], dtype=np.int64))
    texts = common(items, index.documents.modalities["text"])
    place = int(np.searchsorted(texts, hit.item_id))
    sides = (texts[max(0, place - count) : place], texts[place + 1 : place + 1 + count])
    before, after = (
        tuple(
            Neighbor(item.item_id, item.locator, item.text)
            for item in index.catalogue.items(ids)
            if item.locator.kind == "characters"
        )
        for ids in sides
    )
    return before, after


def with_context(index: SearchIndex, results: Results, count: int) -> Results:
    """``results`` whose hits have the ``count`` passages before and after them."""

    def extended(hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
        found = ((hit, *neighbors(index, hit, count)) for hit in hits)
        return tuple(replace(hit, before=before, after=after) for hit, before, after in found)

    if count == 0:
        return results
    return replace(results, hits=extended(results.hits), best_guesses=extended(results.best_guesses))
