"""What a search gives back: hits with their reasons, and whether anything matched at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

from mmsearch.search.results.hit import LINE, Hit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mmsearch.search.query.value import Query
    from mmsearch.search.results.places import Place
    from mmsearch.search.results.timeline import Histogram
    from mmsearch.thumbnails import Thumbnails
    from mmsearch.types import FieldValue

# Of the JSON that results become: goes up when what was there means something else, or is there no more.
VERSION = 1
# Hits in what ``print`` shows.
SHOWN = 20


@dataclass(frozen=True, slots=True, repr=False)
class Results(Sequence[Hit]):
    """Hits, best first, of a ``query`` among ``searched`` items.

    ``hits`` are those after the first ``offset``, however likely by chance, unless the request was strict: those
    `Hit.beyond_chance` are ``guesses``, which stand below a line, the others ``matches``. When the line stands above
    the first, ``nothing_matches``. ``total`` is how many hits stand above it: exactly so if ``total_is_exact`` (when
    all were looked at: because there are few, to sort them, to count facets), an estimate otherwise; ``more`` says
    whether further hits come after these, above it or below. ``facets``: for each field that was asked for, (value,
    documents), most frequent first, over all documents above the line, copies included; ``histogram`` and ``places`` of
    the same, None when they were not asked for. ``pieces`` are no words of the index and were looked for within words.
    ``notes`` say what was understood beyond what is written. ``generation`` names what was searched: of equal names,
    answers are equal. ``thumbnails``: where small pictures of the hits are kept, for notebooks and contact sheets.
    """

    query: Query
    hits: tuple[Hit, ...]
    notes: tuple[str, ...] = ()
    searched: int = 0
    total: int = 0
    cutoff: float | None = None
    seconds: float = field(default=0.0, compare=False)
    offset: int = 0
    total_is_exact: bool = True
    more: bool = False
    facets: Mapping[str, Sequence[tuple[FieldValue, int]]] = field(default_factory=dict)
    histogram: Histogram | None = None
    places: tuple[Place, ...] | None = None
    pieces: tuple[str, ...] = ()
    generation: str = field(default="", compare=False)
    missing: tuple[str, ...] = ()
    thumbnails: Thumbnails | None = field(default=None, compare=False)

    @property
    def nothing_matches(self) -> bool:
        """Whether nothing in the index matches the query: the line stands above the first hit."""
        return self.total == 0 and not self.matches

    @property
    def matches(self) -> tuple[Hit, ...]:
        """The hits above the line."""
        return tuple(hit for hit in self.hits if not hit.beyond_chance)

    @property
    def guesses(self) -> tuple[Hit, ...]:
        """The hits below the line: chance would find as good."""
        return tuple(hit for hit in self.hits if hit.beyond_chance)

    def __len__(self) -> int:
        return len(self.hits)

    def __repr__(self) -> str:
        matches, guesses = self.matches, self.guesses
        count = "nothing matches" if self.nothing_matches else f"{len(matches)} of {self.total} hits"
        below = [f"{LINE}:"] if guesses and len(matches) < SHOWN else []
        shown = [*map(repr, matches[:SHOWN]), *below, *map(repr, guesses[: max(0, SHOWN - len(matches))])]
        lines = [f"<Results of {str(self.query)!r:.80}: {count}>", *shown]
        return "\n".join(lines + (["…"] if len(self) > SHOWN else []))

    def to_dict(self, *, explain: bool = False) -> dict[str, Any]:
        """Everything as JSON's own values, as ``mmsearch query --json`` prints it; with ``explain`` the reasons too."""
        return {
            "version": VERSION,
            "query": str(self.query),
            "nothing_matches": self.nothing_matches,
            "notes": list(self.notes),
            "pieces": list(self.pieces),
            "searched": self.searched,
            "generation": self.generation,
            **({"partial": True, "missing": list(self.missing)} if self.missing else {}),
            "cutoff": self.cutoff,
            "offset": self.offset,
            "total": self.total,
            "total_is_exact": self.total_is_exact,
            "more": self.more,
            "seconds": round(self.seconds, 4),
            "facets": {
                field: [{"value": value, "documents": documents} for value, documents in counted]
                for field, counted in self.facets.items()
            },
            "histogram": None if self.histogram is None else self.histogram.to_dict(),
            "places": None if self.places is None else [place.to_dict() for place in self.places],
            "hits": [hit.to_dict(explain=explain) for hit in self],
        }

    @overload
    def __getitem__(self, index: int) -> Hit: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Hit, ...]: ...

    def __getitem__(self, index: int | slice) -> Hit | tuple[Hit, ...]:
        return self.hits[index]

    def _repr_html_(self) -> str:
        """The hits with thumbnails, for notebooks."""
        from mmsearch.search.results.gallery import fragment

        return fragment(self, self.thumbnails)
