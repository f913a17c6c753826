"""Maximal marginal relevance: good hits that are not all the same (Carbonell and Goldstein, SIGIR 1998,
doi:10.1145/290941.291025)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mmsearch.search.fusion import on_grid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.search.background import Background
    from mmsearch.search.likeness import Space
    from mmsearch.search.recommended import Recommended
    from mmsearch.types import Modality, Scores


def diversified(
    found: Sequence[Recommended],
    spaces: Mapping[Modality, Space],
    backgrounds: Mapping[tuple[Modality, Modality], Background],
    diverse: float,
    k: int,
) -> list[Recommended]:
    """The ``k`` of ``found``, best first, that are good and unlike the ones before them.

    A score becomes (1 - diverse) x itself - diverse x the calibrated likeness to the most similar better hit, where
    that is above the background. Ties go to the lower item id.
    """
    import numpy as np

    if not found:
        return []
    cosines = _cosines(found, spaces)
    likenesses = np.empty(cosines.shape)
    kinds = np.array([one.modality for one in found])
    for one, other in {(a, b) for a in set(kinds.tolist()) for b in set(kinds.tolist())}:
        block = np.ix_(kinds == one, kinds == other)
        likenesses[block] = backgrounds[one, other].calibrate(cosines[block])
    taken = on_grid(diverse * np.maximum(likenesses, 0.0))
    parts = [on_grid((1.0 - diverse) * one.parts) for one in found]
    own = np.array([part.sum() for part in parts])
    ids = np.array([one.item_id for one in found])
    most = np.zeros(len(found))
    nearest = np.full(len(found), -1)
    left = np.ones(len(found), dtype=bool)
    chosen: list[Recommended] = []
    while len(chosen) < min(k, len(found)):
        rows = np.flatnonzero(left)
        row = int(rows[np.lexsort((ids[rows], -(own - most)[rows]))[0]])
        left[row] = False
        near = int(nearest[row])
        alike = None
        if near >= 0:
            background = backgrounds[found[near].modality, found[row].modality]
            alike = (int(ids[near]), float(cosines[near, row]), background, float(most[row]))
        chosen.append(replace(found[row], parts=parts[row], score=float(own[row] - most[row]), alike=alike))
        closer = taken[row] > most
        most = np.where(closer, taken[row], most)
        nearest = np.where(closer, row, nearest)
    return chosen


def _cosines(found: Sequence[Recommended], spaces: Mapping[Modality, Space]) -> Scores:
    """Centered cosines (n, n) of the items with each other."""
    import numpy as np

    rows = [
        spaces[one.modality].centered(spaces[one.modality].index.vectors(np.array([one.item_id])))[0]
        for one in found
    ]
    matrix = np.stack(rows).astype(np.float64)
    return np.asarray(matrix @ matrix.T)
