"""A search as one value: every argument with its default and its check, the same from all faces."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mmsearch.errors import UsageError
from mmsearch.search.arguments import (
    FLAG,
    LIMIT,
    TEXT,
    TEXT_LIST,
    TEXTS,
    WEIGHTS,
    WHOLE,
    WHOLES,
    Duplicates,
    Kind,
    Request,
    checked_cutoff,
    checked_duplicates,
    checked_whole,
)
from mmsearch.search.compose import compose, several
from mmsearch.search.query.defaults import DEFAULT_CUTOFF, RERANK_DEPTH
from mmsearch.search.query.value import Picture, Query, Sound
from mmsearch.search.ranking.fusion import Fusion
from mmsearch.search.ranking.order import Order
from mmsearch.search.ranking.weights import checked
from mmsearch.search.rerank.cross_encoder import check_reranking

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.search.ranking.fusion import FusionName
    from mmsearch.search.ranking.task import Grouping
    from mmsearch.search.rerank.cross_encoder import PairScorer
    from mmsearch.store.catalogue.conditions import Condition
    from mmsearch.types import Modality


def _is_unwanted(value: Any) -> bool:
    things = value if isinstance(value, list) else [value]
    return all(
        isinstance(one, str) or (_is_object(one) and isinstance(next(iter(one.values())), str))
        for one in things
    )


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and list(value) in (["image"], ["audio"])


UNWANTED = Kind('a text, {"image" or "audio": a path or an address}, or a list of these', _is_unwanted)


@dataclass(frozen=True, slots=True)
class SearchRequest(Request):
    """What to look for, among what, in which order, and how much of it to show.

    ``text`` is in the query language (docs/query-language.md) or a `Query`. ``image``: one picture or several (a
    path, a URL, "-", a PIL image, bytes, a unit vector); ``audio``: one sound or several (a path, an address, "-", the
    bytes of a file, samples of 16 kHz, a unit vector); ``item``: ids of items to find more like; ``minus`` lowers and
    ``exclude`` removes what is like these texts, pictures or sounds (a `Path`, a `Picture`, a `Sound`, or a picture in
    memory).

    A text is text: ``@path`` and addresses in ``text``, ``minus`` and ``exclude`` are pictures only with
    ``allow_files`` and ``allow_urls``. Set them for what the user of this machine wrote, never for what a stranger did.

    ``modality``, ``where`` (the filter language) and ``path`` (globs) decide which items are ranked at all; several
    modalities or paths are alternatives.

    ``k`` hits after the first ``offset``: the first 10 of 100 are the answer for 10. ``group``: one hit for each
    "document", scored by all of its items, or one for each "item". ``duplicates``: "collapse" shows the first of
    documents that are copies of one another, with a count, "show" all of them. ``sort``: "relevance", "path",
    "title", a field, or "-year" for descending, of all that stands above the line, and of nothing else (where nothing
    does, the best guesses by relevance). ``facets``: fields whose values are counted over what stands above it;
    ``histogram``: a field whose dates are; ``places``: where on the earth that is, by latitude and longitude.
    ``context``: so many passages before and after a passage come along.

    ``cutoff``: the expected count that tells matches from guesses, and so where the line between them stands, below
    which chance would find as good (`Hit.beyond_chance`). None for no line. ``strict`` hides what is below it.

    ``fusion``: how channels are put together; ``weights`` of channels by name (``text→image``, ``words``, ``name``), 1
    where not given, None for those that were learned for the index. ``rerank``: "cross-encoder:MODEL" reads the texts
    of the first ``rerank_depth`` hits again, "exact" scores these from vectors in full precision. Without ``explain``
    hits carry no reasons.

    ``query`` is what the arguments of the first two paragraphs say together; requests are equal that ask the same.
    Lists become tuples, paths texts. Raises QueryError for a text or filter that can't be read, UsageError for any
    other argument that makes no sense.
    """

    verb: ClassVar[str] = "search"
    noun: ClassVar[str] = "query"
    example: ClassVar[str] = '{"text": "harbor", "k": 5}'

    text: str | Query | None = field(default=None, compare=False, metadata=TEXT.metadata)
    image: Any = field(default=(), compare=False, metadata=TEXTS.metadata)
    audio: Any = field(default=(), compare=False, metadata=TEXTS.metadata)
    item: int | Sequence[int] = field(default=(), compare=False, metadata=WHOLES.metadata)
    minus: Any = field(default=(), compare=False, metadata=UNWANTED.metadata)
    exclude: Any = field(default=(), compare=False, metadata=UNWANTED.metadata)
    modality: Modality | Sequence[Modality] | None = field(
        default=None, compare=False, metadata=TEXTS.metadata
    )
    where: str | Condition | None = field(default=None, compare=False, metadata=TEXT.metadata)
    path: str | Sequence[str] | None = field(default=None, compare=False, metadata=TEXTS.metadata)
    k: int = field(default=10, metadata=WHOLE.metadata)
    offset: int = field(default=0, metadata=WHOLE.metadata)
    group: Grouping = field(default="document", metadata=TEXT.metadata)
    duplicates: Duplicates = field(default="collapse", metadata=TEXT.metadata)
    sort: Order | str | None = field(default=None, metadata=TEXT.metadata)
    facets: Sequence[str] = field(default=(), metadata=TEXT_LIST.metadata)
    histogram: str | None = field(default=None, metadata=TEXT.metadata)
    places: bool = field(default=False, metadata=FLAG.metadata)
    context: int = field(default=0, metadata=WHOLE.metadata)
    cutoff: float | None = field(default=DEFAULT_CUTOFF, metadata=LIMIT.metadata)
    strict: bool = field(default=False, metadata=FLAG.metadata)
    fusion: Fusion | FusionName = field(default="calibrated", metadata=TEXT.metadata)
    weights: Mapping[str, float] | None = field(default=None, hash=False, metadata=WEIGHTS.metadata)
    rerank: str | PairScorer | None = field(default=None, metadata=TEXT.metadata)
    rerank_depth: int = field(default=RERANK_DEPTH, metadata=WHOLE.metadata)
    explain: bool = field(default=True, metadata=FLAG.metadata)
    allow_files: bool = field(default=False, compare=False)
    allow_urls: bool = field(default=False, compare=False)
    query: Query = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.group not in ("document", "item"):
            raise UsageError(f"hits are grouped by document or item, not by {self.group!r}")
        settled: dict[str, Any] = {
            **{name: several(getattr(self, name)) for name in ("image", "audio", "item", "minus", "exclude")},
            **{name: _tuple(getattr(self, name)) for name in ("modality", "path")},
            "facets": several(self.facets),
        }
        for name, value in settled.items():
            object.__setattr__(self, name, value)
        query = compose(
            self.text,
            image=self.image,
            audio=self.audio,
            minus=self.minus,
            exclude=self.exclude,
            item=self.item,
            modality=self.modality,
            where=self.where,
            path=self.path,
            allow_files=self.allow_files,
            allow_urls=self.allow_urls,
        )
        object.__setattr__(self, "query", query)
        self._check_numbers()
        checked_duplicates(self.duplicates)
        if self.weights is not None:
            object.__setattr__(self, "weights", checked(self.weights))
        fusion = self.fusion if isinstance(self.fusion, Fusion) else Fusion(self.fusion)
        object.__setattr__(self, "fusion", fusion.name if fusion == Fusion(fusion.name) else fusion)
        object.__setattr__(self, "sort", Order.parse(self.sort) if isinstance(self.sort, str) else self.sort)
        self._check_reranking()

    def _check_numbers(self) -> None:
        for name in ("k", "offset", "context", "rerank_depth"):
            object.__setattr__(self, name, checked_whole(name, getattr(self, name)))
        if self.k < 1 or self.offset < 0:
            raise UsageError(f"k must be at least 1 and offset at least 0, not {self.k} and {self.offset}")
        if self.context < 0:
            raise UsageError(f"how many passages around a hit? at least 0, not {self.context}")
        checked_cutoff(self.cutoff)

    def _check_reranking(self) -> None:
        if self.rerank is None:
            return
        check_reranking(self.rerank, self.rerank_depth)
        if isinstance(self.sort, Order):
            raise UsageError(f"hits are either sorted by {self.sort.field} or reranked, not both")

    def written(self, name: str, value: Any) -> Any:
        if isinstance(value, Query):
            return str(value)
        if isinstance(value, Order) and value.field.strip().removeprefix("-") == value.field:
            return str(value)
        if name in ("image", "audio"):
            return [str(one) if isinstance(one, Path) else one for one in value]
        if name in ("minus", "exclude"):
            return [_written_unwanted(one) for one in value]
        return Request.written(self, name, value)

    def to_json(self) -> dict[str, Any]:
        found = Request.to_json(replace(self, allow_files=False, allow_urls=False))
        if self.from_json(found) != self:
            raise UsageError(
                "a picture in the text of this query has no written form: give it as image, minus or exclude"
            )
        return found

    @classmethod
    def read_json(cls, given: str | bytes | Mapping[str, Any]) -> dict[str, Any]:
        found = super(SearchRequest, cls).read_json(given)
        for name in ("minus", "exclude"):
            if name in found:
                things = found[name] if isinstance(found[name], list) else [found[name]]
                found[name] = [_unwanted(one) if _is_object(one) else one for one in things]
        return found


def _unwanted(thing: dict[str, str]) -> Picture | Sound:
    return Sound(thing["audio"]) if "audio" in thing else Picture(thing["image"])


def _written_unwanted(thing: Any) -> Any:
    if isinstance(thing, Sound):
        return {"audio": thing.source}
    if isinstance(thing, Picture):
        return {"image": thing.source}
    return {"image": str(thing)} if isinstance(thing, Path) else thing


def _tuple(things: Any) -> Any:
    return tuple(things) if isinstance(things, list) else things
