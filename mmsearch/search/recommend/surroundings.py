"""An item is recommended for what it is like, and for what the things are like that it is like itself.

Three examples say little of a taste, and one item's likeness to them is noisy. But of items of one kind many are
among the best, and they are like each other, while what came among them by chance has its like further down. So the
mean score of an item's nearest neighbors counts beside its own (one step of diffusion over the graph of neighbors:
Zhou et al., "Ranking on data manifolds", NIPS 2003; Donoser and Bischof, CVPR 2013, doi:10.1109/CVPR.2013.174).

The graph is that of the best items and the liked examples alone, so that its cost does not grow with the index.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.ranking.fusion import on_grid
from mmsearch.search.recommend.diversity import item_vectors, likenesses_among, weakened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mmsearch.search.calibration.background import Background
    from mmsearch.search.recommend.hits import Recommended
    from mmsearch.search.recommend.space import Space
    from mmsearch.types import Modality, Scores, Vectors

# The best items that are ranked anew: a fixed number, so that the first 10 of 100 are the answer for 10. How many
# neighbors of each count, and their share in the score: of 100, 200 and 500, 5, 10 and 20, 1/2, 2/3 and 4/5, chosen on
# products and clothing (docs/log.md).
POOL = 200
NEIGHBORS = 10
SHARE = 2.0 / 3.0


def by_surroundings(
    best: Sequence[Recommended],
    liked: Sequence[tuple[Modality, Vectors, Scores]],
    spaces: Mapping[Modality, Space],
    backgrounds: Mapping[tuple[Modality, Modality], Background],
) -> list[Recommended]:
    """``best`` (at most ``POOL``) ranked by (-score, place) with the scores of what they are like.

    ``liked``: centered vectors (n, dimension) of examples by modality, with their own scores (n,): neighbors too.
    """
    if len(best) < 2:
        return list(best)
    own = np.array([one.score for one in best])
    scores = np.concatenate([own, *(told for _, _, told in liked)])
    vectors = np.concatenate([item_vectors(best, spaces), *(rows for _, rows, _ in liked)])
    kinds = [one.modality for one in best]
    kinds += [modality for modality, _, told in liked for _ in range(told.size)]
    _, likenesses = likenesses_among(vectors, kinds, backgrounds)
    # what is said of an item by itself is its own score already
    np.fill_diagonal(likenesses, -np.inf)
    likenesses = likenesses[: len(best)]
    count = min(NEIGHBORS, scores.size - 1)
    nearest = np.argsort(-likenesses, axis=1, kind="stable")[:, :count]
    weights = np.maximum(np.take_along_axis(likenesses, nearest, axis=1), 1e-6)
    means = (weights * scores[nearest]).sum(axis=1) / weights.sum(axis=1)
    found: list[Recommended] = []
    for one, mean in zip(best, means.tolist(), strict=True):
        less = replace(
            weakened(one, 1.0 - SHARE), around=(mean, SHARE, float(on_grid(np.array(SHARE * mean))))
        )
        found.append(replace(less, score=less.told))
    return sorted(found, key=lambda one: (-one.score, one.place))
