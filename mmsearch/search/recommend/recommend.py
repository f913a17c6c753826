"""More like this, less like that: documents ranked by how like the liked ones they are.

- ``average``: the mean of what each liked example says (Rocchio 1971, on scales above the background), and a little
  more of what the likeliest of them says;
- ``best``: what the likeliest of them says: for a taste that has several sides;
- ``per-document``: the examples take turns, each with what is most like it; so the list is in the order of turns, and
  scores fall from one turn of an example to its next.

Pictures and texts come in one list, since all likenesses are counted in scales (search/recommend/taste.py). A
document counts by its most telling item. For ``average`` and ``best``, the first of them are then ranked anew, with
the scores of what they are like themselves (search/recommend/surroundings.py).
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.errors import UsageError
from mmsearch.search.index.documents import common
from mmsearch.search.index.passing import why_nothing_passes
from mmsearch.search.query.value import Query
from mmsearch.search.ranking.distinct import distinct
from mmsearch.search.ranking.pages import SPARE
from mmsearch.search.recommend.diversity import diversified
from mmsearch.search.recommend.examples import resolve
from mmsearch.search.recommend.feedback import examples_of
from mmsearch.search.recommend.hits import hits
from mmsearch.search.recommend.request import DIVERSE_POOL
from mmsearch.search.recommend.surroundings import POOL, by_surroundings
from mmsearch.search.recommend.taste import ROUGH, Taste
from mmsearch.search.results.originals import originals
from mmsearch.search.results.results import Results
from mmsearch.search.results.strength import falling

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.recommend.examples import Attitude, Example
    from mmsearch.search.recommend.hits import Recommended
    from mmsearch.search.recommend.request import RecommendRequest
    from mmsearch.store.catalogue.conditions import Condition
    from mmsearch.store.kept.profiles import Profile
    from mmsearch.types import Ids, Modality


def recommend(request: RecommendRequest, index: SearchIndex, *, profile: Profile | None = None) -> Results:
    """The documents most like what is liked and least like what is disliked, best first.

    ``profile`` is what its name in ``request`` stands for, with the examples of ``request`` in it. Ties go to
    the first in order; the first 10 of k = 100 are the answer for 10.

    Raises UsageError when nothing is liked or an example is not found.
    """
    started = time.perf_counter()
    likes, dislikes, notes = _examples(index, request, profile)
    query = _query(likes, dislikes, request.condition)
    among = index.documents.ids if query.condition is None else index.catalogue.select_items(query.condition)
    excluded = frozenset().union(*(example.excluded for example in (*likes, *dislikes)))
    taste = Taste.of(index, likes, dislikes, request.method)
    candidates = taste.candidates(among, excluded)
    # Copies go before neighbors are asked, or else they would speak for each other.
    count = max(request.k, DIVERSE_POOL if request.diverse else POOL)
    found, total, complete = _listed(taste, candidates, count, collapse=request.duplicates == "collapse")
    if request.method != "per-document":
        # what lies beyond the pool follows, in its own order
        best = by_surroundings(found[:POOL], taste.liked(), taste.spaces, taste.backgrounds)
        found = [*best, *found[POOL:]]
    if request.diverse:
        found = diversified(found, taste.spaces, taste.backgrounds, request.diverse, request.k)
    searched = sum(part.size for part in candidates.values())
    if not searched:
        notes = [*notes, *why_nothing_passes(query.condition, index)]
    shown = hits(index, found[: request.k], searched, explain=request.explain)
    if request.duplicates == "collapse":
        shown = originals(shown, index, among, excluded)
    return Results(
        query=query,
        # of examples that take turns each has its own list: the scores of each fall, strength falls in all of it
        hits=falling(shown),
        notes=tuple(notes),
        searched=searched,
        total=total,
        seconds=time.perf_counter() - started,
        total_is_exact=complete,
        more=total > request.k,
        generation=index.generation,
    )


def _examples(
    index: SearchIndex, request: RecommendRequest, profile: Profile | None
) -> tuple[list[Example], list[Example], list[str]]:
    if profile is not None:
        likes, dislikes, notes = examples_of(index, profile)
    else:
        likes, dislikes = (
            [resolve(index, thing, only_indexed=request.only_indexed) for thing in side]
            for side in (request.like, request.dislike)
        )
        notes = []
    if not likes:
        raise UsageError("nothing is liked: name at least one document, #item or picture to start from")
    return likes, dislikes, notes


def _query(likes: Sequence[Example], dislikes: Sequence[Example], condition: Condition | None) -> Query:
    sides: tuple[tuple[Attitude, Sequence[Example]], ...] = (("like", likes), ("dislike", dislikes))
    parts = tuple(example.part(attitude) for attitude, side in sides for example in side)
    return Query(parts, condition)


def _listed(
    taste: Taste, candidates: Mapping[Modality, Ids], count: int, *, collapse: bool
) -> tuple[list[Recommended], int, bool]:
    """The ``count`` best documents, without copies of better ones if they are to ``collapse``; how many there are in
    all, and whether that is exact or still holds copies that were not looked at."""
    every = _count(taste.index, candidates)
    if not collapse:
        return _ranked(taste, candidates, count), every, True
    top = count + SPARE
    while True:
        found = _ranked(taste, candidates, top)
        complete = len(found) < top
        documents = np.array([one.document_id for one in found], dtype=np.int64)
        kept = distinct(documents, np.ones(documents.size, dtype=bool), taste.index)
        if complete or kept.places.size >= count:
            break
        top *= 2
    shown = zip(kept.places[:count].tolist(), kept.copies.tolist(), strict=False)
    left = [replace(found[place], copies=copies) for place, copies in shown]
    return left, every - int(kept.copies.sum()), complete


def _ranked(taste: Taste, candidates: Mapping[Modality, Ids], top: int) -> list[Recommended]:
    """The ``top`` documents by (-score, place), each as its best item."""
    if taste.method == "per-document":
        return _in_turn(taste, candidates, top)
    ids = _concatenated(list(candidates.values()))
    if not ids.size:
        return []
    rough = np.concatenate([taste.roughly(modality, items) for modality, items in candidates.items()])
    _, owner = np.unique(taste.index.documents.of(ids), return_inverse=True)
    best = np.full(int(owner.max()) + 1, -np.inf)
    np.maximum.at(best, owner, rough)
    least = -np.inf if top >= best.size else float(np.partition(best, best.size - top)[best.size - top])
    hopeful = ids[rough >= least - 2.0 * ROUGH]
    scored = [
        item
        for modality, items in candidates.items()
        for item in taste.exactly(modality, common(items, np.sort(hopeful)))
    ]
    found: dict[int, Recommended] = {}
    for item in sorted(scored, key=lambda one: (-one.score, one.place)):
        found.setdefault(item.document_id, item)
    return list(found.values())[:top]


def _in_turn(taste: Taste, candidates: Mapping[Modality, Ids], top: int) -> list[Recommended]:
    """The examples take turns, in the order given; each adds the best that is not there yet."""
    examples = sorted({aspect.example for aspect in taste.aspects if aspect.liked})
    queues = [iter(_ranked(taste.ranked_alone(one), candidates, top)) for one in examples]
    found: dict[int, Recommended] = {}
    while len(found) < top and queues:
        for queue in list(queues):
            fresh = next((item for item in queue if item.document_id not in found), None)
            if fresh is None:
                queues.remove(queue)
            else:
                found[fresh.document_id] = fresh
    return list(found.values())[:top]


def _concatenated(several: Sequence[Ids]) -> Ids:
    return np.concatenate([np.empty(0, dtype=np.int64), *several])


def _count(index: SearchIndex, candidates: Mapping[Modality, Ids]) -> int:
    return int(np.unique(index.documents.of(_concatenated(list(candidates.values())))).size)
