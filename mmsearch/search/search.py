"""Answer a query: filter, encode, score, fuse, cut off, explain."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from mmsearch.errors import UsageError
from mmsearch.search.ranking.fusion import Fusion
from mmsearch.search.ranking.order import Order, in_order
from mmsearch.search.ranking.pages import EVERY, page
from mmsearch.search.ranking.task import Grouping, prepare
from mmsearch.search.ranking.threshold import Ranker
from mmsearch.search.rerank.cross_encoder import DEFAULT_DEPTH, Reranker, reranked
from mmsearch.search.results.explain import hits_of, telling_items
from mmsearch.search.results.results import Results

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.query.value import Query
    from mmsearch.search.ranking.fusion import FusionName
    from mmsearch.search.ranking.scoring import Scoring
    from mmsearch.search.rerank.cross_encoder import PairScorer
    from mmsearch.search.results.hit import Hit
    from mmsearch.types import FieldValue, Ids

Duplicates: TypeAlias = Literal["collapse", "show"]

# A hit is shown when five unrelated queries together would find at most three items as good as this in the index.
# Measured by `python -m benchmarks cutoff` (docs/performance.md): the largest share of strangers told "nothing matches"
# at which few of those are told so who ask for what is there.
DEFAULT_CUTOFF = 0.6


def answer(
    query: Query,
    index: SearchIndex,
    k: int = 10,
    *,
    offset: int = 0,
    group: Grouping = "document",
    cutoff: float | None = DEFAULT_CUTOFF,
    fusion: Fusion | FusionName = "calibrated",
    weights: Mapping[str, float] | None = None,
    sort: Order | str | None = None,
    duplicates: Duplicates = "show",
    facets: Sequence[str] = (),
    rerank: str | PairScorer | None = None,
    rerank_depth: int = DEFAULT_DEPTH,
    explain: bool = True,
) -> Results:
    """The ``k`` best hits for ``query`` after the first ``offset``; the first 10 of 100 are the answer for 10.

    ``group``: one hit for each document, scored by all of its items, or one for each item. ``cutoff``: the
    highest expected count of a hit; None returns the ``k`` best whatever they are. ``weights`` of channels by
    name (``text→image``, ``words``, ``name``), 1 where not given. ``sort``: by a field (``year``, ``-date``), path
    or title instead of relevance, over all that is within the cutoff. ``duplicates``: "collapse" shows the first of
    documents that are copies of one another, with a count. ``facets``: fields whose values are counted over all
    documents within the cutoff. ``rerank``: "cross-encoder:MODEL" reads the texts of the first
    ``rerank_depth`` hits again (`mmsearch.search.rerank.cross_encoder`), "exact" scores these from vectors in full
    precision (`mmsearch.search.rerank.exact`). Without ``explain`` hits carry no reasons.

    Raises UsageError for a request that makes no sense: k = 0, nothing to look for, an unknown field.
    """
    started = time.perf_counter()
    if k < 1 or offset < 0:
        raise UsageError(f"k must be at least 1 and offset at least 0, not {k} and {offset}")
    if duplicates not in ("collapse", "show"):
        raise UsageError(f"duplicates are collapsed or shown: collapse or show, not {duplicates!r}")
    if cutoff is not None and not cutoff > 0:
        raise UsageError(f"a cutoff is a number above 0, not {cutoff}")
    fusion = fusion if isinstance(fusion, Fusion) else Fusion(fusion)
    prepared = prepare(query, index, group=group, fusion=fusion, weights=weights or {})
    ranker = Ranker(prepared.task)
    reranker = None if rerank is None else Reranker.of(rerank, rerank_depth)
    first, count = (offset, k) if reranker is None else (0, max(reranker.depth, offset + k))
    order = Order.parse(sort) if isinstance(sort, str) else sort
    if reranker is not None and order is not None:
        raise UsageError(f"hits are either sorted by {order.field} or reranked, not both")

    def ranked(top: int) -> tuple[Scoring, int]:
        found, total = ranker.best(top, cutoff)
        if order is not None:
            found = found[in_order(index.catalogue, telling_items(found, prepared), order)]
        return found, total

    part = page(
        ranked,
        prepared.task,
        index,
        first=first,
        count=count,
        everything=order is not None or bool(facets),
        collapse=duplicates == "collapse" and group == "document",
    )
    shown, copies, among = part.shown, part.copies, prepared
    if reranker is not None and reranker.scorer is None:
        from mmsearch.search.rerank.exact import rescored

        task, shown, places = rescored(shown, prepared.task, index, reranker.depth, cutoff)
        copies, among = copies[places], replace(prepared, task=task)
    hits = hits_of(shown, among, index, first, copies=copies, explain=explain)
    nothing = not part.found.documents.size
    if reranker is not None:
        nothing = not hits
        hits = reranked(hits, reranker, prepared.text, index.catalogue)[offset : offset + k]
    guesses: tuple[Hit, ...] = ()
    if nothing and cutoff is not None:
        guesses = hits_of(ranker.best(k, None)[0], prepared, index, 0, explain=explain)
    return Results(
        query,
        hits,
        guesses,
        (*query.notes, *prepared.notes),
        prepared.task.searched,
        part.total,
        cutoff,
        time.perf_counter() - started,
        offset=offset,
        total_is_exact=part.exact,
        facets=_counted(index, telling_items(part.found, prepared), facets) if facets else {},
        pieces=prepared.matches.pieces if prepared.matches is not None else (),
    )


def matching_items(
    query: Query, index: SearchIndex, *, cutoff: float | None = DEFAULT_CUTOFF, group: Grouping = "document"
) -> Ids:
    """One item of each document that matches ``query`` within ``cutoff``, ascending: what facets are counted over."""
    prepared = prepare(query, index, group=group, fusion=Fusion(), weights={})
    found, _ = Ranker(prepared.task).best(EVERY, cutoff)
    return np.unique(telling_items(found, prepared))


def facets(
    query: Query, index: SearchIndex, fields: Sequence[str], *, cutoff: float | None = DEFAULT_CUTOFF
) -> dict[str, list[tuple[FieldValue, int]]]:
    """For each of ``fields`` its values among the documents that match, with their numbers, most frequent first.

    Raises UsageError for a field that no document has.
    """
    return _counted(index, matching_items(query, index, cutoff=cutoff), fields)


def _counted(
    index: SearchIndex, items: Ids, fields: Sequence[str]
) -> dict[str, list[tuple[FieldValue, int]]]:
    return {field: index.catalogue.facets(field, items) for field in fields}
