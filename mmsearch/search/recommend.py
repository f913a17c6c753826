"""More like this, less like that: documents ranked by how like the liked ones they are.

- ``average``: the mean of what each liked example says (Rocchio 1971, on calibrated scores), and a little more of
  what the likeliest of them says;
- ``best``: what the likeliest of them says: for a taste that has several sides;
- ``per-document``: the examples take turns, each with what is most like it.

Pictures and texts come in one list, since all likenesses are calibrated (search/likeness.py). A disliked example
takes off what rises above the background, and gives nothing to what is unlike it: the opposite of a cat is no
dog. A document counts by its most telling item. For ``average`` and ``best``, the first of them are then ranked anew,
with the scores of what they are like themselves (search/surroundings.py).
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from mmsearch.errors import UsageError
from mmsearch.search.compose import compose
from mmsearch.search.copies import distinct
from mmsearch.search.diversity import diversified
from mmsearch.search.documents import common
from mmsearch.search.examples import resolve
from mmsearch.search.fusion import on_grid
from mmsearch.search.likeness import item_background, spaces
from mmsearch.search.pages import SPARE
from mmsearch.search.query import Query
from mmsearch.search.recommended import Aspect, Recommended, hits
from mmsearch.search.results import Results
from mmsearch.search.surroundings import POOL, by_surroundings
from mmsearch.types import MODALITIES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from mmsearch.encoders.protocol import Encoder
    from mmsearch.search.answer import Duplicates
    from mmsearch.search.background import Background
    from mmsearch.search.channels import SearchIndex
    from mmsearch.search.examples import Attitude, Example
    from mmsearch.search.likeness import Space
    from mmsearch.search.profiles import Profile
    from mmsearch.store.conditions import Condition
    from mmsearch.types import Ids, Modality, Scores, Vector, Vectors

Method: TypeAlias = Literal["average", "best", "per-document"]
METHODS: tuple[Method, ...] = get_args(Method)

# What a disliked example takes off, for each scale that it stands above the background.
# Measured by `python -m benchmarks recommendation`.
DISLIKE_WEIGHT = 0.5
# What the likeliest example says counts by so much of the mean beside it: precision@10 of three liked things of a
# class, products and clothing, 0.659 and 0.641 without, 0.679 and 0.645 with 0.3, 0.683 and 0.637 with 0.6.
LIKELIEST = 0.3
# Documents that diversity chooses from; a fixed number, so that the first 10 of 100 are the answer for 10.
DIVERSE_POOL = 500
# Rough scores (float32 products) are right to this many scales.
ROUGH = 0.02


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

    ``like``, ``dislike``: one example or several (see `mmsearch.search.examples.resolve`), beside those of
    ``profile``. What is given, and copies of it, is not recommended. ``modality``, ``where`` and ``path``
    limit what is. ``diverse`` (0 to 1) takes off so much of a hit's likeness to better ones (maximal marginal
    relevance, Carbonell and Goldstein, SIGIR 1998), for at most 500 hits. ``duplicates``: "collapse" recommends the
    first of documents that are copies of one another (`mmsearch.search.copies`), with a count, "show" all of them.
    Ties go to the lower item id; the first 10 of k = 100 are the answer for 10.

    Raises UsageError when nothing is liked, an example is not found, or an option makes no sense.
    """
    started = time.perf_counter()
    _check(k, diverse, method, duplicates)
    likes, dislikes, notes = _examples(index, like, dislike, profile)
    query = _query(likes, dislikes, modality, where, path)
    among = index.documents.ids if query.condition is None else index.catalogue.select_items(query.condition)
    excluded = frozenset().union(*(example.excluded for example in (*likes, *dislikes)))
    scorer = _Scorer.of(index, likes, dislikes, method)
    candidates = scorer.candidates(among, excluded)
    # Copies go before neighbors are asked, or else they would speak for each other.
    count = max(k, DIVERSE_POOL if diverse else POOL)
    found, total, complete = _listed(scorer, candidates, count, collapse=duplicates == "collapse")
    if method != "per-document":
        # what lies beyond the pool follows, in its own order
        best = by_surroundings(found[:POOL], scorer.liked(), scorer.spaces, scorer.backgrounds)
        found = [*best, *found[POOL:]]
    if diverse:
        found = diversified(found, scorer.spaces, scorer.backgrounds, diverse, k)
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
    from mmsearch.search.profiles import examples_of

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


