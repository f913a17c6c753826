"""Maximal marginal relevance: good hits that are not all the same (Carbonell and Goldstein, SIGIR 1998,
doi:10.1145/290941.291025)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.ranking.fusion import on_grid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.search.calibration.background import Background
    from mmsearch.search.recommend.hits import Recommended
    from mmsearch.search.recommend.space import Space
    from mmsearch.types import Modality, Scores, Vectors


def diversified(
    found: Sequence[Recommended],
    spaces: Mapping[Modality, Space],
    backgrounds: Mapping[tuple[Modality, Modality], Background],
    diverse: float,
    k: int,
) -> list[Recommended]:
    """The ``k`` of ``found``, best first, that are good and unlike the ones before them.

    A score becomes (1 - diverse) x itself - diverse x the likeness, in scales, to the most similar better hit, where
    that is above the background. Ties go to the first in order.
    """
    if not found:
        return []
    cosines, likenesses = likenesses_among(
        item_vectors(found, spaces), [one.modality for one in found], backgrounds
    )
    taken = on_grid(diverse * np.maximum(likenesses, 0.0))
    found = [weakened(one, 1.0 - diverse) for one in found]
    own = np.array([one.told for one in found])
    ids = [one.item_id for one in found]
    places = np.array([one.place for one in found])
    most = np.zeros(len(found))
    nearest = np.full(len(found), -1)
    left = np.ones(len(found), dtype=bool)
    chosen: list[Recommended] = []
    while len(chosen) < min(k, len(found)):
        rows = np.flatnonzero(left)
        row = int(rows[np.lexsort((places[rows], -(own - most)[rows]))[0]])
        left[row] = False
        near = int(nearest[row])
        alike = None
        if near >= 0:
            background = backgrounds[found[near].modality, found[row].modality]
            alike = (ids[near], float(cosines[near, row]), background, float(most[row]))
        chosen.append(replace(found[row], score=float(own[row] - most[row]), alike=alike))
        closer = taken[row] > most
        most = np.where(closer, taken[row], most)
        nearest = np.where(closer, row, nearest)
    return chosen


def weakened(one: Recommended, share: float) -> Recommended:
    """``one`` with a ``share`` of all that makes its score."""
    around = one.around
    if around is not None:
        around = (around[0], share * around[1], float(on_grid(np.array(share * around[2]))))
    return replace(one, parts=on_grid(share * one.parts), weights=share * one.weights, around=around)


def item_vectors(found: Sequence[Recommended], spaces: Mapping[Modality, Space]) -> Vectors:
    """The centered vectors (n, dimension) of the items."""
    kinds = np.array([one.modality for one in found])
    ids = np.array([one.item_id for one in found], dtype=np.int64)
    made = {
        kind: spaces[kind].centered(spaces[kind].index.vectors(ids[kinds == kind]))
        for kind in set(kinds.tolist())
    }
    rows = np.empty((ids.size, next(iter(made.values())).shape[1]), dtype=np.float32)
    for kind, some in made.items():
        rows[kinds == kind] = some
    return rows


def likenesses_among(
    vectors: Vectors,
    modalities: Sequence[Modality],
    backgrounds: Mapping[tuple[Modality, Modality], Background],
) -> tuple[Scores, Scores]:
    """Cosines (n, n) of centered ``vectors`` (n, dimension) with each other, and the same in scales."""
    rows = vectors.astype(np.float64)
    cosines = rows @ rows.T
    likenesses = np.empty(cosines.shape)
    kinds = np.array(modalities)
    for one, other in {(a, b) for a in set(modalities) for b in set(modalities)}:
        block = np.ix_(kinds == one, kinds == other)
        likenesses[block] = backgrounds[one, other].scales(cosines[block])
    return cosines, likenesses
