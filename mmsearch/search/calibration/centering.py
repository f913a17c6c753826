"""What the vectors of one modality share: they lie in a cone, and its middle says nothing of any of them.

Without it unrelated vectors are at right angles, and one threshold serves every collection (arXiv 2601.18525).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mmsearch.types import Vectors

# The mean of so few items is as much about these items as about all of their kind: only half of it is taken off.
PRIOR_ITEMS = 30


def shared_mean(rows: Vectors) -> NDArray[np.float32]:
    """The mean (d,) of ``rows`` (n, d), one or more, as far as so few of them tell it."""
    mean = rows.mean(axis=0, dtype=np.float64) * (len(rows) / (len(rows) + PRIOR_ITEMS))
    return np.asarray(mean, dtype=np.float32)
