"""More like this, less like that: documents ranked by how like the liked ones they are.

- ``average``: the mean of what each liked example says (Rocchio 1971, on calibrated scores), and a little more of
  what the likeliest of them says;
- ``best``: what the likeliest of them says: for a taste that has several sides;
- ``per-document``: the examples take turns, each with what is most like it.

Pictures and texts come in one list, since all likenesses are calibrated (search/taste.py). A document counts by its
most telling item. For ``average`` and ``best``, the first of them are then ranked anew, with the scores of what they
are like themselves (search/surroundings.py).
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mmsearch.errors import UsageError
from mmsearch.search.compose import compose
from mmsearch.search.index.documents import common
from mmsearch.search.query.value import Query
from mmsearch.search.ranking.distinct import distinct
from mmsearch.search.ranking.pages import SPARE
from mmsearch.search.recommend.diversity import diversified
from mmsearch.search.recommend.examples import resolve
from mmsearch.search.recommend.hits import hits
from mmsearch.search.recommend.surroundings import POOL, by_surroundings
from mmsearch.search.recommend.taste import METHODS, ROUGH, Taste
from mmsearch.search.results.results import Results

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.search.index.protocol import SearchIndex
    from mmsearch.search.recommend.examples import Attitude, Example
    from mmsearch.search.recommend.hits import Recommended
    from mmsearch.search.recommend.taste import Method
    from mmsearch.search.search import Duplicates
    from mmsearch.store.catalogue.conditions import Condition
    from mmsearch.store.profiles import Profile
    from mmsearch.types import Ids, Modality

# Documents that diversity chooses from; a fixed number, so that the first 10 of 100 are the answer for 10.
DIVERSE_POOL = 500


def recommend(
    index: SearchIndex,
    like: Any = (),
    dislike: Any = (),
    k: int = 10,
    *,
    profile: Profile | None = None,
    modality: Modality | Sequence[Modality] | None = None,
    where: str | Condition | None = None,
    path: str | Sequence[str] | None = None,
    diverse: float = 0.0,
    method: Method = "average",
    duplicates: Duplicates = "collapse",
    explain: bool = True,
) -> Results:
    """The ``k`` documents most like what is liked and least like what is disliked, best first.

    ``like``, ``dislike``: one example or several (see `mmsearch.search.recommend.examples.resolve`), beside those of
    ``profile``. What is given, and copies of it, is not recommended. ``modality``, ``where`` and ``path``
    limit what is. ``diverse`` (0 to 1) takes off so much of a hit's likeness to better ones (maximal marginal
    relevance, Carbonell and Goldstein, SIGIR 1998), for at most 500 hits. ``duplicates``: "collapse" recommends the
    first of documents that are copies of one another (`mmsearch.search.ranking.distinct`), with a count, "show" all
    of them.
    Ties go to the lower item id; the first 10 of k = 100 are the answer for 10.

    Raises UsageError when nothing is liked, an example is not found, or an option makes no sense.
    """
    started = time.perf_counter()
    _check(k, diverse, method, duplicates)
    likes, dislikes, notes = _examples(index, like, dislike, profile)
    query = _query(likes, dislikes, modality, where, path)
    among = index.documents.ids if query.condition is None else index.catalogue.select_items(query.condition)
    excluded = frozenset().union(*(example.excluded for example in (*likes, *dislikes)))
    taste = Taste.of(index, likes, dislikes, method)
    candidates = taste.candidates(among, excluded)
    # Copies go before neighbors are asked, or else they would speak for each other.
    count = max(k, DIVERSE_POOL if diverse else POOL)
    found, total, complete = _listed(taste, candidates, count, collapse=duplicates == "collapse")
    if method != "per-document":
        # what lies beyond the pool follows, in its own order
        best = by_surroundings(found[:POOL], taste.liked(), taste.spaces, taste.backgrounds)
        found = [*best, *found[POOL:]]
    if diverse:
        found = diversified(found, taste.spaces, taste.backgrounds, diverse, k)
    searched = sum(part.size for part in candidates.values())
    return Results(
        query=query,
        hits=hits(index, found[:k], searched, explain=explain),
        notes=tuple(notes),
        searched=searched,
        total=total,
        seconds=time.perf_counter() - started,
        total_is_exact=complete,
    )


def _check(k: int, diverse: float, method: Method, duplicates: Duplicates) -> None:
    if k < 1:
        raise UsageError(f"k must be at least 1, not {k}")
    if method not in METHODS:
        raise UsageError(f"no method {method!r}; there are {', '.join(METHODS)}")
    if duplicates not in ("collapse", "show"):
        raise UsageError(f"duplicates are collapsed or shown: collapse or show, not {duplicates!r}")
    if not 0.0 <= diverse <= 1.0:
        raise UsageError(f"diverse is between 0 and 1, not {diverse}")
    if diverse and method == "per-document":
        raise UsageError("per-document recommendations take turns already: leave out --diverse")
    if diverse and k > DIVERSE_POOL:
        raise UsageError(f"with diverse, at most {DIVERSE_POOL} hits can be asked for, not {k}")


def _examples(
    index: SearchIndex, like: Any, dislike: Any, profile: Profile | None
) -> tuple[list[Example], list[Example], list[str]]:
    from mmsearch.search.recommend.feedback import examples_of

    likes, dislikes, notes = ([], [], []) if profile is None else examples_of(index, profile)
    for side, things in ((likes, like), (dislikes, dislike)):
        side += [
            resolve(index, thing) for thing in (things if isinstance(things, (list, tuple)) else [things])
        ]
    if not likes:
        raise UsageError("nothing is liked: name at least one document, #item or picture to start from")
    return likes, dislikes, notes


def _query(
    likes: Sequence[Example],
    dislikes: Sequence[Example],
    modality: Modality | Sequence[Modality] | None,
    where: str | Condition | None,
    path: str | Sequence[str] | None,
) -> Query:
    sides: tuple[tuple[Attitude, Sequence[Example]], ...] = (("like", likes), ("dislike", dislikes))
    parts = tuple(example.part(attitude) for attitude, side in sides for example in side)
    return compose(Query(parts), modality=modality, where=where, path=path)


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
    """The ``top`` documents by (-score, item id), each as its best item."""
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
    for item in sorted(scored, key=lambda one: (-one.score, one.item_id)):
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
