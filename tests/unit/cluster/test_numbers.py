from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mmsearch.cluster.numbers import MOST_SHARDS, in_shard, of_shard, on_cluster, one_on_cluster, shards_of

ids = st.lists(st.integers(0, 2**40 - 1), unique=True, max_size=20).map(
    lambda some: np.array(sorted(some), np.int64)
)


@given(st.dictionaries(st.integers(0, MOST_SHARDS - 1), ids, max_size=4))
def test_ids_come_back_from_the_cluster(shards: dict[int, np.ndarray]) -> None:
    together = [on_cluster(number, own) for number, own in sorted(shards.items())]
    every = np.concatenate([np.empty(0, np.int64), *together])
    assert (np.diff(every) > 0).all()
    assert every.max(initial=0) < 2**53
    for number, own in shards.items():
        assert of_shard(every, number).tolist() == own.tolist()
        assert in_shard(on_cluster(number, own)).tolist() == own.tolist()
        assert set(shards_of(on_cluster(number, own)).tolist()) <= {number}


def test_no_item_stays_none() -> None:
    assert on_cluster(3, np.array([-1, 5])).tolist() == [-1, one_on_cluster(3, 5)]
    assert one_on_cluster(3, -1) == -1
    assert on_cluster(0, np.array([7])).tolist() == [7]
