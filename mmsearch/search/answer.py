"""Answer a query: filter, encode, score, fuse, cut off, explain."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from mmsearch.errors import UsageError
from mmsearch.search.channels import dense_channels, given_items, probes
from mmsearch.search.documents import common
from mmsearch.search.exclusions import exclusions
from mmsearch.search.explain import hits_of, telling_items
from mmsearch.search.fusion import Fusion
from mmsearch.search.lexical import items_with, match, name_matches
from mmsearch.search.order import Order, in_order
from mmsearch.search.pages import EVERY, page
from mmsearch.search.query import Text
from mmsearch.search.ranking import Ranker
from mmsearch.search.rerank import DEFAULT_DEPTH, Reranker, reranked
from mmsearch.search.results import Hit, Results
from mmsearch.search.scoring import Column, Task
from mmsearch.search.written import conjunction, conjuncts, names_modality
from mmsearch.store.conditions import ModalityIs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.search.channels import DenseChannel, SearchIndex
    from mmsearch.search.documents import Documents
    from mmsearch.search.fusion import FusionName
    from mmsearch.search.lexical import Matches
    from mmsearch.search.query import Query
    from mmsearch.search.rerank import PairScorer
    from mmsearch.search.scoring import Scoring
    from mmsearch.types import FieldValue, Ids

Grouping: TypeAlias = Literal["document", "item"]
Duplicates: TypeAlias = Literal["collapse", "show"]

# A hit is shown when five unrelated queries together would find at most three items as good as this in the index.
# Measured by `python -m benchmarks cutoff` (docs/performance.md): the largest share of strangers told "nothing matches"
# at which few of those are told so who ask for what is there.
DEFAULT_CUTOFF = 0.6
# Channels that are lists of words, by the names that ``weights`` knows them by.
WORDS, NAME = "words", "name"


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A query brought to an index: what to rank, and what explains it. ``text`` is what was looked for in words.

    ``notes`` say what could not be done.
    """

    task: Task
    matches: Matches | None
    text: str
    notes: tuple[str, ...] = ()


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
    ``rerank_depth`` hits again (`mmsearch.search.rerank`), "exact" scores these from vectors in full precision
    (`mmsearch.search.rescore`). Without ``explain`` hits carry no reasons.

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
        from mmsearch.search.rescore import rescored

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
    return _unique(telling_items(found, prepared))


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


def prepare(
    query: Query, index: SearchIndex, *, group: Grouping, fusion: Fusion, weights: Mapping[str, float]
) -> Prepared:
    """Resolve filters, encode the parts and open the channels of ``query``."""
    if not query.parts and query.condition is None:
        raise UsageError("the query is empty: say what to look for")
    if query.parts and not query.of_kind("plus"):
        raise UsageError("the query only says what to leave out: add what to look for")
    among = _allowed(query, index)
    searched = int(index.documents.ids.size if among is None else among.size)
    encoders = index.encoders if query.parts and searched else ()
    found = [probes(query, index, encoder) for encoder in encoders]
    # A filter by modality asks for some items of a document; what the others say must not count.
    whole = group == "document" and not names_modality(query.condition)
    dense = [
        channel
        for encoder, parts in zip(encoders, found, strict=True)
        for channel in dense_channels(
            index, encoder, [probe for probe in parts if probe.part.kind == "plus"], whole=whole
        )
    ]
    matches = (
        match(index.catalogue, index.documents, query.text, among, searched)
        if query.text and searched
        else None
    )
    groups = index.documents if group == "document" else index.documents.each_alone
    columns = [*_dense_columns(dense, weights, len(encoders)), *_word_columns(matches, query, index, weights)]
    given = given_items([part.content for part in query.parts])
    task = Task(
        tuple(columns),
        exclusions(index, encoders, found),
        groups,
        among,
        searched,
        fusion,
        _documents_of(given, groups),
    )
    unread = dict.fromkeys(
        f"{encoder.name} can't read {probe.label!r}: only words are compared"
        for encoder, parts in zip(encoders, found, strict=True)
        for probe in parts
        if not probe.is_read
    )
    return Prepared(task, matches, query.text, tuple(unread))


def _allowed(query: Query, index: SearchIndex) -> Ids | None:
    """The items that pass the filter and the exact phrases, ascending; None when all do."""
    # What is asked most often, one modality, is known without asking the catalogue.
    conditions = conjuncts(query.condition)
    kinds = [index.documents.modalities[part.modality] for part in conditions if isinstance(part, ModalityIs)]
    rest = conjunction([part for part in conditions if not isinstance(part, ModalityIs)])
    among = None if rest is None else index.documents.passing(index.catalogue, rest)
    for items in kinds:
        among = items if among is None else common(among, items)
    for part in query.of_kind("plus"):
        if isinstance(part.content, Text):
            for words in part.content.phrases:
                # The phrase may stand in the caption and the picture be what is looked for: documents count.
                found = items_with(index.catalogue, words, exact=True)
                items = index.documents.items_of(_unique(index.documents.of(found)))
                among = items if among is None else common(among, items)
    return among


def _dense_columns(
    channels: Sequence[DenseChannel], weights: Mapping[str, float], encoders: int
) -> list[Column]:
    """Several encoders share the weight of one: they look at the same things."""
    columns = []
    for channel in channels:
        weight = weights.get(channel.name, weights.get(channel.name.removeprefix(f"{channel.encoder} "), 1.0))
        columns.append(Column(channel.name, weight / encoders, dense=channel))
    return columns


def _word_columns(
    matches: Matches | None, query: Query, index: SearchIndex, weights: Mapping[str, float]
) -> list[Column]:
    if matches is None:
        return []
    named = name_matches(index.catalogue, query.text, matches)
    return [
        Column(WORDS, weights.get(WORDS, 1.0), listed=matches.scored, expected=matches.expected),
        Column(NAME, weights.get(NAME, 1.0), listed=named),
    ]


def _documents_of(items: Sequence[int], groups: Documents) -> frozenset[int]:
    import numpy as np

    known = common(np.array(sorted(set(items)), dtype=np.int64), groups.ids)
    return frozenset(groups.of(known).tolist())


def _unique(ids: Ids) -> Ids:
    import numpy as np

    return np.unique(ids)
