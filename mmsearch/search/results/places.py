"""Where documents are on the earth: near ones as one, so that a map can show them all."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from mmsearch.types import Ids, Scores

# The fields that indexing reads from EXIF, in degrees.
LATITUDE, LONGITUDE = "latitude", "longitude"
MOST_PLACES = 2_000
# Degrees within which two are one place, at first: a meter.
_FINEST = 1e-5


@dataclass(frozen=True, slots=True)
class Place:
    """``documents`` near ``latitude`` and ``longitude`` (degrees, their mean); ``item_id`` is the best of them."""

    latitude: float
    longitude: float
    documents: int
    item_id: int

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON's own values."""
        return asdict(self)


def merged(items: Ids, latitudes: Scores, longitudes: Scores, most: int = MOST_PLACES) -> tuple[Place, ...]:
    """At most ``most`` places of ``items`` (n,), best first, each at ``latitudes`` and ``longitudes`` (n,).

    What is nowhere on the earth is left out. Squares of degrees grow until they are few enough.
    """
    valid = (np.abs(latitudes) <= 90) & (np.abs(longitudes) <= 180)
    items, latitudes, longitudes = items[valid], latitudes[valid], longitudes[valid]
    if not items.size:
        return ()
    side = _FINEST
    while True:
        cells = np.stack([np.floor(latitudes / side), np.floor(longitudes / side)])
        _, first, owner, counts = np.unique(
            cells, axis=1, return_index=True, return_inverse=True, return_counts=True
        )
        if counts.size <= most:
            break
        side *= 2
    owner = owner.reshape(-1)
    means = [np.bincount(owner, values) / counts for values in (latitudes, longitudes)]
    return tuple(
        Place(
            round(float(means[0][n]), 6), round(float(means[1][n]), 6), int(counts[n]), int(items[first[n]])
        )
        for n in np.argsort(first, kind="stable")
    )
