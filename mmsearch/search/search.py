"""Answer a query: filter, encode, score, fuse, cut off, explain."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from mmsearch.search.index.passing import why_nothing_passes
from mmsearch.search.ranking.fusion import Fusion
from mmsearch.search.ranking.order import Order, in_order
from mmsearch.search.ranking.pages import page
from mmsearch.search.ranking.task import prepare
from mmsearch.search.ranking.threshold import Ranker
from mmsearch.search.ranking.weights import refuse_unknown, weights_in_use
from mmsearch.search.rerank.cross_encoder import Reranker, reranked
from mmsearch.search.results.context import with_context
from mmsearch.search.results.explain import hits_of, telling_items
from mmsearch.search.results.originals import originals
from mmsearch.search.results.results import Results
from mmsearch.search.results.strength import falling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.ranking.scoring import Scoring
    from mmsearch.search.ranking.weights import LearnedWeights
    from mmsearch.search.request import SearchRequest
    from mmsearch.search.results.hit import Hit
    from mmsearch.types import FieldValue, Ids


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
    ranker = Ranker(prepared.task)
    reranker = None if request.rerank is None else Reranker.of(request.rerank, request.rerank_depth)
    first, count = request.offset, request.k
    if reranker is not None:
        first, count = 0, max(reranker.depth, request.offset + request.k)
    order = request.sort if isinstance(request.sort, Order) else None

    def ranked(top: int) -> tuple[Scoring, int]:
        found, total = ranker.best(top, request.cutoff)
        if order is not None:
            found = found[in_order(index.catalogue, telling_items(found, prepared), order)]
        return found, total

    part = page(
        ranked,
        prepared.task,
        index,
        first=first,
        count=count,
        everything=order is not None or bool(request.facets),
        collapse=request.duplicates == "collapse" and request.group == "document",
    )
    shown, copies, among = part.shown, part.copies, prepared
    if reranker is not None and reranker.scorer is None:
        from mmsearch.search.rerank.exact import rescored

        task, shown, places = rescored(shown, prepared.task, index, reranker.depth, request.cutoff)
        copies, among = copies[places], replace(prepared, task=task)
    hits = hits_of(shown, among, index, first, copies=copies, explain=request.explain)
    nothing = not part.found.documents.size
    if reranker is not None:
        nothing = not hits
        hits = falling(reranked(hits, reranker, prepared.text, index.catalogue))
        hits = hits[request.offset : request.offset + request.k]
    if request.duplicates == "collapse" and request.group == "document" and order is None:
        hits = originals(hits, index, prepared.task.among, prepared.task.left_out)
    guesses: tuple[Hit, ...] = ()
    if nothing and request.cutoff is not None:
        guesses = hits_of(ranker.best(request.k, None)[0], prepared, index, 0, explain=request.explain)
    facets = _counted(index, telling_items(part.found, prepared), request.facets) if request.facets else {}
    unpassed = () if prepared.task.searched else why_nothing_passes(query.condition, index)
    results = Results(
        query,
        hits,
        guesses,
        (*query.notes, *prepared.notes, *unpassed),
        prepared.task.searched,
        part.total,
        request.cutoff,
        time.perf_counter() - started,
        offset=request.offset,
        total_is_exact=part.exact,
        facets=facets,
        pieces=prepared.matches.pieces if prepared.matches is not None else (),
    )
    return with_context(index, results, request.context)


def _counted(
    index: SearchIndex, items: Ids, fields: Sequence[str]
) -> dict[str, list[tuple[FieldValue, int]]]:
    return {field: index.catalogue.facets(field, items) for field in fields}
