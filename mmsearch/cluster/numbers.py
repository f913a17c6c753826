"""Ids on a cluster: the number of the shard in the high bits, the id in that shard below; those of shard 0 are its own.

The highest of them are below 2**53, so that JSON's numbers hold them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from mmsearch.types import Ids

BITS = 40
MOST_SHARDS = 2**12
_OWN = 2**BITS - 1


def on_cluster(shard: int, ids: Ids) -> Ids:
    """The ids (n,) on the cluster of ids in a shard; what is negative, for none, stays so."""
    return np.where(ids < 0, ids, ids + (shard << BITS))


def one_on_cluster(shard: int, number: int) -> int:
    """The same of one id."""
    return number + (shard << BITS) if number >= 0 else number


def in_shard(ids: Ids) -> Ids:
    """The ids (n,) in their shards."""
    return np.asarray(ids & _OWN)


def shards_of(ids: Ids) -> Ids:
    """The shard of each of ``ids`` (n,)."""
    return np.asarray(ids >> BITS)


def of_shard(ids: Ids, shard: int) -> Ids:
    """Those of ``ids``, ascending, that are in ``shard``, as they are called there."""
    first, last = np.searchsorted(ids, [shard << BITS, (shard + 1) << BITS])
    return in_shard(ids[first:last])