@dataclass(frozen=True, slots=True, eq=False)
class _Scorer:
    """Scores items by the aspects of all examples; ``documents`` gives the document of each item."""

    index: SearchIndex
    spaces: Mapping[Modality, Space]
    backgrounds: Mapping[tuple[Modality, Modality], Background]
    aspects: tuple[Aspect, ...]
    method: Method

    @classmethod
    def of(
        cls, index: SearchIndex, likes: Sequence[Example], dislikes: Sequence[Example], method: Method
    ) -> _Scorer:
        # Vectors of two encoders never meet; the index's first one is the one that it was made with.
        encoder = index.encoders[0]
        known = spaces(index, encoder, MODALITIES)
        aspects = [
            aspect
            for number, example in enumerate((*likes, *dislikes))
            for aspect in _aspects(index, encoder, known, example, number, liked=number < len(likes))
        ]
        if not any(aspect.liked for aspect in aspects):
            raise UsageError(f"{encoder.name} has no vector of anything that is liked")
        asking = sorted({aspect.modality for aspect in aspects} | set(known))
        backgrounds = {
            (one, other): item_background(index, known[one], known[other])
            for one in asking
            for other in known
            if one in known
        }
        return cls(index, known, backgrounds, tuple(aspects), method)

    def candidates(self, among: Ids, excluded: frozenset[int]) -> dict[Modality, Ids]:
        """The items of each modality that may be recommended, ascending."""
        import numpy as np

        found = {}
        for modality, space in self.spaces.items():
            items = common(space.index.ids, among)
            documents = self.index.documents.of(items)
            found[modality] = items[~np.isin(documents, np.array(sorted(excluded), dtype=np.int64))]
        return found

    def ranked_alone(self, example: int) -> _Scorer:
        """A scorer for one liked example and everything that is disliked."""
        kept = tuple(aspect for aspect in self.aspects if not aspect.liked or aspect.example == example)
        return _Scorer(self.index, self.spaces, self.backgrounds, kept, "average")

    def liked(self) -> list[tuple[Modality, Vectors, Scores]]:
        """The liked aspects by modality: their vectors (n, dimension), and how they score themselves (n,)."""
        import numpy as np

        probes = np.stack([aspect.vector for aspect in self.aspects])
        found: list[tuple[Modality, Vectors, Scores]] = []
        for modality in self.spaces:
            rows = [aspect.vector for aspect in self.aspects if aspect.liked and aspect.modality == modality]
            if rows:
                vectors = np.stack(rows)
                calibrated = self.calibrated(modality, (vectors @ probes.T).astype(np.float64))
                found.append((modality, vectors, (self.coefficients(calibrated) * calibrated).sum(axis=1)))
        return found

    def calibrated(self, modality: Modality, raw: Scores) -> Scores:
        """Cosines (n, aspects) as scales above the background of each aspect with ``modality``."""
        import numpy as np

        columns = [
            self.backgrounds[aspect.modality, modality].calibrate(raw[:, place])
            for place, aspect in enumerate(self.aspects)
        ]
        return np.stack(columns, axis=1)

    def coefficients(self, calibrated: Scores) -> NDArray[np.float64]:
        """With what weight (n, aspects) each aspect's calibrated score enters an item's."""
        import numpy as np

        weights = np.array([aspect.weight for aspect in self.aspects])
        owner = np.array([aspect.example for aspect in self.aspects])
        found = np.zeros(calibrated.shape)
        for liked in (True, False):
            examples = sorted({aspect.example for aspect in self.aspects if aspect.liked is liked})
            if not examples:
                continue
            says = np.stack([(calibrated * weights)[:, owner == one].sum(axis=1) for one in examples], axis=1)
            share = np.eye(len(examples))[says.argmax(axis=1)]  # the one that says most, by the lower number
            if liked and self.method == "average":
                share = (1.0 / len(examples) + LIKELIEST * share) / (1.0 + LIKELIEST)
            if not liked:
                share = np.where(says > 0, -DISLIKE_WEIGHT * share, 0.0)
            for place, one in enumerate(examples):
                found[:, owner == one] = share[:, place, None] * weights[owner == one]
        return found

    def roughly(self, modality: Modality, ids: Ids) -> Scores:
        """Scores (n,) of items, right to ``ROUGH``."""
        import numpy as np

        probes = np.stack([aspect.vector for aspect in self.aspects])
        calibrated = self.calibrated(modality, self.spaces[modality].roughly(probes, ids))
        return np.asarray((self.coefficients(calibrated) * calibrated).sum(axis=1))

    def exactly(self, modality: Modality, ids: Ids) -> list[Recommended]:
        """Items with their scores and what makes them, the same to the last bit whatever else is scored."""
        import numpy as np

        probes = np.stack([aspect.vector for aspect in self.aspects])
        raw = self.spaces[modality].exactly(probes, ids)
        calibrated = self.calibrated(modality, raw)
        weights = self.coefficients(calibrated)
        parts = on_grid(weights * calibrated)
        liked = np.array([aspect.liked for aspect in self.aspects])
        surprise = np.stack(
            [
                -self.backgrounds[aspect.modality, modality].log_survival(raw[:, place]) / math.log(10.0)
                for place, aspect in enumerate(self.aspects)
            ],
            axis=1,
        )[:, liked].max(axis=1)
        encoder = self.index.encoders[0].name
        documents = self.index.documents.of(ids)
        return [
            Recommended(
                item, int(documents[row]), modality, float(parts[row].sum()), raw[row], parts[row], weights[row],
                float(surprise[row]), self.aspects,
                tuple(self.backgrounds[aspect.modality, modality] for aspect in self.aspects), encoder,
            )
            for row, item in enumerate(ids.tolist())
        ]  # fmt: skip


