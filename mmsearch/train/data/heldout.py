"""Parts of captioned pictures that have nothing in common: what a model learned from one tells nothing of another.

Pictures that share a caption, or are the same file, go into the same part.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from mmsearch.search.duplicates.components import Components

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]

# A text that more pictures than this share ("a photo", a class name) tells none of them apart, and joins none.
COMMON = 0.05
FEW = 8  # pictures that may share a text, however few there are


def clusters(texts: Sequence[Sequence[str]]) -> Numbers:
    """A number per group of texts, equal for groups that share one, letters and digits alone compared.

    It is that of the first such group, so that it depends on nothing else.
    Sharing is joined transitively, but for texts that more than a twentieth of all groups have (and more than 8).
    """
    bare = [{" ".join(re.findall(r"\w+", text.lower())) for text in group} for group in texts]
    counts = Counter(text for group in bare for text in group)
    most = max(FEW, COMMON * len(texts))
    same = Components(len(texts))
    owner: dict[str, int] = {}
    for number, group in enumerate(bare):
        for text in group:
            if counts[text] <= most:
                same.join(number, owner.setdefault(text, number))
    return np.array(same.roots(), dtype=np.int64)


def parts(cluster: Numbers, shares: Sequence[float], seed: int) -> Numbers:
    """The part (n,) of each row: part p gets about ``shares[p]`` (summing to 1) of them, each cluster whole."""
    values, counts = np.unique(cluster, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(values))
    order = order[np.argsort(-counts[order], kind="stable")]  # large ones first, so that small ones even out
    missing = np.array(shares, dtype=np.float64) * len(cluster)
    part_of = np.empty(len(values), dtype=np.int64)
    for place in order:
        part_of[place] = part = int(missing.argmax())
        missing[part] -= counts[place]
    return part_of[np.searchsorted(values, cluster)]
