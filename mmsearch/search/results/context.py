"""The passages before and after one, in its document."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mmsearch.errors import UsageError
from mmsearch.search.results.hit import Neighbor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.results.hit import Hit
    from mmsearch.search.results.results import Results
    from mmsearch.store.catalogue.values import StoredItem


def neighbors(
    index: SearchIndex, hit: Hit, count: int = 1
) -> tuple[tuple[Neighbor, ...], tuple[Neighbor, ...]]:
    """The ``count`` passages before and after the passage ``hit``, in document order, as far as there are.

    Both empty for a picture, a title or a caption. Raises UsageError for a negative count.
    """
    if count < 0:
        raise UsageError(f"how many passages around a hit? at least 0, not {count}")
    if not count or not _is_passage(hit):
        return (), ()
    return passages_around(index.catalogue.document_items(hit.document_id), hit.item_id, count)


def passages_around(
    items: Sequence[StoredItem], item_id: int, count: int
) -> tuple[tuple[Neighbor, ...], tuple[Neighbor, ...]]:
    """The ``count`` passages before and after ``item_id`` among the ``items`` of its document, in their order.

    Both empty when the item is no passage of theirs.
    """
    passages = [Neighbor.of(item) for item in items if _is_passage(item)]
    place = next((n for n, one in enumerate(passages) if one.item_id == item_id), None)
    if place is None:
        return (), ()
    return tuple(passages[max(0, place - count) : place]), tuple(passages[place + 1 : place + 1 + count])


def _is_passage(one: Hit | StoredItem) -> bool:
    """Whether it is a piece of a longer text, or of what is said."""
    return one.modality == "text" and one.locator.innermost.kind in ("characters", "seconds")


def with_context(index: SearchIndex, results: Results, count: int) -> Results:
    """``results`` whose hits have the ``count`` passages before and after them."""

    def extended(hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
        found = ((hit, *neighbors(index, hit, count)) for hit in hits)
        return tuple(replace(hit, before=before, after=after) for hit, before, after in found)

    if count == 0:
        return results
    return replace(results, hits=extended(results.hits))
