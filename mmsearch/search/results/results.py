"""What a search gives back: hits with their reasons, and whether anything matched at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

from mmsearch.search.results.hit import Hit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mmsearch.search.query.value import Query
    from mmsearch.types import FieldValue


@dataclass(frozen=True, slots=True)
class Results(Sequence[Hit]):
    """Hits, best first, of a ``query`` among ``searched`` items.

    ``hits`` are within the cutoff, those after the first ``offset``. When nothing is, ``nothing_matches`` is true
    and ``best_guesses`` are the hits that came nearest. ``total`` is how many hits are within the cutoff: exactly
    so if ``total_is_exact`` (when all were looked at: because there are few, to sort them, to count facets), an
    estimate otherwise. ``facets``: for each field that was asked for, (value, documents), most frequent first, over
    all documents within the cutoff, copies included. ``pieces`` are no words of the index and were looked for
    within words. ``notes`` say what was understood beyond what is written.
    """

    query: Query
    hits: tuple[Hit, ...]
    best_guesses: tuple[Hit, ...] = ()
    notes: tuple[str, ...] = ()
    searched: int = 0
    total: int = 0
    cutoff: float | None = None
    seconds: float = field(default=0.0, compare=False)
    offset: int = 0
    total_is_exact: bool = True
    facets: Mapping[str, Sequence[tuple[FieldValue, int]]] = field(default_factory=dict)
    pieces: tuple[str, ...] = ()

    @property
    def nothing_matches(self) -> bool:
        """Whether nothing in the index matches the query; a page beyond the last hit has no hits either."""
        return not self.hits and (self.offset == 0 or self.total == 0)

    def __len__(self) -> int:
        return len(self.hits)

    @overload
    def __getitem__(self, index: int) -> Hit: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Hit, ...]: ...

    def __getitem__(self, index: int | slice) -> Hit | tuple[Hit, ...]:
        return self.hits[index]

    def _repr_html_(self) -> str:
        """The hits with thumbnails, for notebooks."""
        from mmsearch.search.results.gallery import fragment

        return fragment(self)