def _aspects(
    index: SearchIndex,
    encoder: Encoder,
    known: Mapping[Modality, Space],
    example: Example,
    number: int,
    *,
    liked: bool,
) -> list[Aspect]:
    """The picture and the texts of one example. With weights of Euclidean length 1 they say no more than one would."""
    import numpy as np

    vectors: dict[Modality, Vector] = {}
    for modality, space in known.items():
        ids = np.array(
            sorted(item.item_id for item in example.items if item.modality == modality), dtype=np.int64
        )
        ids = common(ids, space.index.ids)
        if ids.size:
            mean = space.centered(space.index.vectors(ids)).mean(axis=0)
            vectors[modality] = np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), dtype=np.float32)
    if not example.items and "image" in known:
        vectors["image"] = known["image"].centered(_outside(index, encoder, example.picture)[None])[0]
    weight = len(vectors) ** -0.5 if vectors else 0.0
    return [
        Aspect(number, example.label, modality, vector, weight, liked) for modality, vector in vectors.items()
    ]


def _outside(index: SearchIndex, encoder: Encoder, picture: Any) -> Vector:
    import numpy as np

    if not isinstance(picture, np.ndarray):
        return index.picture_vector(encoder, picture)
    length = float(np.linalg.norm(picture))
    if picture.shape != (encoder.dimension,) or not length > 0:
        raise UsageError(f"a vector for {encoder.name} has shape ({encoder.dimension},), not {picture.shape}")
    return np.asarray(picture / length, dtype=np.float32)


def _listed(
    scorer: _Scorer, candidates: Mapping[Modality, Ids], count: int, *, collapse: bool
) -> tuple[list[Recommended], int, bool]:
    """The ``count`` best documents, without copies of better ones if they are to ``collapse``; how many there are in
    all, and whether that is exact or still holds copies that were not looked at."""
    import numpy as np

    every = _count(scorer.index, candidates)
    if not collapse:
        return _ranked(scorer, candidates, count), every, True
    top = count + SPARE
    while True:
        found = _ranked(scorer, candidates, top)
        complete = len(found) < top
        documents = np.array([one.document_id for one in found], dtype=np.int64)
        kept = distinct(documents, np.ones(documents.size, dtype=bool), scorer.index)
        if complete or kept.places.size >= count:
            break
        top *= 2
    shown = zip(kept.places[:count].tolist(), kept.copies.tolist(), strict=False)
    left = [replace(found[place], copies=copies) for place, copies in shown]
    return left, every - int(kept.copies.sum()), complete


def _ranked(scorer: _Scorer, candidates: Mapping[Modality, Ids], top: int) -> list[Recommended]:
    """The ``top`` documents by (-score, item id), each as its best item."""
    if scorer.method == "per-document":
        return _in_turn(scorer, candidates, top)
    import numpy as np

    ids = _concatenated(list(candidates.values()))
    if not ids.size:
        return []
    rough = np.concatenate([scorer.roughly(modality, items) for modality, items in candidates.items()])
    _, owner = np.unique(scorer.index.documents.of(ids), return_inverse=True)
    best = np.full(int(owner.max()) + 1, -np.inf)
    np.maximum.at(best, owner, rough)
    least = -np.inf if top >= best.size else float(np.partition(best, best.size - top)[best.size - top])
    hopeful = ids[rough >= least - 2.0 * ROUGH]
    scored = [
        item
        for modality, items in candidates.items()
        for item in scorer.exactly(modality, common(items, np.sort(hopeful)))
    ]
    found: dict[int, Recommended] = {}
    for item in sorted(scored, key=lambda one: (-one.score, one.item_id)):
        found.setdefault(item.document_id, item)
    return list(found.values())[:top]


def _in_turn(scorer: _Scorer, candidates: Mapping[Modality, Ids], top: int) -> list[Recommended]:
    """The examples take turns, in the order given; each adds the best that is not there yet."""
    examples = sorted({aspect.example for aspect in scorer.aspects if aspect.liked})
    queues = [iter(_ranked(scorer.ranked_alone(one), candidates, top)) for one in examples]
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
    import numpy as np

    return np.concatenate([np.empty(0, dtype=np.int64), *several])


def _count(index: SearchIndex, candidates: Mapping[Modality, Ids]) -> int:
    import numpy as np

    return int(np.unique(index.documents.of(_concatenated(list(candidates.values())))).size)
