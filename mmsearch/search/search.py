"""Answer a query: filter, encode, score, fuse, draw the line, explain."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.index.passing import why_nothing_passes
from mmsearch.search.ranking.fusion import Fusion
from mmsearch.search.ranking.line import Line, all_above, line_through, split
from mmsearch.search.ranking.order import Order, in_order
from mmsearch.search.ranking.pages import page, without_copies
from mmsearch.search.ranking.scoring import Scoring
from mmsearch.search.ranking.task import prepare
from mmsearch.search.ranking.threshold import Ranker
from mmsearch.search.ranking.weights import refuse_unknown, weights_in_use
from mmsearch.search.rerank.cross_encoder import Reranker, reranked
from mmsearch.search.results.context import with_context
from mmsearch.search.results.explain import hits_of, telling_items
from mmsearch.search.results.originals import originals
from mmsearch.search.results.places import LATITUDE, LONGITUDE, merged
from mmsearch.search.results.results import Results
from mmsearch.search.results.strength import falling
from mmsearch.search.results.timeline import histogram

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.ranking.pages import Page
    from mmsearch.search.ranking.task import Prepared
    from mmsearch.search.ranking.weights import LearnedWeights
    from mmsearch.search.request import SearchRequest
    from mmsearch.search.results.places import Place
    from mmsearch.search.results.timeline import Histogram
    from mmsearch.types import FieldValue, Ids


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """n documents that are shown, the first ``above`` of which stand above the line, each with its ``copies``.

    ``prepared`` has the channels that scored them.
    """

    scoring: Scoring
    copies: Ids
    above: int
    prepared: Prepared


def search(request: SearchRequest, index: SearchIndex, *, learned: LearnedWeights | None = None) -> Results:
    """The hits that ``request`` asks for, best first.

    ``learned``: weights of channels, where the request gives none. Raises UsageError for what the index doesn't
    have, such as a field, and what loading a model to rerank with raises.
    """
    started = time.perf_counter()
    query = request.query
    fusion = request.fusion if isinstance(request.fusion, Fusion) else Fusion(request.fusion)
    weights = weights_in_use(request.weights, fusion, learned)
    if request.weights:  # or no encoder is needed to pass by a filter alone
        refuse_unknown(request.weights, index.encoders)
    prepared = prepare(query, index, group=request.group, fusion=fusion, weights=weights)
    ranker, searched = Ranker(prepared.task), prepared.task.searched
    reranker = None if request.rerank is None else Reranker.of(request.rerank, request.rerank_depth)
    # Without anything to rank by, the filter alone decides, and it is exact.
    cutoff = request.cutoff if prepared.task.columns else None
    every = None
    if isinstance(request.sort, Order) or request.facets or request.histogram or request.places:
        every = all_above(ranker, searched, cutoff)
    part = _page(request, ranker, prepared, index, every, 0 if reranker is None else reranker.depth)
    line = _line(request, ranker, prepared, index, part, every, cutoff)
    shown = _shown(part, line, prepared)
    if reranker is not None and reranker.scorer is None:
        before = shown.above
        shown = _exactly(shown, index, reranker.depth, cutoff)
        if line.exact:
            line = replace(line, total=line.total - before + shown.above)
    first = request.offset if reranker is None else 0
    hits = hits_of(
        shown.scoring,
        shown.prepared,
        index,
        first,
        above=shown.above,
        copies=shown.copies,
        explain=request.explain,
    )
    if request.strict:
        hits = tuple(hit for hit in hits if not hit.beyond_chance)
    if reranker is not None:
        matches = [hit for hit in hits if not hit.beyond_chance]
        read = reranked(matches, reranker, prepared.text, index.catalogue)
        hits = falling([*read, *hits[len(matches) :]])[request.offset : request.offset + request.k]
    if _collapse(request) and not isinstance(request.sort, Order):
        hits = originals(hits, index, prepared.task.among, prepared.task.left_out)
    above = telling_items(every, prepared) if every is not None else None
    unpassed = () if searched else why_nothing_passes(query.condition, index)
    results = Results(
        query=query,
        hits=hits,
        notes=(*query.notes, *prepared.notes, *unpassed),
        searched=searched,
        total=line.total,
        cutoff=request.cutoff,
        seconds=time.perf_counter() - started,
        offset=request.offset,
        total_is_exact=line.exact,
        more=(line.total if request.strict else part.total) > request.offset + request.k,
        facets={} if above is None else _counted(index, above, request.facets),
        histogram=_histogram(index, above, request.histogram),
        places=_places(index, above) if request.places and above is not None else None,
        pieces=prepared.matches.pieces if prepared.matches is not None else (),
        generation=index.generation,
    )
    return with_context(index, results, request.context)


def _page(
    request: SearchRequest,
    ranker: Ranker,
    prepared: Prepared,
    index: SearchIndex,
    every: Scoring | None,
    depth: int,
) -> Page:
    """The page that ``request`` asks for, from the first of at least ``depth`` documents if some are reranked.

    What stands above the line may be in the order of a field, if ``every`` document that does is known; where none
    does, and below it, the order is that of the scores.
    """
    order = request.sort if every is not None and every.documents.size else None

    def ranked(top: int) -> tuple[Scoring, int]:
        if every is None or not isinstance(order, Order):
            return ranker.best(top)
        return every[in_order(index.catalogue, telling_items(every, prepared), order)], every.documents.size

    return page(
        ranked,
        prepared.task,
        index,
        first=0 if depth else request.offset,
        count=max(depth, request.offset + request.k) if depth else request.k,
        everything=isinstance(order, Order),
        collapse=_collapse(request),
    )


def _collapse(request: SearchRequest) -> bool:
    return request.duplicates == "collapse" and request.group == "document"


def _line(
    request: SearchRequest,
    ranker: Ranker,
    prepared: Prepared,
    index: SearchIndex,
    part: Page,
    every: Scoring | None,
    cutoff: float | None,
) -> Line:
    """The line through the ranking of ``part``: told by ``every`` document above it where they are known."""
    if every is None:
        return line_through(part, ranker, prepared.task.searched, cutoff)
    distinct = without_copies(every, prepared.task, index, collapse=_collapse(request))
    return Line(every.documents.size, int(distinct.places.size), exact=True)


def _shown(part: Page, line: Line, prepared: Prepared) -> _Shown:
    above = int((part.places[part.window] < line.above).sum())
    return _Shown(part.shown, part.copies[part.window], above, prepared)


def _exactly(shown: _Shown, index: SearchIndex, depth: int, cutoff: float | None) -> _Shown:
    """What stands above the line, the first ``depth`` of it scored in full precision; some of it may fall below."""
    from mmsearch.search.rerank.exact import rescored

    above, rest = shown.scoring[: shown.above], shown.scoring[shown.above :]
    task, fresh, places = rescored(above, shown.prepared.task, index, depth)
    return _Shown(
        Scoring.concatenate([fresh, rest]),
        np.concatenate([shown.copies[places], shown.copies[shown.above :]]),
        shown.above if cutoff is None else split(fresh.evalues(task.searched), cutoff),
        replace(shown.prepared, task=task),
    )


def _counted(
    index: SearchIndex, items: Ids, fields: Sequence[str]
) -> dict[str, list[tuple[FieldValue, int]]]:
    return {field: index.catalogue.facets(field, items) for field in fields}


def _histogram(index: SearchIndex, items: Ids | None, field: str | None) -> Histogram | None:
    if field is None or items is None:
        return None
    return histogram(field, index.catalogue.facets(field, items))


def _places(index: SearchIndex, items: Ids) -> tuple[Place, ...]:
    found, latitudes, longitudes = index.catalogue.number_pairs(LATITUDE, LONGITUDE, items)
    return merged(found, latitudes, longitudes)
