"""What a search gives back: hits with their reasons, and whether anything matched at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mmsearch.search.query import Query
    from mmsearch.search.snippets import Snippet
    from mmsearch.types import FieldValue, Locator, Modality


@dataclass(frozen=True, slots=True)
class Reason:
    """One summand of a hit's score.

    ``channel`` is how it was scored (``pocket text→image``, ``words``, ``name``), ``part`` the part of the query
    (``a red bicycle``, ``-snow``), ``item_id`` the item of the document that it is about. ``raw`` is the score as
    the channel gives it (a cosine, a BM25); ``calibrated`` is (raw - location) / scale where there is a
    background; ``evidence`` is how much the channel tells of the item, all of its parts together, in decades: 3 is
    as rare as 1 in 1,000. ``contribution`` is what comes of it in the score, with ``weight`` and beside the others.
    """

    channel: str
    part: str
    item_id: int
    raw: float
    location: float
    scale: float
    calibrated: float
    weight: float
    contribution: float
    evidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A passage beside a hit or an answer, or a picture (``text`` None) of the same document."""

    item_id: int
    locator: Locator
    text: str | None


@dataclass(frozen=True, slots=True)
class Hit:
    """One result. The contributions in ``explanation`` add up to ``score`` exactly.

    ``item_id``, ``modality``, ``locator`` and ``text`` are of the item that speaks most for the document.
    ``cosine`` is that item's highest raw similarity, None when it was found by words alone. ``evalue`` is the
    number of items as good as this one that an unrelated query would find in this index by chance, and
    ``strength`` (0 to 100) says how unlike chance the likeness is, whatever the size of the index.

    ``copies`` documents with the same content are left out of the results behind this one, as far as the search
    looked. ``before`` and ``after`` are the passages around a passage, in document order, when they were asked for.
    """

    rank: int
    score: float
    item_id: int
    document_id: int
    corpus_root: str
    path: str
    modality: Modality
    locator: Locator
    title: str | None
    text: str | None
    snippet: Snippet | None
    fields: Mapping[str, FieldValue]
    cosine: float | None
    strength: int
    evalue: float
    explanation: tuple[Reason, ...] = ()
    copies: int = 0
    before: tuple[Neighbor, ...] = ()
    after: tuple[Neighbor, ...] = ()

    @property
    def file(self) -> str:
        """The document's file, absolute (``corpus_root`` / ``path``)."""
        return f"{self.corpus_root.rstrip('/')}/{self.path}"


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
        from mmsearch.search.gallery import fragment

        return fragment(self)
