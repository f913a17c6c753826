"""What is asked for at one moment, as a value, and its answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from mmsearch.store.catalogue.conditions import And, Comparison
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.library.library import Library
    from mmsearch.search.results.hit import Hit
    from mmsearch.search.results.results import Results
    from mmsearch.store.catalogue.conditions import Condition
    from mmsearch.types import FieldValue

Filter: TypeAlias = tuple[str, "FieldValue"]
Example: TypeAlias = tuple[int, str]  # the number of an item, and what it is called
Side: TypeAlias = Literal["likes", "dislikes"]

MOST = 500  # hits that are shown at most


@dataclass(frozen=True, slots=True)
class Asked:
    """Words, filters by a field's value, and items whose like is wanted more or less.

    ``entered``: the words were entered, not merely typed so far, so that they may name files and addresses.
    """

    text: str = ""
    filters: tuple[Filter, ...] = ()
    likes: tuple[Example, ...] = ()
    dislikes: tuple[Example, ...] = ()
    entered: bool = False

    def filtered(self, one: Filter) -> Asked:
        """With the filter, or without it when it was there."""
        others = tuple(other for other in self.filters if other != one)
        return replace(self, filters=others if one in self.filters else (*others, one))

    def clicked(self, side: Side, hit: Hit) -> Asked:
        """With ``hit`` on this side and not on the other; without it when it was there."""
        one = (hit.item_id, hit.title or hit.path)
        was_there = any(number == hit.item_id for number, _ in getattr(self, side))
        likes = tuple(other for other in self.likes if other[0] != hit.item_id)
        dislikes = tuple(other for other in self.dislikes if other[0] != hit.item_id)
        if was_there:
            return replace(self, likes=likes, dislikes=dislikes)
        if side == "likes":
            return replace(self, likes=(*likes, one), dislikes=dislikes)
        return replace(self, likes=likes, dislikes=(*dislikes, one))

    def without_last(self) -> Asked:
        """Without what was added last of dislikes, likes or filters."""
        for name in ("dislikes", "likes", "filters"):
            if kept := getattr(self, name):
                return replace(self, **{name: kept[:-1]})
        return self

    @property
    def condition(self) -> Condition | None:
        """The filters, all of which must hold."""
        parts = tuple(Comparison(field, "=", value) for field, value in self.filters)
        return And(parts) if len(parts) > 1 else parts[0] if parts else None


def answer(library: Library, asked: Asked, *, k: int, offset: int = 0, facets: Sequence[str] = ()) -> Results:
    """The ``k`` hits after the first ``offset``; what came last, newest first, when nothing is asked for.

    Raises what `Library.search` and `Library.recommend` do.
    """
    if asked.text.strip():
        signs = [f"#{number}" for number, _ in asked.likes] + [f"-#{number}" for number, _ in asked.dislikes]
        return library.search(
            " ".join([asked.text, *signs]),
            where=asked.condition,
            k=k,
            offset=offset,
            facets=list(facets),
            allow_files=asked.entered,
            allow_urls=asked.entered,
        )
    if asked.likes or asked.dislikes:
        found = library.recommend(
            [f"#{number}" for number, _ in asked.likes],
            [f"#{number}" for number, _ in asked.dislikes],
            offset + k,
            where=asked.condition,
        )
        return replace(
            found,
            hits=found.hits[offset:],
            offset=offset,
            more=len(found) == offset + k and offset + k < MOST,
        )
    return library.search(
        modality=list(MODALITIES),
        where=asked.condition,
        sort="-added",
        k=k,
        offset=offset,
        facets=list(facets),
    )
